package pipeline

import "math"

const minute = int64(60e9)

// A record's time is compared with a tick, not with the clock, so that a replay
// can compare it again: the tick moves once a minute, and the ticks that were in
// force are part of the commit.

// ticksFrom drops the ticks that no offset from r on needs.
func ticksFrom(ticks []Tick, r int64) []Tick {
	first := 0
	for first+1 < len(ticks) && ticks[first+1].From <= r {
		first++
	}
	return ticks[first:]
}

// tick records the tick in force at now for records from offset on. It is the
// end of the running interval, so that max_future is never cut short. The more
// ticks are kept, the longer the interval: a partition that is replayed from
// days ago must still fit in a commit's metadata.
func (p *part) tick(offset, now int64) {
	interval := minute << min(len(p.ticks)/16, 24)
	m := windows{interval, interval, 0}.ceil(now) / minute
	if n := len(p.ticks); n > 0 && p.ticks[n-1].Minute >= m {
		return
	}
	p.ticks = append(p.ticks, Tick{From: offset, Minute: m})
}

// limit gives the largest event time accepted at offset, and the offset up to
// which it holds.
func (p *part) limit(offset, maxFuture int64) (limit, until int64) {
	limit, until = math.MaxInt64, math.MaxInt64
	for i := len(p.ticks) - 1; i >= 0; i-- {
		if t := p.ticks[i]; t.From <= offset {
			limit = saturate(t.Minute, maxFuture)
			break
		}
		until = p.ticks[i].From
	}
	return limit, until
}

// saturate is the time max_future after a minute, without overflow.
func saturate(m, maxFuture int64) int64 {
	if at := m * minute; at < math.MaxInt64-maxFuture {
		return at + maxFuture
	}
	return math.MaxInt64
}
