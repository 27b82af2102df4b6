package simulation

import (
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// This file is how a group loses its offsets, and its pipeline goes on after the
// results that the sinks have.

// drawLoss says when, if the group loses its offsets. Where several shards have one
// sink its results do not tell them apart.
func (s *script) drawLoss(d dice) {
	if d.chance(8) && s.spec.Shard != spec.ShardPartition {
		s.loss = s.t0 + d.between(5*sec, 30*sec)
	}
}

// lose takes the group's offsets, once there are results, and all processes down: who
// lives would go on.
func (w *world) lose() {
	if w.pending() || w.judge.results == 0 {
		if w.now < w.script.quiet {
			w.after(300*ms, w.lose)
		}
		return
	}
	w.logf("the offsets of the group are gone")
	clear(w.group.offsets)
	w.judge.lose()
	for _, p := range w.processes {
		if p.alive {
			p.kill()
		}
	}
}

// written is what a process finds in the sinks of shards without commits: the end of
// the last window in each.
func (w *world) written() map[string]int64 {
	ends := map[string]int64{}
	for _, l := range w.judge.ledgers {
		known := false
		for _, b := range l.books {
			_, ok := w.group.offsets[b.id]
			known = known || ok
		}
		if end := l.last(); !known && end != none {
			ends[l.sink] = end
		}
	}
	return ends
}

// last is the end of the last window that a shard's sink has a result of.
func (l *ledger) last() int64 {
	end := none
	for at := range l.visible {
		end = max(end, at.end)
	}
	return end
}

// lose makes every shard one without commits. Windows up to the last in its sink are
// decided, and no others.
func (j *judge) lose() {
	for _, l := range j.ledgers {
		l.closed = l.last()
		l.skipped, l.silent, l.idled = l.closed, l.closed, false
		l.follows = l.closed != none
		if l.windows = nil; l.follows {
			j.w.reached[followed]++
		} else {
			j.w.reached[followedAnew]++
		}
		for _, b := range l.books {
			b.begun, b.done, b.largest, b.refused = false, 0, none, nil
			clear(b.groups)
		}
	}
}

// checkFollows holds where a partition begins whose shard goes on after its sink: no
// record before it may be in a window that is not written.
func (j *judge) checkFollows(l *ledger, b *book, pos pipeline.Position) {
	if pos.Checkpoint.Closed != l.closed {
		j.violate("%v goes on at C %s, its sink has windows to %s", b.id, j.w.clockTime(pos.Checkpoint.Closed), j.w.clockTime(l.closed))
	}
	for o := b.begin(j.w.now); o < pos.Offset; o++ {
		e := &b.entries[o]
		at := j.s.when(b.id.Topic, e)
		refused := j.s.timed(b.id.Topic) && at > e.stamp+int64(j.s.spec.MaxFuture)
		if e.what == record && !refused && j.s.pane(at)+j.size() > l.closed {
			j.violate("%v goes on at %d, and window %s lacks offset %d", b.id, pos.Offset, j.w.clockTime(j.s.pane(at)), o)
			return
		}
	}
	for o := pos.Offset; o < b.high(j.w.now); o++ {
		if e := &b.entries[o]; e.what == record && j.s.pane(j.s.when(b.id.Topic, e))+j.size() <= l.closed {
			j.w.reached[followedBehind]++
			return
		}
	}
}
