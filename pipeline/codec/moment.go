package codec

import (
	"errors"
	"fmt"
	"math"
)

// ticks are the units of time, ns.
var ticks = map[string]int64{"s": second, "ms": 1e6, "us": 1e3, "ns": 1}

// furthest is the greatest distance of an event time from the epoch, ns (146
// years): windows and grace are added to it.
const furthest = 1 << 62

var errRange = errors.New("a time is out of range")

// multiply is n ticks in ns.
func multiply(n, tick int64) (int64, error) {
	if limit := furthest / tick; n > limit || n < -limit {
		return 0, errRange
	}
	return n * tick, nil
}

// nanoseconds is v ticks in ns. Seconds are rounded to the microsecond, for a
// float64 has no more of them in our days: 1700000000.3 is a little less than it
// looks, and would fall into the 100 ms before. Other units are to the nanosecond.
func nanoseconds(v float64, tick int64) (int64, error) {
	unit := float64(tick)
	switch {
	case math.IsNaN(v):
		return 0, errors.New("NaN is no time")
	case math.Abs(v) > furthest/unit:
		return 0, errRange
	case tick == second:
		return int64(math.Round(v*1e6)) * 1000, nil
	}
	whole, rest := math.Modf(v)
	return int64(whole)*tick + int64(math.Round(rest*unit)), nil
}

// parseTime reads a time in ISO 8601 as RFC 3339 has it, in ns since the epoch:
//
//	2006-01-02T15:04:05[.999999999][Z|+01:00]
//
// with T, t or a space between date and time, a fraction of one to nine digits,
// and an offset from UTC, which is none where it is left out.
func parseTime(b []byte) (int64, error) {
	p := timeParser{rest: b}
	days := p.date()
	p.either("Tt ")
	clock := p.clock()
	nanos := p.fraction()
	offset := p.offset()
	if p.bad || len(p.rest) > 0 {
		return 0, fmt.Errorf("%.40q is not a time in ISO 8601", b)
	}
	ns, err := multiply(days*86400+clock-offset, second)
	if err != nil || ns > furthest-nanos {
		return 0, errRange
	}
	return ns + nanos, nil
}

// timeParser takes parts off the beginning of a text, and notes whether any was
// not there.
type timeParser struct {
	rest []byte
	bad  bool
}

// either takes one of the bytes in set.
func (p *timeParser) either(set string) (found byte) {
	if len(p.rest) == 0 {
		p.bad = true
		return 0
	}
	found, p.rest = p.rest[0], p.rest[1:]
	for i := range len(set) {
		if set[i] == found {
			return found
		}
	}
	p.bad = true
	return 0
}

// digits takes so many digits, whose number must be in [from, to].
func (p *timeParser) digits(count int, from, to int64) (n int64) {
	for range count {
		n = 10*n + int64(p.either("0123456789")-'0')
	}
	if n < from || n > to {
		p.bad = true
	}
	return n
}

// date takes a date, in days since the epoch.
func (p *timeParser) date() int64 {
	year := p.digits(4, 0, 9999)
	p.either("-")
	month := p.digits(2, 1, 12)
	p.either("-")
	day := p.digits(2, 1, 31)
	if p.bad || day > monthDays(year, month) {
		p.bad = true
		return 0
	}
	before := year - 1 // in the years before this one; the year 0 has 366 days
	days := before*365 + floor(before, 4) - floor(before, 100) + floor(before, 400)
	for m := int64(1); m < month; m++ {
		days += monthDays(year, m)
	}
	return days + day - 719163 // 1970-01-01 counted from 0000-12-31
}

func floor(n, d int64) int64 {
	if n < 0 {
		return (n - d + 1) / d
	}
	return n / d
}

func monthDays(year, month int64) int64 {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	}
	return 31
}

// clock takes a time of day, in seconds.
func (p *timeParser) clock() int64 {
	hour := p.digits(2, 0, 23)
	p.either(":")
	minute := p.digits(2, 0, 59)
	p.either(":")
	return hour*3600 + minute*60 + p.digits(2, 0, 59)
}

// fraction takes the fraction of a second, if there is one, in ns.
func (p *timeParser) fraction() (ns int64) {
	if len(p.rest) == 0 || p.rest[0] != '.' {
		return 0
	}
	p.rest = p.rest[1:]
	unit := int64(second)
	for len(p.rest) > 0 && '0' <= p.rest[0] && p.rest[0] <= '9' && unit > 1 {
		unit /= 10
		ns += int64(p.rest[0]-'0') * unit
		p.rest = p.rest[1:]
	}
	p.bad = p.bad || unit == second
	return ns
}

// offset takes the offset from UTC, if there is one, in seconds.
func (p *timeParser) offset() int64 {
	if len(p.rest) == 0 {
		return 0
	}
	sign := p.either("Zz+-")
	if p.bad || sign == 'Z' || sign == 'z' {
		return 0
	}
	hours := p.digits(2, 0, 23)
	p.either(":")
	seconds := hours*3600 + p.digits(2, 0, 59)*60
	if sign == '-' {
		return -seconds
	}
	return seconds
}
