package pipeline

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aggrun/aggrun/spec"
)

// task is one shard: the sink topic and all partitions that lead to it. It has
// one owner.
type task struct {
	plan   *Plan
	sink   string
	parts  []*part // of those assigned here, in Partition order
	cells  *cells
	saved  int64 // C: every window with end <= saved is decided, and the broker knows it
	closed int64 // C of the next commit: windows up to it wait to be emitted
	known  bool  // has been whole since it was assigned: closed is the shard's
	idle   bool  // every partition was idle, and no record has come since
	full   int   // windows that closed and wait for the commit
	width  int   // fields of the shard, as far as batches have shown
}

func newTask(plan *Plan, sink string, cs *cells) *task {
	return &task{plan: plan, sink: sink, cells: cs, closed: None, saved: None}
}

func (t *task) part(id Partition) *part {
	if i, ok := t.find(id); ok {
		return t.parts[i]
	}
	return nil
}

func (t *task) find(id Partition) (int, bool) {
	return slices.BinarySearchFunc(t.parts, id, func(p *part, id Partition) int { return p.id.Compare(id) })
}

// install puts a partition where a commit left it. State that is here already is
// stale: the partition was lost and found again.
func (t *task) install(pos Position, now int64) {
	t.drop(pos.Partition)
	p := &part{
		id: pos.Partition, done: pos.Offset, applied: pos.Checkpoint.Replay, epoch: pos.Epoch,
		largest: pos.Checkpoint.Largest, skipped: pos.Checkpoint.Skipped,
		stop: pos.Stop, ticks: pos.Checkpoint.Ticks,
		unknown: recall(pos.Checkpoint.Unknown, pos.Checkpoint.Forgotten),
		active:  now, ends: pos.End,
	}
	if pos.Committed {
		p.saved = saved{pos.Offset, pos.Metadata}
	} else {
		p.saved.offset = None
	}
	t.saved = max(t.saved, pos.Checkpoint.Closed)
	t.fallBack()
	i, _ := t.find(p.id)
	t.parts = slices.Insert(t.parts, i, p)
	t.wake(now)
}

// drop forgets a partition.
func (t *task) drop(id Partition) {
	i, ok := t.find(id)
	if !ok {
		return
	}
	for _, c := range t.parts[i].open {
		t.cells.put(c)
	}
	t.parts = slices.Delete(t.parts, i, i+1)
	t.fallBack()
}

// fallBack takes back a C that is not committed: it stood on what a partition
// that left had read, or knew nothing of one that came.
func (t *task) fallBack() { t.closed, t.full = t.saved, 0 }

// wake makes every partition count as active until it has been silent anew: the
// first record after a silence must not make the others late.
func (t *task) wake(now int64) {
	t.idle = false
	for _, p := range t.parts {
		p.active = now
	}
}

// apply takes a batch of p's records, in offset order, each once: what was
// applied before is skipped, what was committed before only rebuilds windows.
func (t *task) apply(p *part, b *Batch, now int64) error {
	t.width = max(t.width, len(b.Columns))
	if b.Next <= p.applied {
		return nil
	}
	if t.idle {
		t.wake(now)
	}
	p.active = now
	from, _ := slices.BinarySearch(b.Offsets, p.applied)
	if from < len(b.Offsets) {
		if err := t.applyRows(p, b, from, now); err != nil {
			return err
		}
	}
	// After the rows: the schema ids that are refused now must not take the room
	// of those that say which replayed rows were.
	bad, err := t.applyBad(p, b)
	if err != nil {
		return err
	}
	if start := max(p.applied, p.done); b.Next > start {
		live, _ := slices.BinarySearch(b.Offsets, start)
		p.pending.Other += b.Next - start - int64(len(b.Offsets)-live) - bad
	}
	p.applied, p.epoch = b.Next, b.Epoch
	return nil
}

// applyBad sets the undecodable records of a batch aside and gives the number of
// those that had not been before.
func (t *task) applyBad(p *part, b *Batch) (live int64, err error) {
	for i := range b.Bad {
		r := &b.Bad[i]
		if r.Offset < p.applied {
			continue
		}
		if r.Offset < p.done {
			if r.Unknown && !p.unknown.explains(r.Schema, r.Offset) {
				return live, stopf("topic %s, partition %d, offset %d: the registry no longer knows schema id %d, with which this record was read before; "+
					"restore the schema and start again", p.id.Topic, p.id.ID, r.Offset, r.Schema)
			}
			continue
		}
		live++
		if r.Unknown {
			p.unknown.add(r.Schema, r.Offset)
		}
		if err := t.refuse(p, DeadLetter{p.id, r.Offset, r.Reason, r.Record}); err != nil {
			return live, err
		}
	}
	return live, nil
}

// refuse follows on_error for one record.
func (t *task) refuse(p *part, d DeadLetter) error {
	switch t.plan.Spec.OnError {
	case spec.OnErrorFail:
		return stopf("topic %s, partition %d, offset %d: %s (on_error: fail)", d.Partition.Topic, d.Partition.ID, d.Offset, d.Reason)
	case spec.OnErrorSkip:
		p.pending.Skipped++
	default:
		p.pending.Bad++
		p.dead = append(p.dead, d)
	}
	return nil
}

