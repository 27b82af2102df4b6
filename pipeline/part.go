package pipeline

import (
	"cmp"
	"slices"
)

// part is the state of one partition of a shard.
type part struct {
	id      Partition
	source  int   // of the plan
	done    int64 // the committed offset: records below it only rebuild windows
	applied int64 // the next offset to apply
	epoch   int32 // leader epoch of the last record applied
	largest int64 // largest event time read
	skipped int64 // windows with end <= skipped lack records from before the start
	stop    int64 // under --until-end: what counts as the end; else None

	open    []*pane // ascending by start
	held    int     // cells in them
	ticks   []Tick
	unknown unknown
	dead    []DeadLetter // wait for the next commit

	active  int64 // when the last record came, or the partition became active again
	ends    End   // the latest answer
	left    bool  // it had no say in a C that is not committed, whatever is known of it since
	resumed bool  // the client was told to read it
	paused  bool  // and then not to, for a while: it is too far ahead of others
	saved   saved // as the broker has it
	moves   bool  // it is part of the commit that is being made

	pending Counts // since the last commit
}

// saved is a commit as the broker keeps it: one that was found there, whose metadata
// may be of another time, or one of this worker's own, which is what is to be
// committed as long as neither the offset nor C moves. Nothing else in it changes
// by itself.
type saved struct {
	offset   int64
	metadata string // of one that was found
	own      bool
	closed   int64 // C, of an own one
}

// Counts say what became of the offsets of a partition: each is in exactly one.
type Counts struct {
	Aggregated int64 // in its windows
	Filtered   int64 // where was not true of it
	Late       int64 // all its windows were decided
	Skipped    int64 // before the start of whole windows, or a bad record under on_error: skip
	Bad        int64 // dead letters of bad records
	Other      int64 // control records, and what transactions aborted or compaction took

	LatePartial int64 // of those aggregated: some of its windows were decided
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Aggregated += other.Aggregated
	c.Late += other.Late
	c.Skipped += other.Skipped
	c.Bad += other.Bad
	c.Filtered += other.Filtered
	c.Other += other.Other
	c.LatePartial += other.LatePartial
}

// Offsets is the number of offsets that c speaks of.
func (c Counts) Offsets() int64 {
	return c.Aggregated + c.Filtered + c.Late + c.Skipped + c.Bad + c.Other
}

func (p *part) replaying() bool { return p.applied < p.done }

// find is the open pane that starts at start, nil where there is none.
func (p *part) find(start int64) *pane {
	if n := len(p.open); n > 0 && p.open[n-1].start == start {
		return p.open[n-1]
	}
	if i, found := p.search(start); found {
		return p.open[i]
	}
	return nil
}

func (p *part) search(start int64) (int, bool) {
	return slices.BinarySearchFunc(p.open, start, func(pn *pane, s int64) int { return cmp.Compare(pn.start, s) })
}

// after is the index of the first open pane of which a window ends after closed.
func (p *part) after(closed int64, w windows) int {
	if closed == None {
		return 0
	}
	i, _ := p.search(closed - w.size + 1)
	return i
}

// pane gives the open pane that starts at start, a new one whose first record
// has the given offset when there is none.
func (p *part) pane(cs *cells, start, offset int64) *pane {
	if n := len(p.open); n > 0 && p.open[n-1].start == start {
		return p.open[n-1]
	}
	i, found := p.search(start)
	if !found {
		p.open = slices.Insert(p.open, i, cs.pane(start, offset))
	}
	return p.open[i]
}

// needed is the first offset that a window which ends after closed needs: where
// the next owner has to start reading.
func (p *part) needed(closed int64, w windows) int64 {
	r := p.applied
	for _, pn := range p.open {
		if w.last(pn.start) > closed {
			r = min(r, pn.first)
		}
	}
	return r
}

// checkpoint is what a commit at p.applied has to remember.
func (p *part) checkpoint(plan *Plan, closed int64) Checkpoint {
	c := Checkpoint{
		Fingerprint: plan.Fingerprint,
		Replay:      p.needed(closed, plan.windows),
		Largest:     p.largest,
		Closed:      closed,
		Skipped:     p.skipped,
	}
	c.Ticks = ticksFrom(p.ticks, c.Replay)
	c.Unknown, c.Forgotten = p.unknown.since(c.Replay)
	return c
}

// prune forgets what only records below r needed.
func (p *part) prune(r int64) {
	p.ticks = ticksFrom(p.ticks, r)
	ids, forgotten := p.unknown.since(r)
	p.unknown = recall(ids, forgotten)
}
