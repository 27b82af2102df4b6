package pipeline

import "slices"

// This file says where shards stand: what waits for a commit, and what there is
// left to read. It is looked at again where something came, so that a step costs
// nothing for shards in which nothing happens.

// due is what waits in a shard, or in all that are here.
type due struct {
	ready   bool  // it may be part of a commit
	fresh   bool  // the beginning of a partition is not committed
	read    bool  // under --until-end, everything present at the start was applied
	results int   // about
	letters int   // dead letters
	newest  int64 // C, where results wait for it, ready or not; None
}

// dues looks at a shard.
func (t *task) dues() due {
	d := due{ready: t.known && t.whole() && !slices.ContainsFunc(t.parts, (*part).replaying), newest: None}
	if t.full > 0 {
		d.newest = t.closed
	}
	if !d.ready {
		return d
	}
	d.results, d.read = t.full, true
	for _, p := range t.parts {
		d.letters += len(p.dead)
		d.fresh = d.fresh || p.saved.offset == None
		d.read = d.read && p.stop != None && p.applied >= p.stop
	}
	return d
}

// sum adds the shards up.
func (w *Worker) sum() {
	all := due{read: true, newest: None}
	for _, t := range w.order {
		d := &t.due
		all.fresh = all.fresh || d.fresh
		all.read = all.read && (d.read || t.need == 0)
		all.results += d.results
		all.letters += d.letters
		all.newest = max(all.newest, d.newest)
	}
	w.due = all
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
