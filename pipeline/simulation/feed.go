package simulation

import "slices"

// producer writes one partition's log as its feed says.
type producer struct {
	dice
	s    *script
	to   *source
	feed feed
	open transaction
}

// transaction is the producer's: left records are still to be written into it,
// then its marker follows at a time.
type transaction struct {
	is      bool
	first   int // offset
	members []int
	left    int
	marker  int64
	abort   bool
}

// write fills the log.
func (s *script) write(d dice, to *source, f feed) {
	p := &producer{dice: d, s: s, to: to, feed: f}
	for at := f.from; at < f.until; at += p.gap() {
		if !within(f.silent, at) {
			p.event(at)
		}
	}
	if p.open.is {
		p.mark(max(p.open.marker, p.last()))
	}
}

// gap is the time to the next event.
func (p *producer) gap() int64 {
	if p.feed.steady {
		return p.feed.gap
	}
	return 1 + p.between(0, 2*p.feed.gap)
}

func within(spans []span, t int64) bool {
	for _, s := range spans {
		if s.has(t) {
			return true
		}
	}
	return false
}

// last is when the newest entry is appended.
func (p *producer) last() int64 {
	if n := len(p.to.entries); n > 0 {
		return p.to.entries[n-1].at
	}
	return p.to.born
}

// event appends what happened at a time, with what goes wrong about it.
func (p *producer) event(at int64) {
	e := entry{time: p.late(at), schema: 1, a: p.value(), b: nan}
	e.at = max(at+p.between(0, 200*ms), p.last())
	for _, h := range p.feed.held {
		if h.has(e.at) {
			e.at = h.until
		}
	}
	if p.chance(40) {
		e.schema = 2
		if p.chance(80) {
			e.b = p.value()
		}
	}
	p.enrich(&e)
	p.spoil(&e)
	p.append(e)
}

// value is a whole number, so that sums of values are exact.
func (p *producer) value() float64 { return float64(p.between(-1000, 1000)) }

// late is an event time that is out of order inside the grace or, seldom,
// beyond it; often it lies on the edge of a window.
func (p *producer) late(at int64) int64 {
	size := int64(p.s.spec.Window.Size)
	if p.chance(p.feed.wild) {
		return at - p.between(0, p.feed.disorder+3*size)
	}
	t := at
	if p.feed.disorder > 0 && p.chance(50) {
		t -= p.between(0, p.feed.disorder)
	}
	if p.chance(15) {
		edge := p.s.pane(at) - p.between(0, 2)
		if at-edge <= p.feed.disorder {
			t = edge
		}
	}
	return t
}

// spoil makes a few records bad, unknown or of the future. Where no dead letter
// tells what was refused, it must be plain.
func (p *producer) spoil(e *entry) {
	plain := p.s.spec.OnError == "skip"
	switch {
	case p.chance(p.feed.garbage):
		e.what = garbage
	case p.chance(p.feed.unknown):
		e.schema = firstUnknown
		if !plain {
			e.schema += int32(p.IntN(len(p.s.learned)))
		}
	case p.chance(p.feed.future):
		e.time = max(e.at, p.s.t0) + int64(p.s.spec.MaxFuture) + p.between(30*sec, 120*sec)
		if plain || p.s.next != nil || p.chance(50) {
			e.time += 24 * 3600 * sec
		}
		if !p.s.stamped(p.to.id.Topic) {
			e.stamp = e.time
		}
	}
}

// append writes an entry, in a transaction where the producer uses them.
func (p *producer) append(e entry) {
	t := &p.open
	if t.is && t.left == 0 && t.marker <= e.at {
		p.mark(t.marker)
	}
	if !t.is && p.feed.transactional && e.what == record && p.chance(60) {
		*t = transaction{is: true, first: len(p.to.entries), left: 1 + p.IntN(6), abort: p.chance(20)}
		p.to.holds = append(p.to.holds, hold{offset: int64(t.first), from: e.at, until: never})
	}
	if t.is && t.left > 0 {
		t.left--
		t.members = append(t.members, len(p.to.entries))
		t.marker = e.at + p.between(0, 300*ms)
		if p.chance(10) {
			t.marker += p.between(sec, 8*sec)
		}
		if t.abort {
			e.what = aborted
		}
	}
	p.to.entries = append(p.to.entries, e)
}

// mark ends the open transaction.
func (p *producer) mark(at int64) {
	at = max(at, p.last())
	p.to.entries = append(p.to.entries, entry{at: at, time: at, stamp: at, what: control})
	p.to.holds[len(p.to.holds)-1].until = at
	p.open = transaction{}
}

// flood lets a partition have more schema ids that nobody knows than a commit
// can keep, amid its other records. What the registry learns later may then be
// taken on replay though it was refused, so it learns nothing.
func (s *script) flood(d dice) {
	const ids = 60
	src := pick(d, s.sources...)
	if len(src.entries) == 0 || len(src.holds) > 0 {
		return
	}
	for i := range s.learned {
		s.learned[i] = never
	}
	at := d.IntN(len(src.entries))
	first := firstUnknown + int32(len(s.learned))
	for i := range ids {
		e := src.entries[at]
		e.what, e.schema, e.time, e.stamp = record, first+int32(i), e.at, e.at
		src.entries = slices.Insert(src.entries, at+i, e)
		s.learned = append(s.learned, never)
	}
}
