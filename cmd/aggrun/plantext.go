package main

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// This file puts the parts of a plan into words.

// oneLine is the expression without its line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func eventTime(field *spec.TimeField) string {
	if field == nil {
		return "the record's timestamp"
	}
	return fmt.Sprintf("field %s; a number is in %s", field.Field, field.Unit)
}

func window(w spec.Window) string {
	kind := "tumbling"
	if w.Advance < w.Size {
		kind = fmt.Sprintf("one every %v", w.Advance)
	}
	if w.Offset > 0 {
		return fmt.Sprintf("%v, %s, from %v after the Unix epoch on", w.Size, kind, w.Offset)
	}
	return fmt.Sprintf("%v, %s, from the Unix epoch on", w.Size, kind)
}

// pane is what accumulators are kept for: the windows, or the pieces of them that
// do not overlap.
func pane(w spec.Window) string {
	if w.Advance < w.Size {
		return fmt.Sprintf("pane of %v", w.Advance)
	}
	return "window"
}

func shard(s spec.Pipeline) string {
	if s.Shard != spec.ShardPartition {
		return "a sink topic, with all partitions that lead to it"
	}
	if s.Partitioner != "" {
		return fmt.Sprintf("one partition; keys are in that of %s", s.Partitioner)
	}
	return "one partition"
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

func fields(p *pipeline.Plan, src spec.Source) string {
	text := "every numeric one but time, window_size and count"
	if len(p.Spec.GroupBy) > 0 || src.Time != nil {
		text += ", and those of group_by and time"
	}
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

func record(p *pipeline.Plan) string {
	sink, names := p.Spec.Sink, []string{"time", "window_size", "count"}
	if out, err := p.Output(nil); err == nil {
		for _, g := range out.Group {
			names = append(names, g.Name)
		}
	}
	if len(p.Operations) > 0 {
		names = append(names, "<operation>_<field>")
	}
	for _, a := range p.Spec.Aggregates {
		names = append(names, a.Name)
	}
	text := strings.Join(names, ", ")
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
