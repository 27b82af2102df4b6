package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
	"github.com/aggrun/aggrun/spec"
)

// dryRun prints what a worker would run. Equal specs give equal text, whatever
// language they are written in.
func dryRun(w io.Writer, cfg kafka.Config, plans []*pipeline.Plan) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "brokers\t%s%s\n", orNone(strings.Join(cfg.Brokers, ", ")), by(present(cfg.Cluster.String())))
	registries := map[string]string{spec.SourceRegistry: "", spec.SinkRegistry: ""}
	maps.Copy(registries, cfg.Registries)
	for _, name := range slices.Sorted(maps.Keys(registries)) {
		how := ""
		if r := cfg.Access[name]; r != nil {
			how = r.String()
		}
		fmt.Fprintf(t, "registry %s\t%s%s\n", name, orNone(registries[name]), by(present(how)))
	}
	for _, p := range plans {
		fmt.Fprintf(t, "\npipeline %s\n", p.Spec.Name)
		for _, line := range slices.Concat(reading(p, cfg), computing(p), writing(p)) {
			fmt.Fprintf(t, "  %s\t%s\n", line.name, line.text)
		}
	}
	return t.Flush()
}

// present is a list of the text, if there is one.
func present(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// line is one fact about a plan.
type line struct{ name, text string }

func reading(p *pipeline.Plan, cfg kafka.Config) []line {
	lines := []line{
		{"description", firstLine(p.Spec.Description)},
		{"group", cfg.Group + "." + p.Spec.Name},
		{"start", startText(p.Spec.Start, cfg.Start)},
	}
	for _, src := range p.Spec.Sources {
		name := "topics"
		if len(p.Spec.Sources) > 1 {
			name = src.Path
		}
		lines = append(lines, line{name, topics(src)})
		lines = append(lines, readingSource(p, src)...)
	}
	return slices.DeleteFunc(lines, func(l line) bool { return l.text == "" })
}

func readingSource(p *pipeline.Plan, src spec.Source) []line {
	lines := []line{
		{"source registry", src.Registry},
		{"event time", eventTime(src.Time)},
	}
	lines = append(lines, expressions(p, src.Path+".where", "where")...)
	if len(p.Operations) > 0 {
		lines = append(lines, line{"fields", fields(p, src)})
	}
	lines = append(lines, line{"renames", renames(src.Map)})
	return append(lines, expressions(p, src.Path+".derive.", "derive")...)
}

func computing(p *pipeline.Plan) []line {
	s := p.Spec
	lines := []line{
		{"window", window(s.Window)},
		{"grace", s.Window.Grace.String()},
		{"idle", off(s.Idle, "off: silent partitions are waited for")},
	}
	if len(s.GroupBy) > 0 {
		lines = append(lines,
			line{"group by", strings.Join(s.GroupBy, ", ")},
			line{"max_groups", fmt.Sprintf("%d a %s and partition", s.MaxGroups, pane(s.Window))})
	}
	if len(p.Operations) > 0 {
		lines = append(lines, line{"operations", strings.Join(s.Operations, ", ")})
	}
	lines = append(lines, expressions(p, "aggregates.", "aggregates")...)
	lines = append(lines, accumulators(p)...)
	if len(p.Operations) > 0 {
		lines = append(lines, line{"small samples", fmt.Sprintf("under %d values: %s", s.MinSample, s.SmallSample)})
	}
	return append(lines,
		line{"late records", string(s.Late)},
		line{"bad records", string(s.OnError)},
		line{"max_future", s.MaxFuture.String()},
		line{"max_replay", fmt.Sprintf("%d records", s.MaxReplay)},
		line{"shard", shard(s)},
		line{"fingerprint", fingerprint(p.Fingerprint)})
}

func writing(p *pipeline.Plan) []line {
	sink := p.Spec.Sink
	return []line{
		{"sink topics", sink.Topic},
		{"made with", made(sink)},
		{"record", record(p)},
		{"dead letters", p.DeadLetter()},
	}
}

// expressions are those under a path, a line each: what is written, and what
// evaluates it.
func expressions(p *pipeline.Plan, path, name string) (lines []line) {
	for _, e := range p.Expressions() {
		if rest, ok := strings.CutPrefix(e.Path, path); ok {
			text := oneLine(e.Text)
			if rest != "" {
				text = rest + " = " + text
			}
			lines = append(lines, line{name, text + "   (" + e.Backend + ")"})
			name = " "
		}
	}
	return lines
}

// accumulators tells what is kept in each window and group: for each field whose
// operations are computed, and for each argument of an aggregate. Functions that
// read the same state are joined by +.
func accumulators(p *pipeline.Plan) []line {
	of := pane(p.Spec.Window)
	if len(p.Spec.GroupBy) > 0 {
		of = "group and " + of
	}
	lines := []line{{"accumulators", "in each " + of + ", by partition:"}}
	if len(p.Operations) > 0 {
		kept := operated(p.Operations)
		lines = append(lines, line{" ", fmt.Sprintf("%d of each field: %s", len(kept), shared(kept))})
	}
	for _, a := range p.Accumulated() {
		lines = append(lines, line{" ", fmt.Sprintf("%d of %s%s: %s", len(a.Readers), oneLine(a.Of), by(a.Backends), shared(a.Readers))})
	}
	if len(lines) == 1 {
		lines[0].text += " the number of records alone"
	}
	return lines
}

// operated are the operations, those together that read the same state.
func operated(operations []functions.Function) (readers [][]string) {
	slot := map[functions.Kind]int{}
	for _, f := range operations {
		i, ok := slot[f.Kind]
		if !ok {
			i, slot[f.Kind] = len(readers), len(readers)
			readers = append(readers, nil)
		}
		readers[i] = append(readers[i], f.Name)
	}
	return readers
}

func shared(readers [][]string) string {
	var texts []string
	for _, names := range readers {
		texts = append(texts, strings.Join(names, "+"))
	}
	return strings.Join(texts, ", ")
}

// by is what evaluates an argument, "" for a field.
func by(backends []string) string {
	if len(backends) == 0 {
		return ""
	}
	return " (" + strings.Join(backends, ", ") + ")"
}
