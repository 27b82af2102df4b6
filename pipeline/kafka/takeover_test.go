package kafka

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// logged is what workers log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A changed spec is rolled out, worker by worker, back and forth while records come:
// each window is written once. The specs differ in what shows in no result.
func TestRunTakesOver(t *testing.T) {
	w := newWorld(t, 12, twoTopics())
	w.feedAll(10, sources...)
	plans := []*pipeline.Plan{w.plan(nil), w.plan(func(p *spec.Pipeline) {
		p.Window.Grace *= 3
		p.MaxFuture *= 2 // the log is asked for where to read again
	})}
	var log logged
	rng := rand.New(rand.NewPCG(12, 5))
	stopped := make(chan error, 100)
	start := func(name string, plan int) context.CancelFunc {
		ctx, cancel := context.WithCancel(context.Background())
		cfg := w.config(name)
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil)).With("worker", name)
		go func() {
			_, err := Run(ctx, cfg, plans[plan:plan+1])
			stopped <- err
		}()
		return cancel
	}
	workers := []context.CancelFunc{start("w0", 0), start("w1", 0)}
	n := len(workers)
	for round := range 12 {
		for _, id := range sources {
			w.feed(id, 10+rng.IntN(30))
		}
		time.Sleep(time.Duration(200+rng.IntN(500)) * time.Millisecond)
		if round%2 == 1 { // one is replaced, and two rounds later the other
			i := round / 2 % 2
			next := start("w"+string(rune('2'+round)), 1-round/4%2)
			if rng.IntN(2) == 0 {
				time.Sleep(500 * time.Millisecond)
			}
			workers[i]()
			workers[i] = next
			n++
		}
	}
	for _, stop := range workers {
		stop()
	}
	for range n {
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	}
	if _, err := w.untilEnd(func(c *Config) { c.Instance = "last" }); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
	for _, want := range []string{"standing by", "taking over from another version", `differs_in="[grace max_future]"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
}

// A version that may not take over is refused before it joins: it takes nothing from
// those that are well.
func TestRunRefusesToTakeOver(t *testing.T) {
	w := newWorld(t, 12, twoTopics())
	w.feedAll(100, sources...)
	var log logged
	cfg := w.config("old")
	cfg.Loaded, cfg.Log = time.Now(), slog.New(slog.NewTextHandler(&log, nil))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended, old := make(chan error, 1), w.plan(nil)
	go func() { _, err := Run(ctx, cfg, []*pipeline.Plan{old}); ended <- err }()
	r, err := newRun(w.config("admin"), old)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	until(t, "the old version commits", func() bool {
		commits, err := r.commits(ctx)
		return err == nil && commits[sources[0]].Offset == 100
	})
	for want, change := range map[string]func(p *spec.Pipeline){
		"differs in sink.topic":     func(p *spec.Pipeline) { p.Sink.Topic = "all" },
		"more than max_replay (20)": func(p *spec.Pipeline) { p.Sources[0].Where, p.MaxReplay = "value0 >= 0", 20 },
	} {
		cfg := w.config("new")
		cfg.Loaded = time.Now()
		within, done := context.WithTimeout(ctx, 30*time.Second)
		if _, err := Run(within, cfg, []*pipeline.Plan{w.plan(change)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		done()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Contains(text, "standing by") {
		t.Errorf("the old version was disturbed:\n%s", text)
	}
}

// A group whose offsets are gone goes on after the last results in its sinks, and
// without being told to refuses to.
func TestRunResumesFromSink(t *testing.T) {
	w := newWorld(t, 13, twoTopics())
	w.feedAll(200, sources...)
	if _, err := w.untilEnd(func(c *Config) { c.CloseOpen = false }); err != nil {
		t.Fatal(err)
	}
	before := len(w.results(w.topics()...))
	r, err := newRun(w.config("admin"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if _, err := r.admin.DeleteGroup(context.Background(), r.group); err != nil {
		t.Fatal(err)
	}
	w.feedAll(100, sources...)
	if _, err := w.untilEnd(nil); err == nil || !strings.Contains(err.Error(), "use --resume-from-sink") {
		t.Fatalf("got %v, want a refusal that names the flag", err)
	}
	report, err := w.untilEnd(func(c *Config) { c.FromSink = true })
	if err != nil {
		t.Fatal(err)
	}
	results := w.results(w.topics()...)
	w.check(results, math.MaxInt64)
	if int(report.Results) != len(results)-before || before == 0 {
		t.Errorf("%d results, %d of them before, %d since", len(results), before, report.Results)
	}
	for id, c := range report.Counts {
		if c.Late > 0 || c.Bad > 0 {
			t.Errorf("%v: %+v: what is written already is neither late nor bad", id, c)
		}
	}
	w.wantShardsRefused()
}

// wantShardsRefused holds that shards of one sink are not told apart.
func (w *world) wantShardsRefused() {
	w.t.Helper()
	plan := w.plan(func(p *spec.Pipeline) { p.Shard, p.GroupBy = spec.ShardPartition, []string{"$partition"} })
	cfg := w.config("w")
	cfg.Group, cfg.FromSink, cfg.UntilEnd = "other", true, true
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := Run(ctx, cfg, []*pipeline.Plan{plan}); err == nil || !strings.Contains(err.Error(), "under shard: partition there are several") {
		w.t.Errorf("got %v, want a refusal", err)
	}
}
