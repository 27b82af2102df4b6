package pipeline

import "math"

// This file aligns the reading of partitions. C follows the slowest partition of a
// shard, and what was read of the others waits in open windows: where much waits,
// those that are far ahead are paused until the slowest comes near.
//
// It decides when records are fetched, and nothing else. What still comes of a
// paused partition is applied as ever. The slowest is never paused, so that
// something is read wherever something can be.

// alignCells is the bound of cells: 16,384 of them, at which partitions are paused,
// are some 35 MB where a cell is ten fields of count, min, max, mean and stdev. A
// pause costs what the client has buffered of a partition, which is read again;
// going on at a quarter of that makes it seldom.
const alignCells = 1 << 13

// What is held, but by stopped shards, which are not read, makes this happen, of the bound of cells (Plan.cells) and of values
// (max_samples):
//
//	               cells          values
//	commit         1/4 to let go  1/24 to let go    Worker.urged, heavy (and overfull)
//	go on          1/2            1/8               roomy
//	pause          2              1/2               crowded
//	end            -              1                 checkSamples

// dryAfter is idle for the purpose of alignment, at most, ns.
const dryAfter = int64(10e9)

// crowded tells that open windows hold twice the bound or more: of cells, or of
// the values of exact quantiles, whose bound is a quarter of max_samples.
func (cs *cells) crowded() bool {
	return (cs.held-cs.halted.cells)/2 >= cs.plan.cells || cs.overfull()
}

// overfull is crowded by the values of exact quantiles; commits are urged by it, too.
func (cs *cells) overfull() bool { return cs.values() > cs.plan.maxSamples/2 }

// full tells that these values are more than max_samples.
func (cs *cells) full() bool { return cs.values() > cs.plan.maxSamples }

func (cs *cells) values() int64 { return cs.samples - cs.halted.values }

// roomy tells that open windows hold no more than half the bounds.
func (cs *cells) roomy() bool {
	return cs.held-cs.halted.cells <= cs.plan.cells/2 && cs.values() <= cs.plan.maxSamples/8
}

// leads gives how far ahead of the slowest, ns, partitions are paused while open
// windows are crowded, and up to where they go on again: beyond twice the span of a
// window and its grace, below which cells have to be held, and half of it. Where it
// is values that crowd, beyond once the span; and where these are more than
// max_samples, nothing is read but the slowest, so that those read ahead are never
// more than max_samples and a fetch of each partition.
func (t *task) leads() (far, near uint64) {
	span := uint64(t.plan.size) + uint64(t.plan.grace)
	switch {
	case t.cells.full():
		return 0, 0
	case t.cells.overfull():
		return span, span / 2
	}
	return 2*min(span, math.MaxUint64/4) + 1, span / 2
}

// align asks to pause the partitions that are far ahead of their shard's slowest
// while open windows are crowded. Those that are paused go on once they are near
// it, or there is room again. What is replayed is never paused: nothing closes
// before it is through.
func (t *task) align(now int64, r *Request) {
	crowded, roomy := t.cells.crowded(), t.cells.roomy()
	if !crowded && !t.pauses {
		return
	}
	t.pauses = false
	low := t.slowest(now)
	far, near := t.leads()
	for _, p := range t.parts {
		lead := p.lead(low)
		switch {
		case p.paused && (roomy || lead <= near):
			p.paused, p.active, t.touched = false, now, true // its silence begins now, if it has one
			r.Resume = append(r.Resume, p.id)
		case crowded && lead > far && p.resumed && !p.paused && !p.replaying() && !t.leaves(p, now):
			p.paused, t.touched = true, true
			r.Pause = append(r.Pause, p.id)
		}
		t.pauses = t.pauses || p.paused
	}
}

// slowest is the least event time up to which a partition is read, of those that
// have a say in the watermark and something to read: MaxInt64 where there is none,
// None where one has not had a record yet.
func (t *task) slowest(now int64) int64 {
	low := int64(math.MaxInt64)
	for _, p := range t.parts {
		if !t.leaves(p, now) && !t.dry(p, now) {
			low = min(low, p.largest)
		}
	}
	return low
}

// dry tells that a partition was read to its end, as far as that is known, and has
// brought nothing for idle, or for ten seconds. C may have to wait for it longer than that; to read
// less of the others does not make it come.
func (t *task) dry(p *part, now int64) bool {
	silence := dryAfter
	if t.plan.idle > 0 {
		silence = min(t.plan.idle, dryAfter)
	}
	return !p.paused && p.applied >= p.ends.High && now-p.active >= silence
}

// lead is how far ahead of an event time p is read, ns: exact whatever the times,
// None among them.
func (p *part) lead(low int64) uint64 {
	if p.largest <= low {
		return 0
	}
	return uint64(p.largest) - uint64(low)
}
