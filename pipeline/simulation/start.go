package simulation

import (
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// located checks where partitions without a commit begin.
func (j *judge) located(s *session, positions []pipeline.Position) {
	for _, pos := range positions {
		b := j.ledger(j.w.plan.Sink(pos.Topic)).book(pos.Partition)
		if pos.Committed {
			j.noteReplay(b, pos)
			continue
		}
		skipped := none
		for _, o := range positions {
			if !o.Committed && j.w.plan.Sink(o.Topic) == j.w.plan.Sink(pos.Topic) && s.origin.Present[o.Partition] {
				skipped = max(skipped, o.Checkpoint.Skipped)
			}
		}
		if want := j.beginning(s, b, skipped); pos.Offset != want {
			j.violate("%v begins at %d, should at %d", pos.Partition, pos.Offset, want)
		}
	}
	j.checkSkipped(s, positions)
}

// beginning is where a partition without a commit begins. The others of its shard
// may begin with windows skipped.
func (j *judge) beginning(s *session, b *book, skipped int64) int64 {
	l := j.ledger(j.w.plan.Sink(b.id.Topic))
	start, high := b.begin(j.w.now), b.high(j.w.now)
	since := func(t int64) int64 {
		for o := start; o < high; o++ {
			if b.entries[o].time >= t {
				return o
			}
		}
		return high
	}
	begin := j.w.script.spec.Start
	switch {
	case l.closed != none:
		j.w.reached[freshAtClosed]++
		return since(floor(l.closed, j.size()))
	case !s.origin.Present[b.id] && skipped != none:
		return since(skipped)
	case !s.origin.Present[b.id] || begin.Kind == spec.StartEarliest:
		if start > 0 {
			j.w.reached[startTrimmed]++
		}
		return start
	case begin.Kind == spec.StartLatest:
		j.w.reached[startLatest]++
		return high
	}
	j.w.reached[startTime]++
	return since(j.startTime(s))
}

func (j *judge) startTime(s *session) int64 {
	b := j.w.script.spec.Start
	if b.Kind == spec.StartTime {
		return b.Time.UnixNano()
	}
	return s.origin.Now - int64(b.Ago)
}

// checkSkipped tells whether the windows that may lack records from before the
// start are those that have one: a record of the log that is not read, or a
// record removed before the first one kept.
func (j *judge) checkSkipped(s *session, positions []pipeline.Position) {
	for _, pos := range positions {
		b := j.ledger(j.w.plan.Sink(pos.Topic)).book(pos.Partition)
		if pos.Committed || pos.Offset == 0 || j.ledger(j.w.plan.Sink(pos.Topic)).closed != none {
			continue
		}
		covered := pos.Checkpoint.Closed
		for o := b.begin(j.w.now); o < pos.Offset; o++ {
			e := b.entries[o]
			end := floor(e.time, j.size()) + j.size()
			if e.what == record && e.time <= s.origin.Now+int64(j.w.script.spec.MaxFuture) && end > covered {
				j.violate("%v begins at %d, C %s, and window %s lacks offset %d", pos.Partition, pos.Offset, j.w.clockTime(covered), j.w.clockTime(end-j.size()), o)
				return
			}
		}
	}
}
