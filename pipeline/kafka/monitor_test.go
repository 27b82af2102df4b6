package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
	"github.com/aggrun/aggrun/spec"
)

// checkAccounts holds what became of the offsets against how far commits moved: each
// test of a run ends with it (world.config).
func checkAccounts(t *testing.T, m *Monitor) {
	t.Helper()
	for _, p := range m.Pipelines() {
		for id, moved := range p.Offsets {
			if c := p.Counts[id]; c.Offsets() != moved || c.LatePartial > c.Aggregated {
				t.Errorf("pipeline %s, %v: commits moved %d offsets, and %d are accounted for: %+v", p.Name, id, moved, c.Offsets(), c)
			}
		}
		for id, c := range p.Counts {
			if _, known := p.Offsets[id]; !known {
				t.Errorf("pipeline %s, %v: %+v are accounted for, and nothing was committed", p.Name, id, c)
			}
		}
	}
}

// accounts adds the partitions of a pipeline up.
func accounts(p status.Pipeline) (sum pipeline.Counts) {
	for _, c := range p.Counts {
		sum.Add(c)
	}
	return sum
}

// Every fate at once, over hopping windows and groups: each offset has one, and a
// record is aggregated once however many windows and aggregates it is in.
func TestMonitorAccounts(t *testing.T) {
	w := newWorld(t, 11, map[string]int32{"src-a": 1})
	id := pipeline.Partition{Topic: "src-a", ID: 0}
	plan := w.plan(func(p *spec.Pipeline) {
		p.Window.Advance = 250 * time.Millisecond
		p.GroupBy = []string{"value0"}
		p.MaxGroups = 20
		p.Sources[0].Where = "value0 != 7"
	})
	w.feed(id, 200)
	first := w.finish(plan)
	w.mixed(id) // late by the C that was committed
	second := w.finish(plan)
	begun := accounts(first)
	c, end := accounts(second), w.end(id)
	if begun.Offsets()+c.Offsets() != end || c.Aggregated == 0 || c.Filtered == 0 || c.Late == 0 || c.Bad == 0 || c.Other == 0 || c.LatePartial == 0 {
		t.Errorf("of %d offsets: %+v and %+v", end, begun, c)
	}
	if second.Letters != c.Bad+c.Late || second.Results == 0 || second.Commits.Count == 0 {
		t.Errorf("%d dead letters, %d results in %d commits; %+v", second.Letters, second.Results, second.Commits.Count, c)
	}
}

// finish runs a plan to the end of what is there, and tells how it stood.
func (w *world) finish(plan *pipeline.Plan) status.Pipeline {
	w.t.Helper()
	cfg := w.config("w")
	cfg.UntilEnd, cfg.CloseOpen = true, true
	if _, err := Run(w.t.Context(), cfg, []*pipeline.Plan{plan}); err != nil {
		w.t.Fatal(err)
	}
	all := cfg.Monitor.Pipelines()
	if len(all) != 1 || all[0].State != status.Finished {
		w.t.Fatalf("%+v", all)
	}
	return all[0]
}

// mixed writes what is filtered, bad, late in part and in all, and in transactions
// that are committed and aborted.
func (w *world) mixed(id pipeline.Partition) {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.fake.ListenAddrs()...), kgo.TransactionalID("upstream"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(20*time.Millisecond))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range 40 {
		if err := client.BeginTransaction(); err != nil {
			w.t.Fatal(err)
		}
		for range 1 + rng.IntN(10) {
			client.Produce(context.Background(), w.odd(id, rng), func(_ *kgo.Record, err error) {
				if err != nil {
					w.t.Error(err)
				}
			})
		}
		err := errors.Join(client.Flush(context.Background()), client.EndTransaction(context.Background(), kgo.TransactionEndTry(i%3 > 0)))
		if err != nil {
			w.t.Fatal(err)
		}
		w.feed(id, 5)
	}
}

