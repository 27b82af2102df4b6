package simulation

import (
	"github.com/aggrun/aggrun/pipeline"
)

// checkClosed holds a new C against what the shard had read: it rises no further
// than the least of its partitions' largest times, less grace, those aside that
// can have been idle; and on silence alone to the end of what is open. It is where a
// window ends.
func (j *judge) checkClosed(s *session, l *ledger, closed int64) {
	if closed <= l.closed {
		return
	}
	low, lowest, high, active := int64(never), int64(never), none, false
	for _, b := range l.books {
		if s.told[b.id.Topic] <= b.id.ID && !b.begun {
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
		if !j.s.untilEnd || j.s.closeOpen {
			bound = max(bound, l.openEnd(j.size()))
			silent = closed > j.less(high)
		}
	}
	if closed > bound {
		j.violate("%s: C rose to %s, may be %s at most (active %v)", l.sink, j.w.clockTime(closed), j.w.clockTime(bound), active)
	}
	if j.s.pane(closed) != closed {
		j.violate("%s: C rose to %s, where no window ends", l.sink, j.w.clockTime(closed))
	}
	j.noteClosed(l, closed, lowest, silent)
}

// less is C of a watermark.
func (j *judge) less(watermark int64) int64 {
	if watermark == none {
		return none
	}
	return watermark - int64(j.s.spec.Window.Grace)
}

// openEnd is the end of the last window that is not decided.
func (l *ledger) openEnd(size int64) int64 {
	if n := len(l.windows); n > 0 {
		return l.windows[n-1].start + size
	}
	return none
}

// leaves tells whether a partition can have had no say in the watermark since
// the shard's last commit, or what that left over was decided.
func (j *judge) leaves(s *session, l *ledger, b *book) bool {
	if j.s.untilEnd {
		return b.done >= s.taken[b.id].Stop
	}
	idle := int64(j.s.spec.Idle)
	if idle == 0 {
		return false
	}
	from := l.at - l.left - 4*sec // an answer as old as that may count
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
