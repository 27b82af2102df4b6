package pipeline

import "slices"

// This file closes windows: which ones, what they hold, and what is let go of.

// results builds the records of windows that closed, in order of their end and
// group, until there are so many: a window is not divided. The commit that holds
// them closes through t.through, and the rest waits for the next. It leaves the
// windows as they are: an aborted commit asks again.
func (t *task) results(most int) []Result {
	var rs []Result
	t.through = t.closed
	before := t.saved
	for _, end := range t.closing() {
		if len(rs) >= most {
			t.through = before
			break
		}
		rs = append(rs, t.window(end)...)
		before = end
	}
	return rs
}

// closing are the ends of the windows that closed and hold a record, ascending.
func (t *task) closing() []int64 {
	var ends []int64
	t.eachClosed(func(_ *pane, end int64) { ends = append(ends, end) })
	slices.Sort(ends)
	return slices.Compact(ends)
}

// count is how many results wait: exact where no group is in several partitions
// or panes, and no less.
func (t *task) count() int {
	n := 0
	t.eachClosed(func(p *pane, _ int64) { n += p.size() })
	return n
}

// eachClosed calls f for each open pane and each of its windows that closed and is
// not decided.
func (t *task) eachClosed(f func(p *pane, end int64)) {
	w := t.plan.windows
	for _, p := range t.parts {
		for _, pn := range p.open {
			end := w.first(pn.start)
			if end > t.closed {
				break
			}
			if t.saved != None && end <= t.saved {
				end = w.undecided(t.saved) + w.size
			}
			for ; end <= min(t.closed, w.last(pn.start)); end += w.advance {
				f(pn, end)
			}
		}
	}
}

// window gives the results of the window that ends at end, by group.
func (t *task) window(end int64) []Result {
	shares := map[groupID][]share{}
	start := end - t.plan.size
	for _, p := range t.parts {
		for _, pn := range p.open {
			if pn.start >= start && pn.start < end {
				pn.each(func(id groupID, c *cell) { shares[id] = append(shares[id], share{p.source, c}) })
			}
		}
	}
	ids := make([]groupID, 0, len(shares))
	for id := range shares {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	rs := make([]Result, len(ids))
	for i, id := range ids {
		rs[i] = t.result(start, end, id, shares[id])
	}
	return rs
}

func (t *task) result(start, end int64, id groupID, shares []share) Result {
	cs := t.cells
	sum := cs.sum(shares)
	r := Result{Sink: t.sink, Start: start, End: end, Count: sum.count, Group: id.values(), Fields: make([][]float64, len(t.fields))}
	for s, fields := range t.fields {
		r.Fields[s] = cs.operations(sum, s, fields)
	}
	r.Aggregates = cs.outcomes.of(sum.count, sum.inputs)
	if r.Key = t.key(); id != "" {
		r.Key = string(GroupKey(r.Group))
	}
	return r
}

// key is the record key of results without a group: their source topic, or the
// pipeline where the shard has several.
func (t *task) key() string {
	if t.plan.oneSink() {
		return t.plan.Spec.Name
	}
	return t.parts[0].id.Topic
}

// forget drops the panes whose windows are all decided.
func (t *task) forget() {
	for _, p := range t.parts {
		n := 0
		for n < len(p.open) && t.plan.last(p.open[n].start) <= t.saved {
			t.cells.release(p.source, p.open[n])
			n++
		}
		p.open = slices.Delete(p.open, 0, n)
	}
	t.full = t.count()
}
