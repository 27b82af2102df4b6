package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
	"github.com/aggrun/aggrun/spec"
)

// dryRun prints what a worker would run. Equal specs give equal text, whatever
// language they are written in.
func dryRun(w io.Writer, cfg kafka.Config, plans []*pipeline.Plan) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "brokers\t%s\n", orNone(strings.Join(cfg.Brokers, ", ")))
	registries := map[string]string{spec.SourceRegistry: "", spec.SinkRegistry: ""}
	maps.Copy(registries, cfg.Registries)
	for _, name := range slices.Sorted(maps.Keys(registries)) {
		fmt.Fprintf(t, "registry %s\t%s\n", name, orNone(registries[name]))
	}
	for _, p := range plans {
		fmt.Fprintf(t, "\npipeline %s\n", p.Spec.Name)
		for _, line := range slices.Concat(reading(p, cfg), computing(p), writing(p)) {
			fmt.Fprintf(t, "  %s\t%s\n", line.name, line.text)
		}
	}
	return t.Flush()
}

// line is one fact about a plan.
type line struct{ name, text string }

func reading(p *pipeline.Plan, cfg kafka.Config) []line {
	src := p.Spec.Sources[0]
	lines := []line{
		{"description", firstLine(p.Spec.Description)},
		{"group", cfg.Group + "." + p.Spec.Name},
		{"topics", topics(src)},
		{"source registry", src.Registry},
		{"start", startText(p.Spec.Start, cfg.Start)},
		{"fields", fields(src)},
		{"renames", renames(src.Map)},
		{"event time", "the record's timestamp"},
	}
	return slices.DeleteFunc(lines, func(l line) bool { return l.text == "" })
}

func computing(p *pipeline.Plan) []line {
	s := p.Spec
	return []line{
		{"window", fmt.Sprintf("%v, tumbling, from the Unix epoch on", s.Window.Size)},
		{"grace", s.Window.Grace.String()},
		{"idle", off(s.Idle, "off: silent partitions are waited for")},
		{"operations", strings.Join(s.Operations, ", ")},
		{"accumulators", accumulators(p.Operations)},
		{"small samples", fmt.Sprintf("under %d values: %s", s.MinSample, s.SmallSample)},
		{"late records", string(s.Late)},
		{"bad records", string(s.OnError)},
		{"max_future", s.MaxFuture.String()},
		{"max_replay", fmt.Sprintf("%d records", s.MaxReplay)},
		{"fingerprint", fingerprint(p.Fingerprint)},
	}
}

func writing(p *pipeline.Plan) []line {
	sink := p.Spec.Sink
	return []line{
		{"sink topics", sink.Topic},
		{"made with", made(sink)},
		{"record", record(sink)},
		{"dead letters", p.DeadLetter()},
	}
}

func topics(src spec.Source) string {
	text := strings.Join(src.Topics, ", ")
	if src.Regex != "" {
		text = "regex " + src.Regex
	}
	if len(src.Exclude) > 0 {
		text += "; not " + strings.Join(src.Exclude, ", ")
	}
	return text
}

func startText(of spec.Start, flag *spec.Start) string {
	if flag != nil {
		of = *flag
	}
	switch of.Kind {
	case spec.StartTime:
		return of.Time.Format(time.RFC3339Nano)
	case spec.StartAgo:
		return fmt.Sprintf("%v before the start", of.Ago)
	}
	return string(of.Kind)
}

func fields(src spec.Source) string {
	text := "every numeric one but time, window_size and count"
	if len(src.Fields) > 0 {
		text = strings.Join(src.Fields, ", ")
	}
	if len(src.ExcludeFields) > 0 {
		text += "; not " + strings.Join(src.ExcludeFields, ", ")
	}
	return text
}

func renames(names map[string]string) string {
	var pairs []string
	for _, from := range slices.Sorted(maps.Keys(names)) {
		pairs = append(pairs, from+" to "+names[from])
	}
	return strings.Join(pairs, ", ")
}

// accumulators tells which operations read the same state.
func accumulators(operations []functions.Function) string {
	var order []functions.Kind
	readers := map[functions.Kind][]string{}
	for _, f := range operations {
		if _, ok := readers[f.Kind]; !ok {
			order = append(order, f.Kind)
		}
		readers[f.Kind] = append(readers[f.Kind], f.Name)
	}
	var texts []string
	for _, kind := range order {
		texts = append(texts, strings.Join(readers[kind], "+"))
	}
	return fmt.Sprintf("%d a field and window: %s", len(order), strings.Join(texts, ", "))
}

func made(sink spec.Sink) string {
	if !sink.Create {
		return "nothing: they must exist"
	}
	replication := "the broker's default replication"
	if sink.Replication > 0 {
		replication = fmt.Sprintf("replication %d", sink.Replication)
	}
	text := fmt.Sprintf("%d partitions, %s", sink.Partitions, replication)
	for _, key := range slices.Sorted(maps.Keys(sink.Config)) {
		text += fmt.Sprintf(", %s=%s", key, sink.Config[key])
	}
	return text
}

func record(sink spec.Sink) string {
	text := "time, window_size, count, <operation>_<field>"
	if sink.Namespace != "" {
		text += " in namespace " + sink.Namespace
	}
	if sink.Nulls == spec.NullsNaN {
		return text + "; a missing value is NaN"
	}
	return text + "; a missing value is null"
}

// fingerprint shortens a plan's to what tells two apart.
func fingerprint(f pipeline.Fingerprint) string {
	h := fnv.New64a()
	for _, aspect := range f {
		fmt.Fprintf(h, "%08x", aspect)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

func off(d time.Duration, zero string) string {
	if d == 0 {
		return zero
	}
	return d.String()
}

func orNone(text string) string {
	if text == "" {
		return "none given"
	}
	return text
}
