package simulation

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// window is one that is not decided.
type window struct {
	start   int64
	samples []sample
	first   map[int]int64 // offset of the first record, by index of its book
}

// window is the undecided window that starts at start.
func (l *ledger) window(start int64) *window {
	i, ok := slices.BinarySearchFunc(l.windows, start, func(w *window, s int64) int { return cmp.Compare(w.start, s) })
	if !ok {
		l.windows = slices.Insert(l.windows, i, &window{start: start, first: map[int]int64{}})
	}
	return l.windows[i]
}

// emit holds the results against the windows that C passes.
func (j *judge) emit(l *ledger, results []pipeline.Result, closed int64) {
	before := l.closed
	l.closed = closed
	if closed > before {
		l.covered = max(l.covered, j.s.pane(closed))
	}
	for _, r := range results {
		at := kept{l.sink, r.Start, r.End, joined(r.Group)}
		if l.visible[at] {
			j.violate("V1: %s: window %s, group %s was emitted before", l.sink, j.w.clockTime(r.Start), r.Key)
		}
		l.visible[at] = true
		if r.End != r.Start+j.size() || r.End > closed || r.End <= before || j.s.pane(r.Start) != r.Start {
			j.violate("%s: window [%s, %s) emitted at C %s, after %s", l.sink, j.w.clockTime(r.Start), j.w.clockTime(r.End), j.w.clockTime(closed), j.w.clockTime(before))
		}
	}
	for len(l.windows) > 0 && l.windows[0].start+j.size() <= closed {
		results = j.decide(l, l.windows[0], results)
		l.windows = l.windows[1:]
	}
	if len(results) > 0 {
		j.violate("%s: %d results of windows without records: %+v", l.sink, len(results), results)
	}
	for _, b := range l.books {
		for pane := range b.groups {
			if pane+j.size() <= closed {
				delete(b.groups, pane)
			}
		}
	}
}

// joined is what identifies the group of a result.
func joined(values []pipeline.GroupValue) string {
	group := ""
	for _, v := range values {
		group += string(binary.BigEndian.AppendUint32(nil, uint32(len(v)))) + string(v)
	}
	return group
}

// decide holds the results of a window, the first of those left, against its
// groups, in their order.
func (j *judge) decide(l *ledger, w *window, results []pipeline.Result) []pipeline.Result {
	slices.SortFunc(w.samples, sample.compare)
	for rest := w.samples; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].group == rest[0].group {
			n++
		}
		j.compare(l, w, rest[:n], results)
		rest, results = rest[n:], results[min(1, len(results)):]
	}
	j.noteWindow(w)
	return results
}

// compare holds one result against the samples of its group.
func (j *judge) compare(l *ledger, w *window, samples []sample, results []pipeline.Result) {
	s, group := j.s, samples[0].group
	if len(results) == 0 || results[0].Start != w.start || joined(results[0].Group) != group {
		j.violate("V1: %s: window %s, group %q was decided and not emitted, or not in its order", l.sink, j.w.clockTime(w.start), split(group))
		return
	}
	r := results[0]
	if key := s.key(l, group); r.Key != key {
		j.violate("%s: window %s has the key %s, should be %s", l.sink, j.w.clockTime(w.start), r.Key, key)
	}
	want := s.answerOf(samples)
	if r.Count != int64(len(samples)) || !want.same(r.Fields, r.Aggregates, len(s.spec.Operations)) {
		j.violate("V2: %s: window %s, group %s has count %d and %v %v, should be %d and %v", l.sink, j.w.clockTime(w.start), r.Key, r.Count, r.Fields, r.Aggregates, len(samples), want)
	}
	j.noteResult(w, samples)
	if j.w.kept != nil {
		j.w.kept[kept{l.sink, r.Start, r.End, group}] = want
	}
}

// key is the record key of a group's results.
func (s *script) key(l *ledger, group string) string {
	switch {
	case group != "":
		return inJSON(group)
	case s.spec.Sink.Topic != ownSink:
		return s.spec.Name
	}
	return l.books[0].id.Topic
}
