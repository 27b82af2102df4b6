package pipeline

import "math"

// End is the answer to where a partition ends, for readers of committed data.
type End struct {
	Stable int64 // the last stable offset
	High   int64 // the high watermark; above Stable a transaction is open
	Asked  int64 // when it was asked for, ns; None: never
}

// askEvery is how often the ends of silent partitions are asked for, and
// answers older than three times that are not believed.
func (p *Plan) askEvery() int64 {
	return min(max(p.idle/4, int64(50e6)), int64(1e9))
}

// advance moves C to the watermark less grace, once every record that was
// committed has been read again. Windows that it passes are closed.
func (t *task) advance(now int64, closeOpen bool) {
	low, high, active, bounded := int64(math.MaxInt64), int64(None), false, true
	for _, p := range t.parts {
		if p.replaying() {
			return
		}
		bounded = bounded && p.stop != None
		high = max(high, p.largest)
		if t.leaves(p, now) {
			p.left = true
			continue
		}
		active = true
		low = min(low, p.largest)
	}
	t.idle = t.idle || !active && !bounded // until a record comes, even if the ends are not known for a while
	switch {
	case active:
		t.rise(low)
	case bounded:
		t.rise(high)
		if closeOpen {
			t.closed = max(t.closed, t.openEnd())
		}
	default:
		t.closed = max(t.closed, t.openEnd())
	}
}

// rise moves C to a watermark less grace.
func (t *task) rise(watermark int64) {
	if watermark > None+t.plan.grace {
		t.closed = max(t.closed, watermark-t.plan.grace)
	}
}

// openEnd is the largest end of the open windows: as far as C rises when all is
// silent, so that what is held up upstream is still in time when it comes.
func (t *task) openEnd() int64 {
	end := int64(None)
	for _, p := range t.parts {
		if n := len(p.open); n > 0 {
			end = max(end, t.plan.last(p.open[n-1].start))
		}
	}
	return end
}

// leaves tells whether a partition has no say in the watermark: it is read to
// its end, has no open transaction, and has been silent for idle, the end having
// been asked for after that. One that never had a record leaves at once. One that
// is paused is not silent, whatever comes of it. Under --until-end no clock counts:
// it leaves when it is read to the end it had.
func (t *task) leaves(p *part, now int64) bool {
	if p.stop != None {
		return p.applied >= p.stop
	}
	if p.paused || t.plan.idle == 0 || p.ends.Asked == None || now-p.ends.Asked > 3*t.plan.askEvery() {
		return false
	}
	if p.applied < p.ends.Stable || p.ends.Stable != p.ends.High || p.applied > p.ends.High {
		return false // there is more to read, or was since the answer
	}
	if p.ends.High == 0 {
		return p.ends.Asked >= p.active // what woke the shard may have reached it too
	}
	return p.ends.Asked-p.active >= t.plan.idle
}

// asks tells whether the end of p has to be asked for: it may be idle.
func (t *task) asks(p *part, now int64) bool {
	if p.stop != None || t.plan.idle == 0 {
		return false
	}
	return p.largest == None || now-p.active >= t.plan.idle
}
