package pipeline

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// stream is a client whose first topic has records for ever: the same batches,
// later each time. The other topics have none.
type stream struct {
	plan    *Plan
	topics  int
	batches []Batch // of each partition of the first topic
	span    int64   // event time in a batch, ns
	pause   int64   // time between polls, ns
	now     int64
	begun   bool
	reads   bool
	results int
}

const streamPartitions = 4

// newStream has so many topics, and rows of so many keys a batch, at rate a second
// of each partition.
func newStream(plan *Plan, topics, rows, keys int, rate int64) *stream {
	s := &stream{plan: plan, topics: topics, span: int64(rows) * 1e9 / rate, pause: int64(time.Second), now: 1e18}
	r := rand.New(rand.NewPCG(1, 2))
	var fields []string
	for i := range 10 {
		fields = append(fields, fmt.Sprint("v", i))
	}
	for p := range int32(streamPartitions) {
		var events []event
		for i := range int64(rows) {
			e := event{at: i * 1e9 / rate, numbers: map[string]float64{"key": float64(r.IntN(max(keys, 1)))}}
			for _, f := range fields {
				e.numbers[f] = r.NormFloat64()
			}
			events = append(events, e)
		}
		s.batches = append(s.batches, *batchOf(plan, Partition{s.topic(0), p}, 0, events, fields...))
	}
	return s
}

func (s *stream) topic(i int) string { return fmt.Sprint("t", i) }

func (s *stream) Poll(Request) (Fetch, error) {
	s.now += s.pause
	f := Fetch{Now: s.now}
	switch {
	case !s.begun:
		s.begun = true
		f.Events = s.assignment()
	case s.reads:
		f.Batches = s.batches
	}
	return f, nil
}

func (s *stream) assignment() []Event {
	all, counts := Assigned{}, map[string]int32{}
	var owned []Partition
	for i := range s.topics {
		counts[s.topic(i)] = streamPartitions
		for p := range int32(streamPartitions) {
			id := Partition{s.topic(i), p}
			owned = append(owned, id)
			all.Positions = append(all.Positions, Position{Partition: id, Stop: None, End: End{Asked: None}, Checkpoint: Checkpoint{
				Fingerprint: s.plan.Fingerprint, Largest: None, Closed: None, Skipped: None, Forgotten: None,
			}})
		}
	}
	return []Event{Synced{Owned: owned, Counts: counts}, all}
}

func (s *stream) Commit(c *Commit) (bool, error) {
	s.results += len(c.Results)
	return true, nil
}

// shift makes the batches the next ones.
func (s *stream) shift() {
	for p := range s.batches {
		b := &s.batches[p]
		rows := int64(len(b.Offsets))
		for i := range b.Offsets {
			b.Offsets[i] += rows
			b.Times[i] += s.span
		}
		b.Next += rows
	}
}

// warm is a worker that has read for a while.
func (s *stream) warm(tb testing.TB) *Worker {
	w := NewWorker(s.plan, s, false)
	for i := range 40 {
		s.reads = i > 1
		s.step(tb, w)
	}
	if s.results == 0 {
		tb.Fatal("no results")
	}
	return w
}

func (s *stream) step(tb testing.TB, w *Worker) {
	if err := w.Step(); err != nil {
		tb.Fatal(err)
	}
	if s.reads {
		s.shift()
	}
}

var firstWork = []string{"count", "min", "max", "mean", "stdev"}

// ofTopics changes a plan to that of topics t0, t1 and so on.
func ofTopics(change func(*spec.Pipeline)) func(*spec.Pipeline) {
	return func(p *spec.Pipeline) {
		p.Operations, p.Sources[0].Topics, p.MaxFuture = firstWork, []string{"t*"}, math.MaxInt64/4
		if change != nil {
			change(p)
		}
	}
}

// A warm worker allocates nothing for a record, a window or a group: a step with a
// commit makes the commit, its offsets and the text of their metadata.
func TestStepAllocatesNothing(t *testing.T) {
	for name, change := range map[string]func(*spec.Pipeline){
		"tumbling":  nil,
		"quartiles": func(p *spec.Pipeline) { p.Operations = []string{"q1", "median", "q3"} },
		"groups":    func(p *spec.Pipeline) { p.GroupBy = []string{"key"} },
		"hopping":   func(p *spec.Pipeline) { p.Window = spec.Window{Size: 10 * time.Second, Advance: time.Second} },
		"where": func(p *spec.Pipeline) {
			p.Sources[0].Where = "v0 > -0.5"
			p.Sources[0].Derive = []spec.Named{{Name: "norm", Text: "hypot(v0, v1)"}}
			p.Aggregates = []spec.Named{{Name: "spread", Text: "max(v0) - min(v0)"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStream(compiled(t, ofTopics(change)), 1, 2000, 50, 1000)
			w := s.warm(t)
			before := s.results
			n := testing.AllocsPerRun(20, func() { s.step(t, w) })
			if s.results < before+40 || n > 5 {
				t.Errorf("%v allocations in a step of 8,000 records, for %d results in 21 steps", n, s.results-before)
			}
		})
	}
}

// Nothing is allocated for a step in which nothing comes and no commit is due.
func TestIdleStepAllocatesNothing(t *testing.T) {
	s := newStream(compiled(t, ofTopics(nil)), 100, 2000, 0, 1000)
	w := s.warm(t)
	s.reads, s.pause = false, 1000
	s.step(t, w)
	if n := testing.AllocsPerRun(50, func() { s.step(t, w) }); n > 0 {
		t.Errorf("%v allocations in a step without records", n)
	}
}

// The cost of a worker's step by how many topics of four partitions it has: idle,
// without a record, and busy, with 8,000 of one topic. BenchmarkStep/KIND/TOPICS,
// ns a step.
func BenchmarkStep(b *testing.B) {
	for _, reads := range []bool{false, true} {
		for _, topics := range []int{1, 100, 1000} {
			name := map[bool]string{false: "idle", true: "busy"}[reads]
			b.Run(fmt.Sprintf("%s/%d", name, topics), func(b *testing.B) {
				s := newStream(compiled(b, ofTopics(nil)), topics, 2000, 0, 1000)
				w := s.warm(b)
				s.reads, s.pause = reads, 1e6
				b.ReportAllocs()
				for b.Loop() {
					s.step(b, w)
				}
			})
		}
	}
}
