package simulation

import (
	"slices"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// located checks where partitions without a commit begin.
func (j *judge) located(s *session, positions []pipeline.Position) {
	j.s = s.script
	for _, pos := range positions {
		b := j.ledger(pos.Partition).book(pos.Partition)
		if pos.Committed {
			j.noteReplay(b, pos)
			j.noteTakeover(b, pos)
			continue
		}
		if l := j.ledger(pos.Partition); l.follows && !l.begun() {
			j.checkFollows(l, b, pos)
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
		if j.s.timed(b.id.Topic) { // the log does not know event time
			return start
		}
		for o := start; o < high; o++ {
			if b.entries[o].stamp >= t {
				return o
			}
		}
		return high
	}
	begin := j.s.spec.Start
	switch {
	case l.closed != none:
		j.w.reached[freshAtClosed]++
		if j.s.timed(b.id.Topic) {
			j.w.reached[fieldJoin]++
		}
		return since(j.s.undecided(l.closed))
	case l.begun():
		j.w.reached[freshWithoutC]++
	case s.origin.Present[b.id] && begin.Kind == spec.StartLatest:
		j.w.reached[startLatest]++
		return high
	case s.origin.Present[b.id] && begin.Kind != spec.StartEarliest:
		j.w.reached[startTime]++
		if j.s.timed(b.id.Topic) {
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
	b := j.s.spec.Start
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
		if pos.Committed || l.begun() || l.follows {
			continue
		}
		if begun := j.startTime(s); j.begunByField(s, pos) && pos.Checkpoint.Closed < j.s.pane(begun-1)+j.size() {
			j.violate("%v: C %s, and windows from before the start, %s, are not skipped", pos.Partition, j.w.clockTime(pos.Checkpoint.Closed), j.w.clockTime(begun))
		}
		if most := j.mostSkipped(s, l, positions); pos.Checkpoint.Closed > most {
			j.violate("%v begins at %d with C %s, should be %s at most", pos.Partition, pos.Offset, j.w.clockTime(pos.Checkpoint.Closed), j.w.clockTime(most))
		}
		b, covered := l.book(pos.Partition), pos.Checkpoint.Closed
		first := b.begin(j.w.now)
		lacking := pos.Offset
		if first > 0 {
			lacking = max(lacking, min(first+1, b.high(j.w.now)))
		}
		for o := first; o < lacking; o++ {
			e := b.entries[o]
			end := j.s.pane(j.s.when(b.id.Topic, &e)) + j.size()
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
	if j.s.timed(id.Topic) {
		clock = e.stamp
	}
	return j.s.when(id.Topic, &e) > clock+int64(j.s.spec.MaxFuture)
}

// mostSkipped is the end of the last window of a shard that can lack records, none
// where there is no reason for any.
func (j *judge) mostSkipped(s *session, l *ledger, positions []pipeline.Position) int64 {
	most := none
	note := func(t int64) { most = max(most, j.s.pane(t)+j.size()) }
	for _, pos := range positions {
		b := l.book(pos.Partition)
		if b == nil || pos.Committed {
			continue
		}
		first, high := b.begin(j.w.now), b.high(j.w.now)
		if first > 0 && first < high {
			note(j.furthest(s, b, b.entries[first].stamp))
		}
		switch begin := j.s.spec.Start.Kind; {
		case !s.origin.Present[b.id]:
		case begin == spec.StartLatest:
			for _, e := range b.entries[first:high] {
				if e.what != control {
					note(j.furthest(s, b, e.stamp))
				}
			}
		case begin != spec.StartEarliest:
			note(j.startTime(s) - 1)
		}
	}
	return most
}

// furthest is the largest event time of a record with a timestamp that is not
// refused.
func (j *judge) furthest(s *session, b *book, stamp int64) int64 {
	ahead := int64(j.s.spec.MaxFuture)
	t := min(stamp, s.origin.Now+ahead)
	if j.s.timed(b.id.Topic) {
		t += ahead
	}
	return t
}

// begunByField tells that a partition begins at an event time that a field holds:
// all of it is read, and what comes before is left out.
func (j *judge) begunByField(s *session, pos pipeline.Position) bool {
	kind := j.s.spec.Start.Kind
	return s.origin.Present[pos.Partition] && j.s.timed(pos.Topic) && (kind == spec.StartTime || kind == spec.StartAgo)
}