// odd is one record: bad, filtered, or late by any span.
func (w *world) odd(id pipeline.Partition, rng *rand.Rand) *kgo.Record {
	at := w.clock[id] - rng.Int64N(4*sizeMS)
	value := w.valueOf(id.Topic, at, []float64{7, 8}[rng.IntN(2)])
	if rng.IntN(4) == 0 {
		value = []byte("no record")
	}
	return &kgo.Record{Topic: id.Topic, Partition: id.ID, Timestamp: time.UnixMilli(at), Value: value}
}

// end is where a partition ends.
func (w *world) end(id pipeline.Partition) int64 {
	w.t.Helper()
	r, err := newRun(w.config("reader"), w.plan(nil))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.close()
	ends, err := logs{w.t.Context(), r.admin, clock{time.Now()}}.ends([]pipeline.Partition{id})
	if err != nil {
		w.t.Fatal(err)
	}
	return ends[id].Stable
}

func TestCauses(t *testing.T) {
	for want, err := range map[status.Cause]error{
		status.Fenced:    fmt.Errorf("x: %w", kerr.ProducerFenced),
		status.Forgotten: errForgotten,
		status.Torn:      pipeline.ErrTorn,
		status.Doubtful:  errMixed,
		status.Halted:    stop("no"),
		status.Brokers:   fmt.Errorf("x: %w", kerr.RequestTimedOut),
		status.Other:     errors.New("no idea"),
	} {
		if got := causeOf(err); got != want {
			t.Errorf("%v is %v, want %v", err, got, want)
		}
	}
}

// The state is that of what is to come: after a session there is another one, unless
// the pipeline stops.
func TestStates(t *testing.T) {
	worker := pipeline.NewWorker(newWorld(t, 12, map[string]int32{"src-a": 1}).plan(nil), nil, false)
	for _, c := range []struct {
		what string
		do   func(w *watch)
		want status.State
	}{
		{"a session ends", func(w *watch) { w.becomes(status.Reading); w.ended(worker, nil, errMixed) }, status.Joining},
		{"none begins", func(w *watch) { w.becomes(status.Reading); w.failed(kerr.RequestTimedOut) }, status.Joining},
		{"one ends for good", func(w *watch) { w.becomes(status.Reading); w.failed(stop("no")) }, status.Reading}, // until the run tells
		{"it stops", func(w *watch) { w.stopped(stop("no"), false) }, status.Stopped},
		{"it is done", func(w *watch) { w.stopped(nil, false) }, status.Finished},
		{"it was told to end", func(w *watch) { w.stopped(nil, true) }, status.Ended},
	} {
		w := NewMonitor().of("p")
		if c.do(w); w.snapshot().State != c.want {
			t.Errorf("%s: %v, want %v", c.what, w.snapshot().State, c.want)
		}
	}
	w := NewMonitor().of("p")
	for superseded, want := range map[bool]status.State{true: status.Superseded, false: status.StandingBy} {
		w.supersedes(superseded)
		if got := w.stateOf(&pipeline.Status{Joined: true}); got != want {
			t.Errorf("without shards it is %v, want %v", got, want)
		}
	}
}

// Nobody asks: nothing is gathered, and nothing fails.
func TestNobodyAsks(t *testing.T) {
	var m *Monitor
	w := m.of("p")
	w.joins()
	w.stepped(nil, nil)
	w.follow(pipeline.Synced{})
	w.committed(nil, time.Time{}, true)
	w.fetched(pipeline.Partition{}, status.Log{})
	w.uses()
	w.ended(nil, nil, errMixed)
	w.stopped(errMixed, false)
	w.supersedes(true)
	if w != nil {
		t.Error("there is a watch")
	}
}

// A registry is waited for since the first who waits, and until the last.
func TestOutage(t *testing.T) {
	var o outage
	if o.over(false); !o.status("source").Silent.IsZero() {
		t.Error("nobody waits")
	}
	o.met(o.met(false))
	since := o.status("source").Silent
	o.met(false)
	o.over(true)
	if got := o.status("source"); got.Silent != since || since.IsZero() || got.Errors != 3 {
		t.Errorf("%+v, want it since %v", got, since)
	}
	if o.over(true); !o.status("source").Silent.IsZero() {
		t.Error("nobody waits any more")
	}
}
