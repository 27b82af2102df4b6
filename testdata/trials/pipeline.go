package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var seven = []string{"min", "q1", "mean", "median", "stdev", "q3", "max"}

// pipeline is one spec of a trial. Two pipelines of a trial read the same topics in groups and into sinks of their own.
type pipeline struct {
	name       string // of the pipeline; its group is "trial.<name>"
	source     string // name or glob of source topics; "" is all those of the trial
	suffix     string // of the sink topics
	size       string // of its windows; "" is 1s
	operations []string
	grace      string
	idle       string
	path       string // of the file
	// URLs; "" is the stage's.
	sourceRegistry, sinkRegistry string
}

// group is the consumer group.
func (p *pipeline) group() string { return groupPrefix + "." + p.name }

func (p *pipeline) sink(topic string) string { return topic + p.suffix }

// producer is the transactional id of one of its workers.
func (p *pipeline) producer(instance string) string { return p.group() + "." + instance }

func (p *pipeline) sinks(topics []string) (sinks []string) {
	for _, topic := range topics {
		sinks = append(sinks, p.sink(topic))
	}
	return sinks
}

// write makes the spec file. Sink topics keep everything: a real broker removes records by their own timestamps.
func (s *stage) write(p *pipeline) error {
	p.path = filepath.Join(s.dir, p.name+".yaml")
	text := fmt.Sprintf(`kafka:
  brokers: ["%s"]
registries:
  source: %q
  sink: %q
pipelines:
  %s:
    source: %q
    window: {size: %s, grace: %s}
    idle: %s
    operations: [%s]
    sink:
      topic: "{topic}%s"
      config: {retention.ms: "-1"}
`, strings.ReplaceAll(s.brokers, ",", `", "`), cmp.Or(p.sourceRegistry, s.sourceRegistry), cmp.Or(p.sinkRegistry, s.sinkRegistry),
		p.name, cmp.Or(p.source, s.pattern()), cmp.Or(p.size, "1s"), p.grace, p.idle, strings.Join(p.operations, ", "), p.suffix)
	return os.WriteFile(p.path, []byte(text), 0o644)
}

// worker starts a long-running aggrun of the pipeline. One that has a point to fail at is of the build that can.
func (s *stage) worker(p *pipeline, h *holder) (*process, error) {
	args := []string{"run", "-f", p.path, "--group", groupPrefix}
	if h.instance != "" {
		args = append(args, "--instance", h.instance)
	}
	if h.listen != "" {
		args = append(args, "--listen", h.listen)
	}
	name := p.name + "-" + cmp.Or(h.instance, "unnamed")
	if h.point == "" {
		return s.aggrun(name, args...)
	}
	return s.startWith([]string{failVariable + "=" + h.point}, name, s.failing, args...)
}
