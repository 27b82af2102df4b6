package pipeline

import (
	"fmt"
	"math"
	"slices"

	"github.com/aggrun/aggrun/spec"
)

// task is one shard: a sink topic and all partitions that lead to it, or one of
// them. It has one owner.
type task struct {
	plan    *Plan
	shard   string
	sink    string
	parts   []*part // of those assigned here, in Partition order
	cells   *cells
	saved   int64     // C: every window with end <= saved is decided, and the broker knows it
	closed  int64     // C of the next commit: windows up to it wait to be emitted
	through int64     // C of the commit that is being made: closed, or less where there is too much for one
	known   bool      // has been whole since it was assigned: closed is the shard's
	idle    bool      // every partition was idle, and no record has come since
	fields  [][]Field // by source, as far as batches have shown

	need    int   // partitions of the shard
	owned   int   // how many of them the leader assigned here
	torn    int64 // since when these differ; None
	reading bool  // the client was told to read every partition
	pauses  bool  // a partition may be paused
	touched bool  // something came: records, the end of a partition, another assignment
	due     due   // as that was last looked at
	commits bool  // it is part of the commit that is being made
	wrote   bool  // and has results in it

	stopped *stoppage // its sink refuses its results; nil: not so
}

func newTask(plan *Plan, shard, sink string, cs *cells) *task {
	return &task{plan: plan, shard: shard, sink: sink, cells: cs, closed: None, saved: None, torn: None, fields: make([][]Field, len(plan.sources))}
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
	source, _ := t.plan.SourceOf(pos.Topic)
	p := &part{
		id: pos.Partition, source: source, done: pos.Offset, applied: pos.Checkpoint.Replay, epoch: pos.Epoch,
		largest: pos.Checkpoint.Largest, skipped: pos.Checkpoint.Skipped,
		stop: pos.Stop, ticks: pos.Checkpoint.Ticks,
		unknown: recall(pos.Checkpoint.Unknown, pos.Checkpoint.Forgotten),
		active:  now, ends: pos.End,
	}
	if pos.Committed {
		p.saved = saved{offset: pos.Offset, metadata: pos.Metadata}
	} else {
		p.saved.offset = None
	}
	t.saved = max(t.saved, pos.Checkpoint.Closed)
	t.fallBack()
	i, _ := t.find(p.id)
	t.parts = slices.Insert(t.parts, i, p)
	t.reading = false
	t.goOn()
	t.wake(now)
}

// drop forgets a partition.
func (t *task) drop(id Partition) {
	i, ok := t.find(id)
	if !ok {
		return
	}
	for _, pane := range t.parts[i].open {
		t.cells.release(t.parts[i].source, pane)
	}
	t.parts = slices.Delete(t.parts, i, i+1)
	t.goOn()
	t.fallBack()
}

// fallBack takes back a C that is not committed: it stood on what a partition
// that left had read, or knew nothing of one that came.
func (t *task) fallBack() { t.closed = t.saved }

