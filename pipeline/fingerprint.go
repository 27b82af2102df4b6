package pipeline

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/spec"
)

// Fingerprint identifies what a pipeline computes: one hash for each aspect of
// the spec that changes an answer, so that a difference can be named. Topics,
// connections, sink settings and descriptions are no part of it.
type Fingerprint [len(aspects)]uint32

// aspects are the parts of a spec that change an answer. The order is stored in
// commits.
var aspects = [...]struct {
	name string
	text func(spec.Pipeline) string
}{
	{"where", bySource(func(s spec.Source) string { return s.Where })},
	{"derive", bySource(func(s spec.Source) string { return fmt.Sprintf("%q", s.Derive) })},
	{"map", bySource(func(s spec.Source) string { return sortedMap(s.Map) })},
	{"fields", bySource(func(s spec.Source) string { return fmt.Sprintf("%q %q", s.Fields, s.ExcludeFields) })},
	{"time", bySource(func(s spec.Source) string {
		if s.Time == nil {
			return ""
		}
		return fmt.Sprintf("%q %s", s.Time.Field, s.Time.Unit)
	})},
	{"group_by", func(p spec.Pipeline) string { return fmt.Sprintf("%q", p.GroupBy) }},
	{"window", func(p spec.Pipeline) string {
		return fmt.Sprint(p.Window.Size, cmp.Or(p.Window.Advance, p.Window.Size), p.Window.Offset)
	}},
	{"grace", func(p spec.Pipeline) string { return p.Window.Grace.String() }},
	{"operations", func(p spec.Pipeline) string { return fmt.Sprintf("%q", p.Operations) }},
	{"aggregates", func(p spec.Pipeline) string { return fmt.Sprintf("%q", p.Aggregates) }},
	{"min_sample_size or small_sample", func(p spec.Pipeline) string {
		return fmt.Sprint(p.MinSample, p.SmallSample)
	}},
	{"max_future", func(p spec.Pipeline) string { return p.MaxFuture.String() }},
	{"max_groups", func(p spec.Pipeline) string {
		if len(p.GroupBy) == 0 {
			return ""
		}
		return fmt.Sprint(p.MaxGroups)
	}},
	{"rollups", unbuilt},
	{"sink.topic: one for all topics, or one each", func(p spec.Pipeline) string {
		text := fmt.Sprint(strings.Contains(p.Sink.Topic, placeholder))
		if captures.MatchString(p.Sink.Topic) {
			text += p.Sink.Topic + bySource(func(s spec.Source) string { return s.Regex })(p)
		}
		return text
	}},
	{"shard or partitioner", func(p spec.Pipeline) string { return fmt.Sprint(p.Shard, p.Partitioner) }},
}

// bySource is the text of an aspect that each source has.
func bySource(text func(spec.Source) string) func(spec.Pipeline) string {
	return func(p spec.Pipeline) string {
		var all strings.Builder
		for _, s := range p.Sources {
			fmt.Fprintf(&all, "%q\n", text(s))
		}
		return all.String()
	}
}

// unbuilt is the text of an aspect that no spec can set yet.
func unbuilt(spec.Pipeline) string { return "" }

func fingerprint(p spec.Pipeline) (f Fingerprint) {
	for i, a := range aspects {
		h := fnv.New32a()
		h.Write([]byte(a.text(p)))
		f[i] = h.Sum32()
	}
	return f
}

// Changed names the aspects in which f and other differ.
func (f Fingerprint) Changed(other Fingerprint) []string {
	var names []string
	for i, a := range aspects {
		if f[i] != other[i] {
			names = append(names, a.name)
		}
	}
	return names
}

func sortedMap(m map[string]string) string {
	pairs := make([]string, 0, len(m))
	for k, v := range m {
		pairs = append(pairs, fmt.Sprintf("%q:%q", k, v))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}