// applyRows walks the rows in runs that share one decision.
func (t *task) applyRows(p *part, b *Batch, from int, now int64) error {
	for i := from; i < len(b.Offsets); {
		live := b.Offsets[i] >= p.done
		if live {
			p.tick(b.Offsets[i], now)
		}
		limit, until := p.limit(b.Offsets[i], t.plan.maxFuture)
		if !live {
			until = min(until, p.done)
		}
		end, _ := slices.BinarySearch(b.Offsets, until)
		if err := t.applyRun(p, b, i, end, limit, live); err != nil {
			return err
		}
		i = end
	}
	return nil
}

// applyRun applies rows [i, end), all live or all replayed, under one limit of
// event time. A record is late by the committed C alone: a window that waits for
// its commit still takes what comes, since whoever replays would take it too.
func (t *task) applyRun(p *part, b *Batch, i, end int, limit int64, live bool) error {
	size := t.plan.size
	for i < end {
		at := b.Times[i]
		start := windowStart(at, size)
		j := i + 1
		switch {
		case at > limit:
			if err := t.refuseFuture(p, b, i, live); err != nil {
				return err
			}
		case !live && p.unknown.refused(b.Schemas[i], b.Offsets[i]):
		case start+size <= t.saved:
			p.largest = max(p.largest, at)
			t.late(p, b, i, start+size, live)
		default:
			for j < end && b.Times[j] >= start && b.Times[j] < start+size && b.Times[j] <= limit && (live || !p.unknown.refused(b.Schemas[j], b.Offsets[j])) {
				j++
			}
			p.largest = max(p.largest, slices.Max(b.Times[i:j]))
			t.cells.add(p.cell(t.cells, start, b.Offsets[i]), b.Times, b.Columns, i, j)
			if live {
				p.pending.Aggregated += int64(j - i)
			}
		}
		i = j
	}
	return nil
}

func (t *task) refuseFuture(p *part, b *Batch, i int, live bool) error {
	if !live {
		return nil
	}
	return t.refuse(p, DeadLetter{p.id, b.Offsets[i],
		fmt.Sprintf("event time is more than max_future (%v) ahead of the clock", t.plan.Spec.MaxFuture), b.record(i)})
}

// late counts a record whose windows are all decided. Those that lack records
// from before the start were never going to be emitted.
func (t *task) late(p *part, b *Batch, i int, end int64, live bool) {
	switch {
	case !live:
	case end <= t.skipped():
		p.pending.Skipped++
	default:
		p.pending.Late++
		if t.plan.Spec.Late == spec.LateDeadLetter {
			p.dead = append(p.dead, DeadLetter{p.id, b.Offsets[i], "late: its window was closed", b.record(i)})
		}
	}
}

func (t *task) skipped() int64 {
	s := int64(None)
	for _, p := range t.parts {
		s = max(s, p.skipped)
	}
	return s
}

func (b *Batch) record(i int) any {
	if b.Record == nil {
		return nil
	}
	return b.Record(i)
}

// results builds the records of all windows that closed, in order of their end.
// It leaves the windows as they are: an aborted commit asks again.
func (t *task) results() []Result {
	var rs []Result
	for _, start := range t.closing() {
		rs = append(rs, t.result(start))
	}
	return rs
}

// closing are the starts of the windows that closed, ascending.
func (t *task) closing() []int64 {
	var starts []int64
	for _, p := range t.parts {
		for _, c := range p.open {
			if c.start+t.plan.size > t.closed {
				break
			}
			starts = append(starts, c.start)
		}
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

func (t *task) result(start int64) Result {
	c := t.merged(start)
	return Result{
		Sink: t.sink, Key: t.key(), Start: start, End: start + t.plan.size,
		Count: c.count, Values: t.cells.compute(c, t.width),
	}
}

// merged is the window of all partitions that have it, folded in their order.
func (t *task) merged(start int64) *cell {
	var one *cell
	sum := &t.cells.results
	n := 0
	for _, p := range t.parts {
		i, found := slices.BinarySearchFunc(p.open, start, func(c *cell, s int64) int { return cmp.Compare(c.start, s) })
		if !found {
			continue
		}
		switch n++; n {
		case 1:
			one = p.open[i]
			continue
		case 2:
			sum.reset()
			sum.merge(one, t.plan.kinds)
		}
		sum.merge(p.open[i], t.plan.kinds)
	}
	if n == 1 {
		return one
	}
	return sum
}

// key is the record key of the shard's results: its source topic, or the
// pipeline where it has several.
func (t *task) key() string {
	if t.plan.Sink("") != t.plan.Spec.Sink.Topic {
		return t.parts[0].id.Topic
	}
	return t.plan.Spec.Name
}

// forget drops the windows that are decided, once a commit holds their results.
func (t *task) forget() {
	for _, p := range t.parts {
		n := 0
		for n < len(p.open) && p.open[n].start+t.plan.size <= t.closed {
			t.cells.put(p.open[n])
			n++
		}
		p.open = slices.Delete(p.open, 0, n)
	}
	t.full = 0
}