// decide takes over the C that was committed. Once nothing else is closed, whoever
// had no say in that has nothing to take back.
func (t *task) decide() {
	t.saved = t.through
	t.forget()
	if t.saved == t.reach() {
		for _, p := range t.parts {
			p.left = false
		}
	}
}

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
	if len(b.Fields) > len(t.fields[p.source]) {
		t.fields[p.source] = b.Fields
	}
	if b.Next <= p.applied {
		return nil
	}
	if t.idle {
		t.wake(now)
	}
	if p.left {
		p.left = false
		t.fallBack() // it has a say again in what is not committed
	}
	p.active = now
	from, _ := slices.BinarySearch(b.Offsets, p.applied)
	if from < len(b.Offsets) {
		t.cells.programs[p.source].run(b)
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
			if r.Unknown {
				p.unknown.again(r.Schema, r.Offset)
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
		limit, until := int64(math.MaxInt64), int64(math.MaxInt64)
		if t.plan.sources[p.source].spec.Time == nil {
			if live {
				p.tick(b.Offsets[i], now)
			}
			limit, until = p.limit(b.Offsets[i], t.plan.maxFuture)
		}
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
	until := i // the rows of [i, until) are not refused
	for i < end {
		j := i + 1
		switch {
		case b.Times[i] > limit:
			if err := t.refuseFuture(p, b, i, live); err != nil {
				return err
			}
		case !live && p.unknown.refused(b.Schemas[i], b.Offsets[i]):
		default:
			start := t.plan.pane(b.Times[i])
			if i >= until {
				until = end
				if !live {
					until = p.unknown.next(b, i, end)
				}
			}
			var largest int64
			j, largest = sameSpan(b.Times, i, until, start, min(start+t.plan.advance-1, limit))
			p.largest = max(p.largest, largest)
			if err := t.applyPane(p, b, start, i, j, live); err != nil {
				return err
			}
		}
		i = j
	}
	return nil
}

// sameSpan gives the end of the run of times from i on that lie in [first, last],
// and the largest of them.
func sameSpan(times []int64, i, end int, first, last int64) (j int, largest int64) {
	largest = times[i]
	span := uint64(last - first)
	for j, at := range times[i:end] {
		if uint64(at-first) > span {
			return i + j, largest
		}
		largest = max(largest, at)
	}
	return end, largest
}

// applyPane applies rows [from, to), all of one pane.
func (t *task) applyPane(p *part, b *Batch, start int64, from, to int, live bool) error {
	r := t.cells.programs[p.source]
	rows := r.passing(from, to)
	n := rows.length()
	if live {
		p.pending.Filtered += int64(to - from - n)
	}
	switch {
	case n == 0:
		return nil
	case t.plan.last(start) <= t.saved:
		t.lateRows(p, b, rows, t.plan.last(start), live)
		return nil
	}
	if len(r.groups) == 0 {
		pn := p.pane(t.cells, start, b.Offsets[rows.at(0)])
		c := pn.whole()
		if c == nil {
			c = t.newCell(p, r, pn, nil)
		}
		t.cells.add(c, r, b, rows)
	} else {
		refused, err := t.applyGroups(p, r, b, start, rows, live)
		if err != nil {
			return err
		}
		n -= refused
	}
	if live {
		p.pending.Aggregated += int64(n)
	}
	if live && t.tooLate(start) {
		p.pending.LatePartial += int64(n)
	}
	return nil
}

// tooLate tells that a window which a pane belongs to is decided, and was to be
// written: those before the start were not.
func (t *task) tooLate(pane int64) bool {
	return t.plan.first(pane) <= t.saved && min(t.plan.pane(t.saved), t.plan.last(pane)) > t.skipped()
}

// newCell makes a cell of a pane, of a group or of all records.
func (t *task) newCell(p *part, r *program, pn *pane, g *group) *cell {
	c := t.cells.get(p.source, r.width)
	pn.add(c, g)
	p.held++
	return c
}

func (t *task) refuseFuture(p *part, b *Batch, i int, live bool) error {
	if !live {
		return nil
	}
	return t.refuse(p, DeadLetter{p.id, b.Offsets[i],
		fmt.Sprintf("event time is more than max_future (%v) ahead of the clock", t.plan.Spec.MaxFuture), b.record(i)})
}

// lateRows counts records whose windows are all decided, the last of which ended
// at end. Those that lack records from before the start were never going to be
// emitted.
func (t *task) lateRows(p *part, b *Batch, rows selection, end int64, live bool) {
	if !live {
		return
	}
	n := rows.length()
	if end <= t.skipped() {
		p.pending.Skipped += int64(n)
		return
	}
	p.pending.Late += int64(n)
	if t.plan.Spec.Late != spec.LateDeadLetter {
		return
	}
	for k := range n {
		i := rows.at(k)
		p.dead = append(p.dead, DeadLetter{p.id, b.Offsets[i], "late: its window was closed", b.record(i)})
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
