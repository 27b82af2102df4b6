package pipeline

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
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

// effect is what a change of a spec does to what its older version has committed:
// the later ones are those of the earlier ones, and more.
type effect uint8

const (
	onNothing effect = iota
	onResults        // the same records are in the same windows
	onRecords        // other records may be, or in other windows
	onTimes          // records may have other event times
	onShards         // partitions may have other shards
)

// aspects are the parts of a spec that change an answer. The order is stored in
// commits. Operations are among those that change records: without any, fields are not
// decoded, and one that cannot be makes its record bad.
var aspects = [...]struct {
	name   string
	effect effect
	text   func(spec.Pipeline) string
}{
	{"where", onRecords, bySource(func(s spec.Source) string { return s.Where })},
	{"derive", onRecords, bySource(func(s spec.Source) string { return fmt.Sprintf("%q", s.Derive) })},
	{"map", onRecords, bySource(func(s spec.Source) string { return sortedMap(s.Map) })},
	{"fields", onRecords, bySource(func(s spec.Source) string { return fmt.Sprintf("%q %q", s.Fields, s.ExcludeFields) })},
	{"time", onTimes, bySource(func(s spec.Source) string {
		if s.Time == nil {
			return ""
		}
		return fmt.Sprintf("%q %s", s.Time.Field, s.Time.Unit)
	})},
	{"group_by", onRecords, func(p spec.Pipeline) string { return fmt.Sprintf("%q", p.GroupBy) }},
	{"window", onRecords, func(p spec.Pipeline) string {
		return fmt.Sprint(p.Window.Size, cmp.Or(p.Window.Advance, p.Window.Size), p.Window.Offset)
	}},
	{"grace", onResults, func(p spec.Pipeline) string { return p.Window.Grace.String() }},
	{"operations", onRecords, func(p spec.Pipeline) string { return fmt.Sprintf("%q", p.Operations) }},
	{"aggregates", onRecords, func(p spec.Pipeline) string { return fmt.Sprintf("%q", p.Aggregates) }},
	{"min_sample_size or small_sample", onResults, func(p spec.Pipeline) string {
		return fmt.Sprint(p.MinSample, p.SmallSample)
	}},
	{"max_future", onRecords, func(p spec.Pipeline) string { return p.MaxFuture.String() }},
	{"max_groups", onRecords, func(p spec.Pipeline) string {
		if len(p.GroupBy) == 0 {
			return ""
		}
		return fmt.Sprint(p.MaxGroups)
	}},
	{"rollups", onRecords, unbuilt},
	{"sink.topic: one for all topics, or one each", onShards, func(p spec.Pipeline) string {
		text := fmt.Sprint(strings.Contains(p.Sink.Topic, placeholder))
		if captures.MatchString(p.Sink.Topic) {
			text += p.Sink.Topic + bySource(func(s spec.Source) string { return s.Regex })(p)
		}
		return text
	}},
	{"shard or partitioner", onShards, func(p spec.Pipeline) string { return fmt.Sprint(p.Shard, p.Partitioner) }},
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

// effect is the largest of the changes from other to f.
func (f Fingerprint) effect(other Fingerprint) (e effect) {
	for i, a := range aspects {
		if f[i] != other[i] {
			e = max(e, a.effect)
		}
	}
	return e
}

// String is the fingerprint in hexadecimal digits, eight for each aspect.
func (f Fingerprint) String() string {
	var b []byte
	for _, h := range f {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	return hex.EncodeToString(b)
}

// ParseFingerprint reads what String gives. What another release of aggrun wrote may
// have fewer aspects, or more, which are left out.
func ParseFingerprint(text string) (f Fingerprint, err error) {
	b, err := hex.DecodeString(text)
	for i := range f {
		if 4*i+4 <= len(b) {
			f[i] = binary.BigEndian.Uint32(b[4*i:])
		}
	}
	return f, err
}

func sortedMap(m map[string]string) string {
	pairs := make([]string, 0, len(m))
	for k, v := range m {
		pairs = append(pairs, fmt.Sprintf("%q:%q", k, v))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}
