package pipeline

import "slices"

// This file says where shards stand: what waits for a commit, and what there is
// left to read. It is looked at again where something came, so that a step costs
// nothing for shards in which nothing happens.

// due is what waits in a shard, or in all that are here.
type due struct {
	ready   bool    // it may be part of a commit
	fresh   bool    // the beginning of a partition is not committed
	read    bool    // under --until-end, everything present at the start was applied, or waits with a stopped shard
	results int     // about
	shards  int     // that have some
	cells   int     // that their commit lets go of, about
	letters int     // dead letters
	stopped int     // shards
	halted  holding // by those
	newest  int64   // C, where something waits; results even where they are not ready; None
}

// holding is what open windows hold.
type holding struct {
	cells  int
	values int64 // that exact quantiles keep
}

// dues looks at a shard. One that is stopped has nothing that a commit is due for.
func (t *task) dues() due {
	if t.stopped != nil {
		return due{stopped: 1, halted: t.holds(), read: !slices.ContainsFunc(t.parts, func(p *part) bool { return p.stop == None }), newest: None}
	}
	d := due{ready: t.settled(), newest: None}
	results, cells := t.waits()
	if results > 0 {
		d.newest = t.closed
	}
	if !d.ready {
		return d
	}
	d.results, d.cells, d.read = results, cells, true
	for _, p := range t.parts {
		d.letters += len(p.dead)
		d.fresh = d.fresh || p.saved.offset == None
		d.read = d.read && p.stop != None && p.applied >= p.stop
	}
	if d.letters > 0 {
		d.newest = t.closed
	}
	return d
}

// settled tells that the shard is whole, and nothing of it has to be read again.
func (t *task) settled() bool {
	return t.known && t.whole() && !slices.ContainsFunc(t.parts, (*part).replaying)
}

// finished tells that all that was read is committed.
func (t *task) finished() bool {
	results, _ := t.waits()
	for _, p := range t.parts {
		if results > 0 || len(p.dead) > 0 || p.done != p.applied || p.saved.offset == None {
			return false
		}
	}
	return t.stopped == nil
}

// waits is about how many results wait for a commit, and how many cells it lets go
// of. No results are none, and no others are. A group counts as if it were in every
// partition: there are up to as many times as many results as there are partitions
// where each group is in one. Then the cells count.
func (t *task) waits() (results, cells int) {
	for _, p := range t.parts {
		r, c := p.waits(t.saved, t.closed, t.plan.windows)
		results, cells = max(results, r), cells+c
	}
	return results, cells
}

// waits is the same of the windows that end in (from, to], of one partition: each is
// taken to have as many groups as panes have in the mean. Windows are counted by the
// first and the last of them, but to no more than those of the panes that there are.
func (p *part) waits(from, to int64, w windows) (results, cells int) {
	if to == None || from != None && w.pane(from) == w.pane(to) {
		return 0, 0
	}
	to = w.pane(to)
	first := p.after(from, w)
	end, _ := p.search(to - w.advance + 1) // of the panes whose first window has ended
	if first >= end {
		return 0, 0
	}
	over, _ := p.search(to - w.size + 1) // those below: their last one, too
	span := uint64(min(to, w.last(p.open[end-1].start))) - uint64(w.next(p.open[first].start, from))
	ends := min(span/uint64(w.advance)+1, uint64(end-first)*uint64(w.size/w.advance))
	groups := p.held / len(p.open)
	return int(ends) * groups, max(over-first, 0) * groups
}

// sum adds the shards up.
func (w *Worker) sum() {
	all := due{read: true, newest: None}
	for _, t := range w.order {
		d := &t.due
		all.fresh = all.fresh || d.fresh
		all.read = all.read && (d.read || t.need == 0)
		all.results += d.results
		if d.results > 0 {
			all.shards++
		}
		all.cells += d.cells
		all.letters += d.letters
		all.stopped += d.stopped
		all.halted.cells += d.halted.cells
		all.halted.values += d.halted.values
		all.newest = max(all.newest, d.newest)
	}
	w.due, w.cells.halted = all, all.halted
}

// holds is what the shard's open windows hold.
func (t *task) holds() (h holding) {
	for _, p := range t.parts {
		h.cells += p.held
		for _, pn := range p.open {
			for _, c := range pn.cells {
				h.values += c.samples()
			}
		}
	}
	return h
}

// reassigned takes a change of the assignment to the shards.
func (w *Worker) reassigned() {
	for _, t := range w.order {
		t.need, t.owned, t.touched = w.need[t.shard], w.owned[t.shard], true
	}
	w.lacking = false
	for shard := range w.need {
		w.lacking = w.lacking || w.tasks[shard] == nil && w.owned[shard] > 0
	}
}

// split tells that another member owns part of the shard, or nobody does.
func (t *task) split() bool { return t.owned != t.need }

// whole tells that every partition of the shard is here and taken up.
func (t *task) whole() bool {
	return t.need > 0 && len(t.parts) == t.need && !t.split()
}
