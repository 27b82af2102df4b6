package simulation

import (
	"errors"
	"math"
	"sort"

	"github.com/aggrun/aggrun/pipeline"
)

// source is the log of one source partition. All that will ever be in it is
// written before the schedule begins; time only uncovers it.
type source struct {
	id      pipeline.Partition
	born    int64 // when the partition is made
	slow    bool  // a poll brings a record or two
	entries []entry
	holds   []hold
	trims   []trim
}

// entry is one offset.
type entry struct {
	at     int64 // when it is appended
	time   int64 // event time
	stamp  int64 // the log's own time, by which offsets are looked up
	a, b   float64
	x      float64 // what conditions look at
	key    string  // of the record; "" for none
	schema int32
	what   content
	g, h   uint8 // what is grouped by, in keys
}

// content is what a reader of committed records finds at an offset.
type content uint8

const (
	record  content = iota
	garbage         // cannot be decoded
	control         // a transaction's marker
	aborted         // data of a transaction that was aborted: filtered by the reader
)

// hold is a transaction of the producer's: readers of committed records see
// nothing from its first offset on while it is open.
type hold struct{ offset, from, until int64 }

// trim is retention at work: at a time the log begins at a later offset.
type trim struct{ at, offset int64 }

// high is the end of the log.
func (s *source) high(now int64) int64 {
	return int64(sort.Search(len(s.entries), func(i int) bool { return s.entries[i].at > now }))
}

// stable is the last stable offset.
func (s *source) stable(now int64) int64 {
	end := s.high(now)
	for _, h := range s.holds {
		if h.from <= now && now < h.until {
			end = min(end, h.offset)
		}
	}
	return end
}

// begin is the oldest offset kept.
func (s *source) begin(now int64) int64 {
	begin := int64(0)
	for _, t := range s.trims {
		if t.at <= now {
			begin = max(begin, t.offset)
		}
	}
	return begin
}

// look answers pipeline.Locate for one session, which has its own clock.
type look struct {
	w    *world
	skew int64
	fail bool // the broker does not answer
}

var errLook = errors.New("list offsets: no answer")

func (l look) Bounds(ids []pipeline.Partition) (map[pipeline.Partition]pipeline.Bounds, error) {
	if l.fail {
		return nil, errLook
	}
	m := make(map[pipeline.Partition]pipeline.Bounds, len(ids))
	for _, id := range ids {
		s := l.w.source(id)
		m[id] = pipeline.Bounds{Start: s.begin(l.w.now), End: l.end(s)}
	}
	return m, nil
}

func (l look) end(s *source) pipeline.End {
	return pipeline.End{Stable: s.stable(l.w.now), High: s.high(l.w.now), Asked: l.w.now + l.skew}
}

// AtTime looks at every offset, markers too, as the broker does.
func (l look) AtTime(ids []pipeline.Partition, t int64) (map[pipeline.Partition]pipeline.TimedOffset, error) {
	m := make(map[pipeline.Partition]pipeline.TimedOffset, len(ids))
	for _, id := range ids {
		s := l.w.source(id)
		high := s.high(l.w.now)
		found := pipeline.TimedOffset{Offset: high, Time: pipeline.None}
		for o := s.begin(l.w.now); o < high; o++ {
			if e := &s.entries[o]; e.stamp >= t {
				found = pipeline.TimedOffset{Offset: o, Time: e.stamp}
				break
			}
		}
		m[id] = found
	}
	return m, nil
}

func (l look) Newest(ids []pipeline.Partition) (map[pipeline.Partition]int64, error) {
	m := make(map[pipeline.Partition]int64, len(ids))
	for _, id := range ids {
		s := l.w.source(id)
		newest := int64(pipeline.None)
		for _, e := range s.entries[s.begin(l.w.now):s.high(l.w.now)] {
			if e.what != control {
				newest = max(newest, e.stamp)
			}
		}
		m[id] = newest
	}
	return m, nil
}

// never is a time that does not come.
const never = math.MaxInt64
