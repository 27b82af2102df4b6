package pipeline

import "slices"

// This file closes windows: which ones, what they hold, and what is let go of.

// closer is room for what the windows of a commit come to: all of it is used again
// by the next.
type closer struct {
	plan     *Plan
	total    total // of one window and group
	empty    state // no value
	outcomes *outcomes
	ends     []int64
	sorter   sorter

	results []Result
	fields  [][]float64
	values  []float64
}

func newCloser(plan *Plan) closer {
	return closer{
		plan: plan, total: newTotal(plan), outcomes: newOutcomes(plan),
		empty: plan.newStates(len(plan.inputs), len(plan.inputs)+1, 1)[0],
	}
}

// begin forgets the results of the commit before.
func (c *closer) begin() {
	c.results, c.fields, c.values = c.results[:0], c.fields[:0], c.values[:0]
}

// results builds the records of windows that closed, in order of their end and
// group, until there are so many: a window is not divided. The commit that holds
// them closes through t.through, and the rest waits for the next. It leaves the
// windows as they are: an aborted commit asks again. What it gives is good until
// the closer begins anew.
func (t *task) results(most int) []Result {
	c := &t.cells.closer
	from := len(c.results)
	t.through = t.reach()
	before := t.saved
	for _, end := range t.closing() {
		if len(c.results)-from >= most {
			t.through = before
			break
		}
		t.window(end)
		before = end
	}
	return c.results[from:]
}

// reach is the C of a commit that holds all that closed: the end of the last window
// that did, had it a record or not, and no less than what is committed. Between that
// and t.closed no window ends: a version with other windows that takes over has to
// have those that end there, since their records are in none that is decided.
func (t *task) reach() int64 {
	if t.closed == None {
		return t.saved
	}
	return max(t.saved, t.plan.pane(t.closed))
}

// closing are the ends of the windows that closed and hold a record, ascending.
func (t *task) closing() []int64 {
	w, ends := t.plan.windows, t.cells.closer.ends[:0]
	for _, p := range t.parts {
		from := t.saved
		for _, pn := range p.open[p.after(from, w):] {
			if w.first(pn.start) > t.closed {
				break
			}
			for end := w.next(pn.start, from); end <= min(t.closed, w.last(pn.start)); end += w.advance {
				ends = append(ends, end)
				from = end
			}
		}
	}
	slices.Sort(ends)
	t.cells.closer.ends = ends
	return slices.Compact(ends)
}

// window adds the results of the window that ends at end, by group.
func (t *task) window(end int64) {
	s, start := &t.cells.closer.sorter, end-t.plan.size
	s.begin()
	for _, p := range t.parts {
		i, _ := p.search(start)
		for _, pn := range p.open[i:] {
			if pn.start >= end {
				break
			}
			for _, c := range pn.byGroup() {
				s.shares = append(s.shares, share{p.source, c})
			}
			s.runs = append(s.runs, len(s.shares))
		}
	}
	for shares := s.sorted(); len(shares) > 0; {
		n := 1
		for n < len(shares) && shares[n].cell.compare(shares[0].cell) == 0 {
			n++
		}
		t.result(start, end, shares[:n])
		shares = shares[n:]
	}
}

// result adds the result of one group of a window.
func (t *task) result(start, end int64, shares []share) {
	c := &t.cells.closer
	c.total.of(t.plan, shares)
	r := Result{Sink: t.sink, Key: t.key(), Start: start, End: end, Count: c.total.count}
	if g := shares[0].cell.group; g != nil {
		r.Group, r.Key = g.name()
	}
	from := len(c.fields)
	for s, fields := range t.fields {
		c.fields = append(c.fields, c.operations(s, fields))
	}
	r.Fields = slices.Clip(c.fields[from:])
	r.Aggregates = c.aggregates()
	c.results = append(c.results, r)
}

// operations gives the operations of a source's fields. What the window lacks has
// no value.
func (c *closer) operations(source int, fields []Field) []float64 {
	from := len(c.values)
	for i := range fields {
		s := c.total.state(source, &fields[i])
		if s == nil {
			s = &c.empty
		}
		for op := range c.plan.Operations {
			c.values = append(c.values, c.plan.value(s, op))
		}
	}
	return slices.Clip(c.values[from:])
}

func (c *closer) aggregates() []float64 {
	from := len(c.values)
	c.values = c.outcomes.appendTo(c.values, c.total.count, c.total.inputs)
	return slices.Clip(c.values[from:])
}

// Empty are the operations of a field without a value.
func (p *Plan) Empty() []float64 {
	c := newCloser(p)
	c.total.inputs = c.total.shared
	return c.operations(0, []Field{{Input: len(p.inputs)}})
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
			p.held -= len(p.open[n].cells)
			t.cells.release(p.source, p.open[n])
			n++
		}
		p.open = slices.Delete(p.open, 0, n)
	}
}
