package simulation

import (
	"fmt"
	"math"
	"time"

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
	next      *spec.Pipeline // is rolled out in its place; nil: nothing is
	unmet     int64          // when a topic is made that who begins with next does not meet at first; 0: none is
	sources   []*source      // by partition
	t0        int64          // processes start from here on
	learned   []int64        // when the registry learns schema id firstUnknown+i
	lives     []life
	faults    []fault
	denials   []denial
	polls     int // records of a partition that one poll brings, at most
	doze      int64
	untilEnd  bool
	closeOpen bool
	halt      halt  // the pipeline has to stop
	loss      int64 // when the group loses its offsets, and the pipeline goes on from its sinks; 0: never
	tidy      bool  // other than the faults, nothing goes wrong by chance
	quiet     int64
	language  language
	cells     int   // the bound of alignment; 0: more than there are
	lag       int64 // a transaction is complete at most so long after its end was answered
}

const firstUnknown = 100

// The sinks: each topic's own, one of all topics, and one of those that agree in
// what their source's regex captures.
const (
	ownSink      = "{topic}-aggregated"
	oneSink      = "all-aggregated"
	capturedSink = "{1}-aggregated"
)

// life is one process: when it starts, and when it leaves for good.
type life struct {
	start, leave int64 // leave: never, or a time
	instance     string
	named        bool  // its transactional id outlives it
	skew         int64 // of its clock
	swallows     bool  // its client skips the callbacks of loss
	turns        []turn
}

// feed is what the producers of a partition do.
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
	s.drawLanguage(newDice(seed, 5))
	s.drawRollout(newDice(seed, 11))
	s.drawSources(d)
	s.drawLives(d)
	switch {
	case s.untilEnd:
	case s.next != nil:
		s.drawTurns(newDice(seed, 12))
		s.drawUnmet(newDice(seed, 14))
		if d.chance(5) {
			s.flood(d)
		}
	case d.chance(4):
		s.halt = pick(d, truncated, trimmed, foreign, expired, schemaGone)
		s.spec.Start = spec.Start{Kind: spec.StartEarliest}
	case d.chance(2):
		s.flood(d)
	default:
		s.drawLoss(newDice(seed, 13))
	}
	s.drawFaults(d)
	s.drawDenials(newDice(seed, 10))
	s.settleQuiet()
	s.drawAlignment(newDice(seed, 6))
	s.drawLag(newDice(seed, 9))
	return s
}

func (s *script) drawSpec(d dice) {
	size := pick[time.Duration](d, 1, 2, 3, 5) * time.Second
	p := spec.Pipeline{
		Name: "p", Sources: []spec.Source{{Topics: []string{"t*"}}},
		Window:      spec.Window{Size: size, Grace: pick(d, 0, size/4, size, 2*size)},
		Operations:  []string{"count", "mean"},
		MinSample:   pick(d, 1, 2, 3),
		SmallSample: pick(d, spec.FirstValue, spec.NullValue),
		Idle:        pick[time.Duration](d, 1, 2, 2, 4, 10) * time.Second,
		MaxFuture:   pick[time.Duration](d, 30, 60, 300) * time.Second,
		MaxReplay:   1e6, MaxGroups: 10_000,
		Late:    pick(d, spec.LateDrop, spec.LateDeadLetter, spec.LateDeadLetter),
		OnError: pick(d, spec.OnErrorDeadLetter, spec.OnErrorDeadLetter, spec.OnErrorSkip),
		Sink:    spec.Sink{Topic: pick(d, ownSink, oneSink)},
		Start:   spec.Start{Kind: spec.StartEarliest},
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
	s.quiet = max(s.t0, s.loss+5*sec)
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
		for _, t := range l.turns {
			s.quiet = max(s.quiet, t.at)
		}
	}
	for _, f := range s.faults {
		s.quiet = max(s.quiet, f.until)
	}
	for _, n := range s.denials {
		if n.until != never {
			s.quiet = max(s.quiet, n.until)
		}
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
