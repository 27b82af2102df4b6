package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
	"github.com/aggrun/aggrun/spec"
)

// world is a fake cluster and two registries with source topics on it, and the
// truth about what was written to them.
type world struct {
	t            *testing.T
	fake         *kfake.Cluster
	source, sink string
	client       *kgo.Client
	root         []kgo.Opt // as whom the test itself asks
	monitor      *Monitor  // of the worker that was started last
	rng          *rand.Rand
	ids          map[string]int32
	widths       map[string]int               // values in a record, by topic
	clock        map[pipeline.Partition]int64 // ms
	mu           sync.Mutex
	truth        map[window]sums
}

// window is one expected result.
type window struct {
	sink string
	end  int64 // ms
}

type sums struct {
	count int64
	sum   float64
}

const (
	sizeMS  = 1000
	graceMS = 300
	epochMS = 1_700_000_000_000
)

func newWorld(t *testing.T, seed uint64, topics map[string]int32) *world {
	t.Helper()
	return newGuardedWorld(t, seed, topics, nil)
}

// newGuardedWorld is newWorld on a cluster with options, where the test itself is as
// root says; nil: nobody.
func newGuardedWorld(t *testing.T, seed uint64, topics map[string]int32, root kgo.Opt, guard ...kfake.Opt) *world {
	t.Helper()
	opts := append([]kfake.Opt{kfake.NumBrokers(2), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}, guard...)
	for _, name := range slices.Sorted(keys(topics)) {
		opts = append(opts, kfake.SeedTopics(topics[name], name))
	}
	fake, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	w := &world{
		t: t, fake: fake, rng: rand.New(rand.NewPCG(seed, 1)),
		source: registryFor(t), sink: registryFor(t),
		ids: map[string]int32{}, widths: map[string]int{}, clock: map[pipeline.Partition]int64{}, truth: map[window]sums{},
	}
	if root != nil {
		w.root = append(w.root, root)
	}
	w.client, err = kgo.NewClient(append(w.root, kgo.SeedBrokers(fake.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(20*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	for name := range topics {
		w.describe(name)
	}
	return w
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func registryFor(t *testing.T) string {
	s := httptest.NewServer(srfake.NewRegistry().Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// describe registers the example schema of one value for a topic.
func (w *world) describe(topic string) { w.describeWide(topic, 1) }

// describeWide registers it with more values, which stay 0.
func (w *world) describeWide(topic string, values int) {
	w.t.Helper()
	w.widths[topic] = values
	client, err := sr.NewClient(sr.URLs(w.source))
	if err != nil {
		w.t.Fatal(err)
	}
	schema, err := codec.ExampleSchema(topic, values)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := client.CreateSchema(context.Background(), topic+"-value", sr.Schema{Schema: schema.Text()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.ids[topic] = int32(s.ID)
}

// feed writes n records to a partition: event time ascends, less disorder inside
// the grace.
func (w *world) feed(id pipeline.Partition, n int) {
	var records []*kgo.Record
	for range n {
		if w.clock[id] == 0 {
			w.clock[id] = epochMS
		}
		w.clock[id] += w.rng.Int64N(60)
		at := w.clock[id] - w.rng.Int64N(graceMS)
		v := float64(w.rng.IntN(1000))
		records = append(records, &kgo.Record{
			Topic: id.Topic, Partition: id.ID, Timestamp: time.UnixMilli(at),
			Value: w.valueOf(id.Topic, at, v),
		})
		w.mu.Lock()
		k := window{id.Topic + "-aggregated", (at/sizeMS + 1) * sizeMS}
		s := w.truth[k]
		w.truth[k] = sums{s.count + 1, s.sum + v}
		w.mu.Unlock()
	}
	if err := w.client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		w.t.Errorf("feed: %v", err)
	}
}

// valueOf is a record of a topic at a time, ms.
func (w *world) valueOf(topic string, at int64, v float64) []byte {
	return codec.AppendDoubles(nil, w.ids[topic], append([]float64{float64(at) / 1000, v}, make([]float64, w.widths[topic]-1)...)...)
}

func (w *world) plan(change func(*spec.Pipeline)) *pipeline.Plan {
	w.t.Helper()
	p := spec.Pipeline{
		Name: "t", Sources: []spec.Source{{Topics: []string{"src-*"}, Registry: "source"}},
		Start:  spec.Start{Kind: spec.StartEarliest},
		Window: spec.Window{Size: sizeMS * time.Millisecond, Grace: graceMS * time.Millisecond}, Operations: []string{"sum"},
		MinSample: 1, SmallSample: spec.FirstValue, Idle: 10 * time.Second, MaxFuture: 5 * time.Minute, MaxReplay: 1 << 40, MaxGroups: 10_000,
		Late: spec.LateDeadLetter, OnError: spec.OnErrorDeadLetter,
		Sink: spec.Sink{Topic: "{topic}-aggregated", Partitions: 2, Replication: -1, Create: true, Nulls: spec.NullsUnion},
	}
	if change != nil {
		change(&p)
	}
	plan, err := pipeline.Compile(p, pipeline.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return plan
}

func (w *world) config(instance string) Config {
	var out io.Writer = io.Discard
	if os.Getenv("AGGRUN_TEST_LOG") != "" {
		out = os.Stderr
	}
	monitor := NewMonitor()
	w.t.Cleanup(func() { checkAccounts(w.t, monitor) })
	return Config{
		Monitor: monitor,
		Brokers: w.fake.ListenAddrs(), Registries: map[string]string{"source": w.source, "sink": w.sink},
		Group: "g", Instance: instance, Log: slog.New(slog.NewTextHandler(out, nil)).With("worker", instance),
		Timing: Timing{
			Session: 1500 * time.Millisecond, Heartbeat: 100 * time.Millisecond, Rebalance: 1500 * time.Millisecond,
			Transaction: 2 * time.Second, Discover: 300 * time.Millisecond, MetadataMin: 20 * time.Millisecond,
		},
		Fatal: func(err error) { panic(err) },
	}
}

// result is what a read_committed reader sees.
type result struct {
	window
	count int64
	sum   float64
}

// results reads every committed result of the sinks.
func (w *world) results(topics ...string) []result {
	w.t.Helper()
	cfg := w.config("reader")
	cfg.Options = w.root
	r, err := newRun(cfg, w.plan(nil))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var out []result
	for _, topic := range topics {
		for _, rec := range w.readAll(ctx, r, topic) {
			out = append(out, w.decodeResult(ctx, r, rec))
		}
	}
	return out
}

func (w *world) readAll(ctx context.Context, r *run, topic string) []*kgo.Record {
	w.t.Helper()
	list, err := r.admin.ListTopics(ctx, topic)
	if err != nil || list[topic].Err != nil {
		return nil
	}
	from, ends, err := r.last(ctx, []string{topic}, math.MaxInt64)
	var all []*kgo.Record
	var failed map[string]error
	if err == nil {
		failed, err = r.read(ctx, tailLimit, from, ends, func(rec *kgo.Record) { all = append(all, rec) })
	}
	if err = errors.Join(err, failed[topic]); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// decodeResult reads a result by its schema: count and the sum of value0.
func (w *world) decodeResult(ctx context.Context, r *run, rec *kgo.Record) result {
	w.t.Helper()
	id, body, err := codec.Header(rec.Value)
	if err != nil {
		w.t.Fatal(err)
	}
	schema, err := r.shards.sink.byID(ctx, id)
	if err != nil || schema == nil {
		w.t.Fatalf("schema %d: %v", id, err)
	}
	d, err := codec.CompileDecoder(schema, []pipeline.Column{{Path: "count", Slot: 0}, {Path: "sum_value0", Slot: 1}, {Path: "time", Slot: 2}})
	if err != nil {
		w.t.Fatal(err)
	}
	columns := pipeline.Batch{Numbers: [][]float64{{0}, {0}, {0}}}
	if err := d.Decode(body, 0, &columns); err != nil {
		w.t.Fatal(err)
	}
	end := int64(columns.Numbers[2][0]*1000) + sizeMS/2
	return result{window{rec.Topic, end}, int64(columns.Numbers[0][0]), columns.Numbers[1][0]}
}

// check compares what readers see with the truth: each window once, with every
// record. Windows that end after closed (ms) may still be open.
func (w *world) check(results []result, closed int64) {
	w.t.Helper()
	seen := map[window]bool{}
	for _, r := range results {
		if seen[r.window] {
			w.t.Errorf("window %v is there twice", r.window)
		}
		seen[r.window] = true
		if want := w.truth[r.window]; want != (sums{r.count, r.sum}) {
			w.t.Errorf("window %v: got %d, %v; want %+v", r.window, r.count, r.sum, want)
		}
	}
	for k := range w.truth {
		if !seen[k] && k.end <= closed {
			w.t.Errorf("window %v is missing", k)
		}
	}
}

func (w *world) topics() []string {
	var names []string
	for name := range w.ids {
		names = append(names, fmt.Sprint(name, "-aggregated"))
	}
	slices.Sort(names)
	return names
}
