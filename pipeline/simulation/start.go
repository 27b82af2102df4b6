package simulation

import (
	"slices"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// located checks where partitions without a commit begin.
func (j *judge) located(s *session, positions []pipeline.Position) {
	for _, pos := range positions {
		b := j.ledger(pos.Partition).book(pos.Partition)
		if pos.Committed {
			j.noteReplay(b, pos)
			continue
		}
		if want := j.beginning(s, b); pos.Offset != want {
			j.violate("%v begins at %d, should at %d", pos.Partition, pos.Offset, want)
		}
	}
	j.checkSkipped(s, positions)
}

// beginning is where a partition without a commit begins. What has one in its
// shard decides over the start of the spec.
func (j *judge) beginning(s *session, b *book) int64 {
	l := j.ledger(b.id)
	start, high := b.begin(j.w.now), b.high(j.w.now)
	since := func(t int64) int64 {
		if j.w.script.timed(b.id.Topic) { // the log does not know event time
			return start
		}
		for o := start; o < high; o++ {
			if b.entries[o].stamp >= t {
				return o
			}
		}
		return high
	}
	begin := j.w.script.spec.Start
	switch {
	case l.closed != none:
		j.w.reached[freshAtClosed]++
		if j.w.script.timed(b.id.Topic) {
			j.w.reached[fieldJoin]++
		}
		return since(j.w.script.undecided(l.closed))
	case l.begun():
		j.w.reached[freshWithoutC]++
	case s.origin.Present[b.id] && begin.Kind == spec.StartLatest:
		j.w.reached[startLatest]++
		return high
	case s.origin.Present[b.id] && begin.Kind != spec.StartEarliest:
		j.w.reached[startTime]++
		if j.w.script.timed(b.id.Topic) {
			j.w.reached[fieldStart]++
		}
		return since(j.startTime(s))
	case start > 0:
		j.w.reached[startTrimmed]++
	}
	return start
}

// begun tells that a partition of the shard has a commit.
func (l *ledger) begun() bool {
	return slices.ContainsFunc(l.books, func(b *book) bool { return b.begun })
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
// record removed before the first one kept, whose window it may have been in.
func (j *judge) checkSkipped(s *session, positions []pipeline.Position) {
	for _, pos := range positions {
		l := j.ledger(pos.Partition)
		if pos.Committed || pos.Offset == 0 || l.begun() {
			continue
		}
		b, covered := l.book(pos.Partition), pos.Checkpoint.Closed
		first := b.begin(j.w.now)
		lacking := pos.Offset
		if first > 0 {
			lacking = max(lacking, min(first+1, b.high(j.w.now)))
		}
		for o := first; o < lacking; o++ {
			e := b.entries[o]
			end := j.w.script.pane(e.time) + j.size()
			if e.what == record && !j.ahead(s, b.id, e) && end > covered {
				j.violate("%v begins at %d, C %s, and window %s lacks offset %d", pos.Partition, pos.Offset, j.w.clockTime(covered), j.w.clockTime(end-j.size()), o)
				return
			}
		}
	}
}

// ahead tells that a record would be refused for its time.
func (j *judge) ahead(s *session, id pipeline.Partition, e entry) bool {
	clock := s.origin.Now
	if j.w.script.timed(id.Topic) {
		clock = e.stamp
	}
	return e.time > clock+int64(j.w.script.spec.MaxFuture)
}
