package simulation

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// This file draws what a spec says beyond operations of tumbling windows: hops,
// several sources, groups, event time of a field, expressions. It has dice of its
// own, so that the schedules without any of it are what they would be otherwise.

// language is what a schedule's spec says beyond operations.
type language struct {
	dice    dice
	on      bool
	values  []int    // of the column g, in keys
	null    int      // percent of records that lack it
	byKey   bool     // every record key is of one partition
	derived []string // names
	results int      // that one commit takes, about; 0 is more than there are
}

func (s *script) drawLanguage(d dice) {
	s.language.dice = d
	if d.chance(35) {
		return
	}
	s.language.on = true
	s.drawHops(d)
	if d.chance(30) {
		s.drawSecondSource(d)
	}
	for i := range s.spec.Sources {
		if d.chance(20) {
			s.spec.Sources[i].Time = &spec.TimeField{Field: "at", Unit: spec.Nanoseconds}
		}
	}
	s.drawExpressions(d)
	if d.chance(65) {
		s.drawGroups(d)
	}
	if d.chance(30) {
		s.language.results = 1 + d.IntN(8)
	}
}

// drawSecondSource adds topics of other fields, to be aggregated with those of the
// first source or apart.
func (s *script) drawSecondSource(d dice) {
	p := &s.spec
	p.Sources = append(p.Sources, spec.Source{
		Path: "sources[1]", Topics: []string{"u*"},
		Map: map[string]string{"a": "c", "b": "d", "k": "g"},
	})
	if d.chance(35) {
		p.Sink.Topic = capturedSink
		for i, first := range []string{"t", "u"} {
			p.Sources[i].Topics, p.Sources[i].Regex = nil, first+"([0-9])"
		}
	}
}

// topic names the topic of a number: with two sources they take turns.
func (s *script) topic(i int) string {
	switch {
	case len(s.spec.Sources) == 1, i%2 == 0 && s.spec.Sink.Topic != capturedSink:
		return fmt.Sprintf("t%d", i)
	case s.spec.Sink.Topic != capturedSink:
		return fmt.Sprintf("u%d", i)
	}
	return fmt.Sprintf("%c%d", "tu"[i%2], i/2)
}

// drawHops lets windows overlap, or begin elsewhere.
func (s *script) drawHops(d dice) {
	w := &s.spec.Window
	if d.chance(55) {
		w.Advance = pick(d, 300*time.Millisecond, 500*time.Millisecond, time.Second)
		w.Size = w.Advance * time.Duration(2+d.IntN(4))
		w.Grace = pick(d, 0, w.Advance/2, w.Advance, w.Size)
	}
	if d.chance(40) {
		w.Offset = time.Duration(d.between(1, s.advance()))
	}
}

// drawGroups groups by one or two values, and may make each partition a shard.
func (s *script) drawGroups(d dice) {
	p, l := &s.spec, &s.language
	p.GroupBy = s.drawParts(d)
	if len(p.Sources) == 1 && d.chance(30) {
		s.shardByPartition(d)
	}
	l.null = pick(d, 0, 15)
	l.values = d.Perm(len(keys) - 1)
	if d.chance(60) {
		l.values = l.values[:2+d.IntN(3)]
	}
	if d.chance(45) {
		p.MaxGroups = 1 + d.IntN(4)
	}
}

func (s *script) drawParts(d dice) []string {
	pool := []string{"g", "g", "g", "h", "$key", "$topic", "$partition"}
	if len(s.spec.Sources) == 1 {
		pool = append(pool, s.language.derived...)
	}
	parts := []string{pick(d, pool...)}
	if second := pick(d, pool...); d.chance(40) && second != parts[0] {
		parts = append(parts, second)
	}
	return parts
}

func (s *script) shardByPartition(d dice) {
	p := &s.spec
	p.Shard = spec.ShardPartition
	var must []string
	if s.language.byKey = d.chance(35); s.language.byKey {
		p.Partitioner = spec.Murmur2
		must = append(must, "$key")
	} else {
		must = append(must, "$partition")
	}
	if p.Sink.Topic == oneSink {
		must = append(must, "$topic")
	}
	for _, part := range must {
		if !slices.Contains(p.GroupBy, part) {
			p.GroupBy = append(p.GroupBy, part)
		}
	}
}

// advance is from the start of a window to that of the next, ns.
func (s *script) advance() int64 {
	if w := s.spec.Window; w.Advance > 0 {
		return int64(w.Advance)
	}
	return int64(s.spec.Window.Size)
}

// of is the source of the spec that a topic belongs to.
func (s *script) of(topic string) int {
	if topic[0] == 'u' {
		return 1
	}
	return 0
}

// timed tells that a field holds the event time of a topic's records.
func (s *script) timed(topic string) bool { return s.spec.Sources[s.of(topic)].Time != nil }

// enrich gives an entry what only the language looks at.
func (p *producer) enrich(e *entry) {
	l := &p.s.language
	d := l.dice
	if !l.on {
		e.stamp = e.time
		return
	}
	e.x = float64(d.IntN(100))
	if d.chance(5) {
		e.x = nan
	}
	if n := len(l.values); n > 0 && !d.chance(l.null) {
		e.g = uint8(1 + l.values[d.IntN(n)])
	}
	e.h = uint8(d.IntN(4))
	e.key = p.key(d)
	if e.stamp = e.time; p.s.stamped(p.to.id.Topic) && e.what != control {
		e.stamp = e.at + d.between(-10*sec, 3*sec)
		if d.chance(3) { // as far ahead as it may be, or a little further
			e.stamp = e.time - int64(p.s.spec.MaxFuture) - d.between(0, 2)
		}
	}
}

// key is the record's key: "" for none.
func (p *producer) key(d dice) string {
	if p.s.language.byKey {
		return partitionKeys[p.to.id.ID][d.IntN(3)]
	}
	return recordKeys[d.IntN(len(recordKeys))]
}

var recordKeys = []string{"", "k0", "k1", "k2", `"quoted"`}

// partitionKeys are keys of one partition each.
var partitionKeys = func() (all [4][3]string) {
	for p := range all {
		for i := range all[p] {
			all[p][i] = fmt.Sprintf("p%d-%d", p, i)
		}
	}
	return all
}()

// key is a value to group by: as a source holds it, and as a result must. The
// first is null.
type key struct {
	value any
	id    string // type and value
	json  string
}

var keys = makeKeys()

func makeKeys() []key {
	all := []key{
		{nil, "", "null"},
		{int64(0), idInteger(0), "0"}, {int64(-3), idInteger(-3), "-3"},
		{int64(1)<<53 + 1, idInteger(1<<53 + 1), "9007199254740993"},
		{1.5, idNumber(1.5), "1.5"}, {math.Inf(1), idNumber(math.Inf(1)), `"+Inf"`},
		{true, "b\x01", "true"}, {false, "b\x00", "false"},
		{"", "t", `""`}, {"1", "t1", `"1"`}, {`a"b`, `ta"b`, `"a\"b"`}, {"né", "tné", `"né"`},
	}
	for i := range 14 {
		name := fmt.Sprintf("mount-%d", i)
		all = append(all, key{name, "t" + name, `"` + name + `"`})
	}
	return all
}

func idInteger(v int64) string {
	return "i" + string(binary.BigEndian.AppendUint64(nil, uint64(v)))
}

func idNumber(v float64) string {
	return "d" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}
