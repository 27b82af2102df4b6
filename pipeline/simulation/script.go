package simulation

import (
	"fmt"
	"math"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

const (
	ms  = int64(1e6)
	sec = int64(1e9)
)

// script is a schedule before it is played: the spec, the logs, who runs when
// and what goes wrong.
type script struct {
	spec      spec.Pipeline
	sources   []*source // by partition
	t0        int64     // processes start from here on
	learned   []int64   // when the registry learns schema id firstUnknown+i
	lives     []life
	faults    []fault
	polls     int // records of a partition that one poll brings, at most
	doze      int64
	untilEnd  bool
	closeOpen bool
	halt      halt // the pipeline has to stop
	tidy      bool // other than the faults, nothing goes wrong by chance
	quiet     int64
}

const firstUnknown = 100

// life is one process: when it starts, and when it leaves for good.
type life struct {
	start, leave int64 // leave: never, or a time
	instance     string
	named        bool  // its transactional id outlives it
	skew         int64 // of its clock
	swallows     bool  // its client skips the callbacks of loss
}

// partitions of a source are drawn by this: what its producers do.
type feed struct {
	from, until   int64 // event time, ns
	gap           int64 // between events, on average
	steady        bool  // the gap is always that
	disorder      int64
	wild          int // percent of records that are out of order beyond that
	garbage       int // percent
	future        int // percent
	unknown       int // percent
	transactional bool
	silent, held  []span // nothing happens; what happens is appended at the end of it
}

type span struct{ from, until int64 }

func (s span) has(t int64) bool { return s.from <= t && t < s.until }

// draw makes the schedule of a seed.
func draw(seed uint64) *script {
	d := newDice(seed, 1)
	s := &script{
		t0: 1_700_000_000*sec + d.between(0, 3600*sec), polls: pick(d, 3, 8, 30, 200),
		doze: pick(d, 200*ms, 600*ms), tidy: d.chance(85), untilEnd: d.chance(9),
	}
	s.closeOpen = s.untilEnd && d.chance(30)
	s.drawSpec(d)
	s.drawSources(d)
	s.drawLives(d)
	switch {
	case s.untilEnd:
	case d.chance(4):
		s.halt = pick(d, truncated, trimmed, foreign, expired, schemaGone)
		s.spec.Start = spec.Start{Kind: spec.StartEarliest}
	case d.chance(2):
		s.flood(d)
	}
	s.drawFaults(d)
	s.settleQuiet()
	return s
}

func (s *script) drawSpec(d dice) {
	size := pick[time.Duration](d, 1, 2, 3, 5) * time.Second
	p := spec.Pipeline{
		Name: "p", Source: spec.Source{Topics: []string{"t*"}},
		Window:      spec.Window{Size: size, Grace: pick(d, 0, size/4, size, 2*size)},
		Operations:  []string{"count", "mean"},
		MinSample:   pick(d, 1, 2, 3),
		SmallSample: pick(d, spec.FirstValue, spec.NullValue),
		Idle:        pick[time.Duration](d, 1, 2, 2, 4, 10) * time.Second,
		MaxFuture:   pick[time.Duration](d, 30, 60, 300) * time.Second,
		MaxReplay:   1e6,
		Late:        pick(d, spec.LateDrop, spec.LateDeadLetter, spec.LateDeadLetter),
		OnError:     pick(d, spec.OnErrorDeadLetter, spec.OnErrorDeadLetter, spec.OnErrorSkip),
		Sink:        spec.Sink{Topic: pick(d, "{topic}-aggregated", "all-aggregated")},
		Start:       spec.Start{Kind: spec.StartEarliest},
	}
	for _, op := range []string{"sum", "min", "max", "median", "first", "last"} {
		if d.chance(25) {
			p.Operations = append(p.Operations, op)
		}
	}
	if d.chance(12) {
		p.Idle = 0
	}
	switch d.IntN(10) {
	case 0:
		p.Start.Kind = spec.StartLatest
	case 1:
		p.Start = spec.Start{Kind: spec.StartTime, Time: time.Unix(0, s.t0-d.between(1, 15*sec))}
	case 2:
		p.Start = spec.Start{Kind: spec.StartAgo, Ago: time.Duration(d.between(1, 15*sec))}
	}
	s.spec = p
}

// drawSources makes one to three topics of up to four partitions and what they
// will ever hold: some two hundred records.
func (s *script) drawSources(d dice) {
	f := s.drawFeed(d)
	silence := s.drawSilence(d)
	topics := 1 + d.IntN(3)
	for i := range topics {
		born := int64(0)
		if i > 0 && d.chance(20) {
			born = s.birth(d)
		}
		transactional := d.chance(30)
		n := 1 + d.IntN(4)
		for p := range n {
			src := &source{id: pipeline.Partition{Topic: fmt.Sprintf("t%d", i), ID: int32(p)}, born: born}
			if p > 0 && p == n-1 && d.chance(20) {
				src.born = max(born, s.birth(d))
			}
			mine := s.vary(d, f, src.born)
			mine.transactional = transactional
			if silence != nil {
				silence(&mine)
			}
			s.sources = append(s.sources, src)
			if !d.chance(7) {
				s.write(d, src, mine)
			}
			if d.chance(8) {
				s.retain(d, src)
			}
		}
	}
}

// birth is when a topic or partition is made that is not there from the start.
func (s *script) birth(d dice) int64 {
	return s.t0 + pick(d, d.between(300*ms, 3*sec), d.between(2*sec, 20*sec), d.between(2*sec, 20*sec))
}

func (s *script) drawFeed(d dice) feed {
	f := feed{
		from: s.t0 - d.between(0, 25*sec), until: s.t0 + d.between(10*sec, 30*sec),
		disorder: int64(s.spec.Window.Grace), wild: pick(d, 0, 0, 5), garbage: pick(d, 0, 3),
		future: pick(d, 0, 0, 2), unknown: pick(d, 0, 0, 4),
	}
	if d.chance(15) { // history only
		f.from, f.until = s.t0-d.between(40*sec, 60*sec), s.t0
	}
	if d.chance(20) {
		f.disorder = 0
	}
	f.gap = (f.until - f.from) / d.between(30, 70)
	s.learned = []int64{never, never, never}
	if s.spec.OnError == spec.OnErrorDeadLetter {
		s.learned[1] = s.t0 + d.between(0, 30*sec)
		s.learned[2] = s.t0 + d.between(0, 30*sec)
	}
	return f
}

// drawSilence is a time in which no source says anything, or nothing arrives.
func (s *script) drawSilence(d dice) func(*feed) {
	if !d.chance(25) {
		return nil
	}
	from := s.t0 + d.between(2*sec, 12*sec)
	quiet := span{from, from + d.between(3*sec, 20*sec)}
	if d.chance(50) {
		return func(f *feed) { f.silent = append(f.silent, quiet) }
	}
	return func(f *feed) { f.held = append(f.held, quiet) }
}

// vary makes a partition unlike the others.
func (s *script) vary(d dice, f feed, born int64) feed {
	f.gap = f.gap * d.between(5, 20) / 10
	if born > 0 && d.chance(70) {
		f.from, f.until = born, max(f.until, born+5*sec)
	}
	if d.chance(15) {
		f.until = f.from + (f.until-f.from)*d.between(2, 8)/10
	}
	if d.chance(15) {
		at := f.from + d.between(0, max(f.until-f.from, 1))
		quiet := span{at, at + d.between(3*sec, 15*sec)}
		if d.chance(50) {
			f.silent = []span{quiet}
		} else {
			f.held = []span{quiet}
		}
	}
	return f
}

// retain lets retention have removed the first records of a log.
func (s *script) retain(d dice, src *source) {
	if n := src.high(s.t0); n > 3 {
		src.trims = append(src.trims, trim{offset: d.between(1, n)})
	}
}

func (s *script) drawLives(d dice) {
	n := pick(d, 2, 2, 2, 3)
	for i := range n {
		l := life{
			start: s.t0 + d.between(0, sec), leave: never,
			instance: fmt.Sprintf("i%d", i), named: d.chance(50), swallows: d.chance(40),
		}
		if i > 0 {
			l.start += d.between(0, 10*sec)
		}
		if d.chance(30) {
			l.skew = d.between(-2*sec, 2*sec)
		}
		if i > 0 && d.chance(20) {
			l.leave = l.start + d.between(5*sec, 25*sec)
		}
		s.lives = append(s.lives, l)
	}
}

// settleQuiet finds when everything has been written and nothing goes wrong any
// more.
func (s *script) settleQuiet() {
	s.quiet = s.t0
	for _, src := range s.sources {
		s.quiet = max(s.quiet, src.born)
		if n := len(src.entries); n > 0 {
			s.quiet = max(s.quiet, src.entries[n-1].at)
		}
	}
	for _, l := range s.lives {
		s.quiet = max(s.quiet, l.start)
		if l.leave != never {
			s.quiet = max(s.quiet, l.leave)
		}
	}
	for _, f := range s.faults {
		s.quiet = max(s.quiet, f.until)
	}
}

// records is how many records of the sources there are.
func (s *script) records() (n int) {
	for _, src := range s.sources {
		for _, e := range src.entries {
			if e.what == record {
				n++
			}
		}
	}
	return n
}

var nan = math.NaN()
