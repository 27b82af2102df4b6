package main

import (
	"testing"
	"time"
)

// A pipeline that reads another one's sink: its source topic holds results,
// described in the sink registry, with the ends of transactions in between.
func TestEndToEndChain(t *testing.T) {
	s := newStage(t)
	topic := s.history("mount", 1, "2", "--start", "2024-01-01T00:00:00Z", "--rate", "max", "--frequency", "20", "--max-messages", "2400")[0]
	spec := s.spec(`
pipelines:
  MY-seconds:
    source: MY-mount-000
    window: 1s
    operations: [mean, max]
    sink: {config: {retention.ms: -1}}
  MY-tens:
    source: {topics: [MY-mount-000-aggregated], registry: sink, fields: ["mean_*"]}
    window: 10s
    operations: [mean, min, count]
    sink: {topic: MY-tens, config: {retention.ms: -1}}
`)
	s.must("run", "-f", spec, "--until-end", "--only", s.Prefix+"seconds")
	s.must("run", "-f", spec, "--until-end", "--only", s.Prefix+"tens")
	samples := s.results(topic + "-aggregated")
	want := closed(windows(samples, 10*time.Second), samples, 10*time.Second, 0)
	if len(want) != 11 {
		t.Errorf("%d windows of 10 s are to be closed, want 11 of 120 s", len(want))
	}
	s.checkResults(s.Prefix+"tens", s.Prefix+"tens", want, 10*time.Second,
		map[string]string{"mean_value0": "mean_value0", "mean_value1": "mean_value1"}, []string{"mean", "min", "count"})
}

// results are a sink's records as samples of a source.
func (s *stage) results(sink string) []sample {
	s.t.Helper()
	source := *s
	source.SourceRegistry = s.SinkRegistry
	return source.samples(sink)
}
