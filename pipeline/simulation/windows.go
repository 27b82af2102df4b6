package simulation

import (
	"cmp"
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
	l.closed = closed
	for _, r := range results {
		if l.visible[r.Start] {
			j.violate("V1: %s: window %s was emitted before", l.sink, j.w.clockTime(r.Start))
		}
		l.visible[r.Start] = true
		if r.End != r.Start+j.size() || r.End > closed {
			j.violate("%s: window [%s, %s) emitted at C %s", l.sink, j.w.clockTime(r.Start), j.w.clockTime(r.End), j.w.clockTime(closed))
		}
	}
	for len(l.windows) > 0 && l.windows[0].start+j.size() <= closed {
		j.compare(l, l.windows[0], results)
		l.windows = l.windows[1:]
		results = results[min(1, len(results)):]
	}
	if len(results) > 0 {
		j.violate("%s: %d results of windows without records: %+v", l.sink, len(results), results)
	}
}

// compare holds one result, the first of those left, against its window.
func (j *judge) compare(l *ledger, w *window, results []pipeline.Result) {
	if len(results) == 0 || results[0].Start != w.start {
		j.violate("V1: %s: window %s was decided and not emitted", l.sink, j.w.clockTime(w.start))
		return
	}
	r := results[0]
	if len(w.first) > 1 {
		j.w.reached[pooled]++
	}
	if len(w.samples) < j.w.script.spec.MinSample {
		j.w.reached[smallSample]++
	}
	want := aggregate(&j.w.script.spec, w.samples)
	if r.Count != int64(len(w.samples)) || !same(r.Fields[0], want) {
		j.violate("V2: %s: window %s has count %d and %v, should be %d and %v", l.sink, j.w.clockTime(w.start), r.Count, r.Fields[0], len(w.samples), want)
	}
	if j.w.kept != nil {
		j.w.kept[kept{l.sink, r.Start}] = want
	}
}
