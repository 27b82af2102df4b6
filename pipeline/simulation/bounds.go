package simulation

import (
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// checkClosed holds a new C against what the shard had read: it rises no further
// than the least of its partitions' largest times, less grace, those aside that
// can have been idle; and on silence alone to the end of what is open.
func (j *judge) checkClosed(s *session, l *ledger, closed int64) {
	if closed <= l.closed {
		return
	}
	low, lowest, high, active := int64(never), int64(never), none, false
	for _, b := range l.books {
		if s.told[b.id.Topic] <= b.id.ID {
			continue // nobody knew it
		}
		high = max(high, b.largest)
		lowest = min(lowest, b.largest)
		if !j.leaves(s, l, b) {
			active = true
			low = min(low, b.largest)
		}
	}
	bound, silent := j.less(low), false
	if !active {
		bound = max(j.less(high), none)
		if !j.w.script.untilEnd || j.w.script.closeOpen {
			bound = max(bound, l.openEnd(j.size()))
			silent = closed > j.less(high)
		}
	}
	if closed > bound {
		j.violate("%s: C rose to %s, may be %s at most (active %v)", l.sink, j.w.clockTime(closed), j.w.clockTime(bound), active)
	}
	j.noteClosed(l, closed, lowest, silent)
}

// noteClosed counts by which rule C rose.
func (j *judge) noteClosed(l *ledger, closed, lowest int64, silent bool) {
	if silent {
		l.idled, l.silent = true, closed
		j.w.idles++
		j.w.reached[allIdle]++
		if j.w.script.closeOpen {
			j.w.reached[closeOpen]++
		}
		return
	}
	if j.w.script.untilEnd || closed <= j.less(lowest) {
		return
	}
	j.w.idles++
	if lowest == none {
		j.w.reached[emptyLeft]++
	} else {
		j.w.reached[idleLeft]++
	}
}

// less is C of a watermark.
func (j *judge) less(watermark int64) int64 {
	if watermark == none {
		return none
	}
	return watermark - int64(j.w.script.spec.Window.Grace)
}

// openEnd is the end of the last window that is not decided.
func (l *ledger) openEnd(size int64) int64 {
	if n := len(l.windows); n > 0 {
		return l.windows[n-1].start + size
	}
	return none
}

// leaves tells whether a partition can have had no say in the watermark since
// the shard's last commit.
func (j *judge) leaves(s *session, l *ledger, b *book) bool {
	if j.w.script.untilEnd {
		return b.done >= s.taken[b.id].Stop
	}
	idle := int64(j.w.script.spec.Idle)
	if idle == 0 {
		return false
	}
	from := l.at - 4*sec // an answer as old as that may count
	for h := b.done; h >= 0; h-- {
		last, next := int64(0), int64(never)
		if h > 0 {
			last = b.entries[h-1].at
		}
		if h < int64(len(b.entries)) {
			next = b.entries[h].at
		}
		if next < from {
			return false
		}
		quiet := max(last+idle, from)
		if h == 0 {
			quiet = from
		}
		if quiet < min(next, j.w.now+1) && b.stable(max(quiet, last)) == h {
			return true
		}
	}
	return false
}

// checkReplay tells whether the next owner would read all that undecided windows
// need.
func (j *judge) checkReplay(l *ledger, o pipeline.Offset) {
	m, _ := readMetadata(o.Metadata, o.At)
	b := l.book(o.Partition)
	for _, w := range l.windows {
		if first, ok := w.first[b.index]; ok && m.replay > first {
			j.violate("%v: the next owner would read from %d, window %s needs %d", b.id, m.replay, j.w.clockTime(w.start), first)
		}
	}
	if m.replay > o.At {
		j.violate("%v: to be read from %d, after the committed offset %d", b.id, m.replay, o.At)
	}
}

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

// noteReplay counts what taking a partition up brings about.
func (j *judge) noteReplay(b *book, pos pipeline.Position) {
	if pos.Checkpoint.Replay < pos.Offset {
		j.w.reached[replayed]++
	}
	for _, o := range b.refused {
		if o < pos.Checkpoint.Replay || o >= pos.Offset {
			continue
		}
		switch e := b.entries[o]; {
		case e.schema >= firstUnknown+3:
			j.w.reached[floodReplayed]++
		case e.schema < firstUnknown:
			j.w.reached[futureReplayed]++
		case j.w.knows(e.schema):
			j.w.reached[unknownReplayed]++
		}
	}
}
