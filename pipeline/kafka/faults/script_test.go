package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// This file draws what happens in a run, from the seed alone.

// script is a run before it is played.
type script struct {
	seed     uint64
	calm     bool // nothing fails: workers come and go
	brokers  int
	old      bool // brokers of Kafka 2.8
	topics   []topicSetup
	oneSink  bool // one shard of all topics
	idle     bool // partitions that are silent have no say after a while
	where    bool // records are left out by a condition
	named    bool // instances have names, and take over from their dead selves
	workers  int  // at first, and at the end
	untilEnd bool // at the end, what is still open is written
	rounds   []round
}

// topicSetup is a source topic.
type topicSetup struct {
	name          string
	partitions    int32
	transactional bool
	empty         bool // its last partition never has a record
}

// round is a part of a run: something happens, records are written, time passes.
type round struct {
	events []event
	pause  time.Duration
	silent bool // nothing is written
}

// event is what happens in a round.
type event interface {
	fmt.Stringer
	happen(w *world)
}

// String is the script as a failing seed prints it.
func (s *script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d brokers (of 2.8: %v), topics %+v, one sink %v, idle %v, where %v, named %v, %d workers, until end %v\n",
		s.brokers, s.old, s.topics, s.oneSink, s.idle, s.where, s.named, s.workers, s.untilEnd)
	for i, r := range s.rounds {
		fmt.Fprintf(&b, "  round %2d: %v, %v then (silent: %v)\n", i, r.events, r.pause, r.silent)
	}
	return b.String()
}

const mostWorkers = 3

// draw draws the script of a seed.
func draw(seed uint64) *script {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := &script{
		seed: seed, brokers: 1 + rng.IntN(3), old: rng.IntN(4) == 0, oneSink: rng.IntN(3) == 0, idle: rng.IntN(2) == 0,
		where: rng.IntN(3) == 0, named: rng.IntN(3) == 0, workers: 1 + rng.IntN(mostWorkers), untilEnd: rng.IntN(3) == 0,
	}
	for i := range 2 + rng.IntN(2) {
		s.topics = append(s.topics, topicSetup{
			name: fmt.Sprintf("src-%d", i), partitions: int32(1 + rng.IntN(3)),
			transactional: rng.IntN(2) == 0, empty: s.idle && rng.IntN(4) == 0,
		})
	}
	d := drawing{rng: rng, script: s}
	s.calm = rng.IntN(8) == 0
	for range 8 + rng.IntN(8) {
		s.rounds = append(s.rounds, d.round())
	}
	return s
}

// drawing is a script that is drawn.
type drawing struct {
	*script
	rng   *rand.Rand
	added int
}

func (d *drawing) round() round {
	r := round{pause: d.between(50, 350)}
	if d.idle && d.rng.IntN(8) == 0 {
		r.silent, r.pause = true, idleAfter+d.between(200, 600)
	}
	for range d.rng.IntN(7) {
		r.events = append(r.events, d.event())
	}
	return r
}

// between draws a time, ms.
func (d *drawing) between(from, to int) time.Duration {
	return time.Duration(from+d.rng.IntN(to-from)) * time.Millisecond
}

func pick[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }

// event draws one. The first ones are those of calm runs.
func (d *drawing) event() event {
	kinds := []struct {
		weight int
		draw   func() event
	}{
		{3, func() event { return join{d.slot()} }},
		{2, func() event { return leave{d.slot()} }},
		{2, d.growth},
		{16, d.code},
		{12, d.wire},
		{2, func() event { return rehash{} }},
		{2, func() event { return shuffle{} }},
		{2, func() event { return move{pick(d.rng, d.topics).name, d.rng.Int32N(3), d.rng.Int32N(int32(d.brokers))} }},
		{4, func() event { return kill{d.slot(), d.between(0, 2500)} }},
		{2, func() event { return freeze{d.slot(), d.between(200, 3500)} }},
		{2, func() event { return cut{d.slot()} }},
		{3, func() event {
			return ailment{d.rng.IntN(2) == 0, trouble(1 + d.rng.IntN(3)), d.between(50, 900)}
		}},
	}
	if d.calm {
		kinds = kinds[:3]
	}
	all := 0
	for _, k := range kinds {
		all += k.weight
	}
	at := d.rng.IntN(all)
	for _, k := range kinds {
		if at -= k.weight; at < 0 {
			return k.draw()
		}
	}
	panic("not reached")
}

func (d *drawing) slot() int { return d.rng.IntN(mostWorkers) }

// growth adds a topic once, or partitions.
func (d *drawing) growth() event {
	d.added++
	if d.added == 1 && d.rng.IntN(2) == 0 {
		return appear{topicSetup{name: "src-new", partitions: int32(1 + d.rng.IntN(2)), transactional: d.rng.IntN(2) == 0}}
	}
	return widen{pick(d.rng, d.topics).name}
}

func (d *drawing) code() event {
	a := pick(d.rng, table)
	return refusal{a.key, pick(d.rng, a.errs), a.whole, 1 + d.rng.IntN(4)}
}

func (d *drawing) wire() event {
	f := wireFault{kind: wireKind(d.rng.IntN(4)), key: pick(d.rng, cuttable), left: 1 + d.rng.IntN(2)}
	switch f.kind {
	case failAfter:
		f.key, f.err = pick(d.rng, answered), pick(d.rng, undecided)
	case late:
		f.delay = d.between(20, 1500)
	}
	return interference{f}
}

// name is how the codes are known.
func name(err *kerr.Error) string { return err.Message }
