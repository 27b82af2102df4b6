package kafka

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// until waits for something to be so.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// A process of a new version listed topics just before one was made that the old one
// reads into the same sink: it closes no window without it.
func TestRunTakesOverBeforeATopicIsMet(t *testing.T) {
	w := newWorld(t, 12, map[string]int32{"src-a": 1})
	w.describe("src-b")
	one := func(p *spec.Pipeline) { p.Sink.Topic = "all" }
	a, b := pipeline.Partition{Topic: "src-a"}, pipeline.Partition{Topic: "src-b"}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var log logged
	ended := make(chan error, 2)
	cfg, old := w.config("old"), w.plan(one)
	cfg.Loaded, cfg.Log = time.Now(), slog.New(slog.NewTextHandler(&log, nil))
	go func() { _, err := Run(ctx, cfg, []*pipeline.Plan{old}); ended <- err }()
	fresh := w.config("new")
	fresh.Loaded, fresh.Timing.Discover, fresh.Monitor = time.Now(), 3*time.Second, nil
	r, err := newRun(fresh, w.plan(func(p *spec.Pipeline) { one(p); p.MaxFuture *= 2 }))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := r.prepare(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.fake.CreateTopic(b.Topic, 1, nil); err != nil {
		t.Fatal(err)
	}
	w.client.ForceMetadataRefresh()
	read := func(id pipeline.Partition, n int64) func() bool {
		return func() bool { commits, err := r.commits(ctx); return err == nil && commits[id].Offset >= n }
	}
	w.feedAll(100, a, b)
	until(t, "the old version has both topics", func() bool { return read(a, 100)() && read(b, 100)() })
	go func() { ended <- r.sessions(ctx) }()
	until(t, "the old version stands by", func() bool { return strings.Contains(log.String(), "standing by") })
	w.feed(a, 200)
	time.Sleep(700 * time.Millisecond) // in which the new version could read them
	w.feed(b, 200)
	until(t, "the new version has both topics", func() bool { return read(a, 300)() && read(b, 300)() })
	cancel()
	for range 2 {
		<-ended // as they were told to
	}
	for id, c := range r.report.Counts {
		if c.Late > 0 || c.Aggregated != 200 {
			t.Errorf("%v: %+v", id, c)
		}
	}
}

// What the group has committed of a topic counts whether it was met here or not, but
// not that of one that is gone, or that the spec does not name.
func TestKeptOfTopicsNotMet(t *testing.T) {
	w := newWorld(t, 12, map[string]int32{"src-a": 2, "src-b": 3, "src-gone": 1, "other": 1})
	r, err := newRun(w.config("w"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.topics.add("src-a")
	ctx, commits := context.Background(), kadm.Offsets{}
	for topic, p := range map[string]int32{"src-a": 1, "src-b": 2, "src-gone": 0, "other": 0} {
		commits.Add(kadm.Offset{Topic: topic, Partition: p, At: 7, LeaderEpoch: -1})
	}
	if err := r.admin.CommitAllOffsets(ctx, r.group, commits); err != nil {
		t.Fatal(err)
	}
	if _, err := r.admin.DeleteTopic(ctx, "src-gone"); err != nil {
		t.Fatal(err)
	}
	counts, err := (&session{run: r}).kept(ctx)
	if want := map[string]int32{"src-a": 2, "src-b": 3}; err != nil || !maps.Equal(counts, want) {
		t.Errorf("got %v, %v; want %v", counts, err, want)
	}
}
