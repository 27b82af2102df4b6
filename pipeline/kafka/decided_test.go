package kafka

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// openTransaction leaves records of another producer in every sink's partitions, in a
// transaction that is open until the test ends it.
func (w *world) openTransaction() *kgo.Client {
	w.t.Helper()
	other, err := kgo.NewClient(kgo.SeedBrokers(w.fake.ListenAddrs()...), kgo.TransactionalID("other"),
		kgo.TransactionTimeout(time.Minute), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(other.Close)
	if err := other.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	for _, topic := range w.topics() {
		for p := range int32(2) {
			if err := other.ProduceSync(context.Background(), &kgo.Record{Topic: topic, Partition: p, Value: []byte("x")}).FirstErr(); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return other
}

// Results that lie after another's open transaction are found once that ends, and
// until then nobody begins.
func TestRunResumesBeyondAnOpenTransaction(t *testing.T) {
	w := newWorld(t, 13, twoTopics())
	w.feedAll(200, sources...)
	if _, err := w.untilEnd(func(c *Config) { c.CloseOpen = false }); err != nil {
		t.Fatal(err)
	}
	other := w.openTransaction()
	w.feedAll(200, sources...)
	if _, err := w.untilEnd(func(c *Config) { c.CloseOpen = false }); err != nil {
		t.Fatal(err)
	}
	r, err := newRun(w.config("admin"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	ctx := context.Background()
	if _, err := r.admin.DeleteGroup(ctx, r.group); err != nil {
		t.Fatal(err)
	}
	if _, err := r.decided(ctx, w.topics(), 200*time.Millisecond); err == nil || !strings.Contains(err.Error(), `open for 200ms in sinks ["src-a-aggregated" "src-b-aggregated"]`) {
		t.Errorf("got %v, want a refusal that names the sinks", err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := w.untilEnd(func(c *Config) { c.FromSink = true })
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(500 * time.Millisecond):
	}
	if err := other.EndTransaction(ctx, kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}

// A sink that others write to all the time is waited for no longer than to where it
// ended at first.
func TestDecidedInABusySink(t *testing.T) {
	w := newWorld(t, 13, twoTopics())
	w.feedAll(50, sources...)
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	r, err := newRun(w.config("admin"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	ctx, cancel := context.WithCancel(context.Background())
	busy := make(chan error, 1)
	first := w.openTransaction()
	go func() { // the next transaction begins before the last one ends
		clients := []*kgo.Client{first}
		for n := 0; ctx.Err() == nil; n++ {
			next, err := kgo.NewClient(kgo.SeedBrokers(w.fake.ListenAddrs()...), kgo.TransactionalID("busy-"+string(rune('a'+n%26))), kgo.RecordPartitioner(kgo.ManualPartitioner()))
			if err == nil {
				err = next.BeginTransaction()
			}
			for p := int32(0); p < 2 && err == nil; p++ {
				err = next.ProduceSync(context.Background(), &kgo.Record{Topic: "src-a-aggregated", Partition: p}).FirstErr()
			}
			if err == nil {
				time.Sleep(50 * time.Millisecond)
				err = clients[n].EndTransaction(context.Background(), kgo.TryCommit)
			}
			if clients = append(clients, next); err != nil {
				busy <- err
				return
			}
		}
		for _, c := range clients[1:] {
			c.Close()
		}
		busy <- nil
	}()
	bounds, err := r.decided(context.Background(), w.topics()[:1], 20*time.Second)
	if err != nil || len(bounds) != 2 {
		t.Errorf("got %v, %v", bounds, err)
	}
	cancel()
	if err := <-busy; err != nil {
		t.Fatal(err)
	}
}
