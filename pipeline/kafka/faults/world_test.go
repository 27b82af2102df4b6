package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
	"github.com/aggrun/aggrun/spec"
)

const (
	group       = "faults"
	pipe        = "p"
	groupPrefix = group + "."

	size      = time.Second // of windows
	grace     = 300 * time.Millisecond
	idleAfter = 700 * time.Millisecond
	maxFuture = 5 * time.Minute
	least     = 100. // of value0, where there is a condition
)

// world is a cluster, two registries, and workers; and what happens to them.
type world struct {
	*script
	fake         *kfake.Cluster
	source, sink *registry
	wires        wires
	plan         *pipeline.Plan
	client       *kgo.Client // nobody interferes with it
	admin        *kadm.Client
	log          journal
	feed         *feed
	began        time.Time
	workersFrom  time.Time

	faults     map[string][]*kfake.FaultHandle // by request
	interfered []*wireFault
	timers     sync.WaitGroup

	mu      sync.Mutex
	workers [mostWorkers]*worker

	count      tally
	violations []string
	counts     map[pipeline.Partition]pipeline.Counts // of orderly workers
	results    int64
	commits    map[pipeline.Partition]committed
	begins     map[pipeline.Partition]beginning
	topicIDs   map[[16]byte]string
	heard      map[string]time.Time // by member
	epoch      int32
}

func newWorld(s *script) (*world, error) {
	opts := []kfake.Opt{kfake.NumBrokers(s.brokers), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}
	if s.old {
		opts = append(opts, kfake.MaxVersions(kversion.V2_8_0()))
	}
	fake, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, err
	}
	w := &world{
		script: s, fake: fake, source: newRegistry(), sink: newRegistry(), began: time.Now(),
		faults: map[string][]*kfake.FaultHandle{}, count: newTally(),
		counts: map[pipeline.Partition]pipeline.Counts{}, commits: map[pipeline.Partition]committed{}, begins: map[pipeline.Partition]beginning{}, topicIDs: map[[16]byte]string{},
		heard: map[string]time.Time{},
	}
	w.client, err = kgo.NewClient(append(w.plain(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		return nil, err
	}
	w.admin = kadm.NewClient(w.client)
	w.feed = newFeed(w)
	if w.plan, err = w.compile(); err != nil {
		return nil, err
	}
	w.observe()
	w.hear()
	for _, t := range s.topics {
		w.create(t)
	}
	return w, nil
}

// plain are the options of a client of the test's own.
func (w *world) plain() []kgo.Opt {
	return []kgo.Opt{kgo.SeedBrokers(w.fake.ListenAddrs()...), kgo.MetadataMinAge(20 * time.Millisecond)}
}

func (w *world) close() {
	w.mu.Lock()
	for _, k := range w.workers {
		if k != nil {
			k.die()
		}
	}
	w.mu.Unlock()
	w.timers.Wait()
	w.feed.close()
	w.client.Close()
	w.fake.Close()
	w.source.server.Close()
	w.sink.server.Close()
}

func (w *world) compile() (*pipeline.Plan, error) {
	p := spec.Pipeline{
		Name: pipe, Sources: []spec.Source{{Topics: []string{"src-*"}, Registry: "source", Fields: []string{"value*"}}},
		Start:  spec.Start{Kind: spec.StartEarliest},
		Window: spec.Window{Size: size, Grace: grace}, Operations: []string{"min", "max", "sum", "mean"},
		MinSample: 1, SmallSample: spec.FirstValue, MaxFuture: maxFuture, MaxReplay: 1 << 40, MaxGroups: 10_000,
		Late: spec.LateDeadLetter, OnError: spec.OnErrorDeadLetter,
		Sink: spec.Sink{Topic: "{topic}-aggregated", Partitions: 2, Replication: -1, Create: true, Nulls: spec.NullsUnion},
	}
	if w.oneSink {
		p.Sink.Topic = "all-aggregated"
	}
	if w.idle {
		p.Idle = idleAfter
	}
	if w.where {
		p.Sources[0].Where = fmt.Sprintf("value0 >= %v", least)
	}
	return pipeline.Compile(p, pipeline.Options{})
}

// config is a worker's.
func (w *world) config(slot int, n *network) kafka.Config {
	options := []kgo.Opt{kgo.Dialer(n.dial)}
	if os.Getenv("AGGRUN_TEST_LOG") != "" {
		options = append(options, kgo.WithLogger(kgo.BasicLogger(&w.log, kgo.LogLevelDebug, func() string {
			return fmt.Sprintf("%s worker %d ", time.Now().Format("05.000"), slot)
		})))
	}
	c := kafka.Config{
		Brokers:    w.fake.ListenAddrs(),
		Registries: map[string]string{"source": w.source.server.URL, "sink": w.sink.server.URL},
		Group:      group, Log: slog.New(&listener{slog.NewTextHandler(&w.log, nil), w}).With("worker", slot),
		Timing: kafka.Timing{
			Session: 2 * time.Second, Heartbeat: 100 * time.Millisecond, Rebalance: 2 * time.Second, Transaction: 5 * time.Second,
			Discover: 200 * time.Millisecond, MetadataMin: 20 * time.Millisecond,
		},
		Options: options,
		Fatal: func(err error) {
			if !n.isDead() {
				w.wrong("a transaction does not end: %v", err)
			}
		},
	}
	if w.named {
		c.Instance = fmt.Sprintf("w%d", slot)
	}
	return c
}

// listener counts what workers tell of, on the way to their log.
type listener struct {
	slog.Handler
	world *world
}

// told are the messages that are counted.
var told = map[string]string{
	"the session ended; joining again":                     "sessions begun again",
	"a transaction that seemed aborted had been committed": "aborts that were none",
	"the broker aborted a transaction; trying again":       "aborts confirmed",
	"results cannot be written; waiting":                   "commits refused",
	"the registry does not answer; waiting":                "waits for a registry",
	"new topics":                                           "topics discovered",
}

func (l *listener) Enabled(context.Context, slog.Level) bool { return true }
func (l *listener) WithAttrs(a []slog.Attr) slog.Handler {
	return &listener{l.Handler.WithAttrs(a), l.world}
}

func (l *listener) Handle(ctx context.Context, r slog.Record) error {
	if name, ok := told[r.Message]; ok {
		l.world.add(name, 1)
	}
	return l.Handler.Handle(ctx, r)
}

// journal keeps what workers say, for who looks for what went wrong.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

// save writes the journal to a file, and gives its name.
func (j *journal) save(seed uint64) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	f, err := os.CreateTemp("", fmt.Sprintf("faults-%d-*.log", seed))
	if err == nil {
		_, err = f.Write(j.text.Bytes())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return err.Error()
	}
	return f.Name()
}

// wrong notes a violation.
func (w *world) wrong(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := fmt.Sprintf("after %4.1f s: ", time.Since(w.began).Seconds()) + fmt.Sprintf(format, args...)
	w.violations = append(w.violations, v)
	fmt.Fprintln(&w.log, "violation", v)
}

func (w *world) add(name string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count.numbers[name] += n
}

// hit counts faults.
func (w *world) hit(name string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count.faults[name] += n
}

func (w *world) refused(key string, h *kfake.FaultHandle) { w.faults[key] = append(w.faults[key], h) }

// after does something later: who waits for timers waits for it.
func (w *world) after(d time.Duration, do func()) {
	w.timers.Add(1)
	time.AfterFunc(d, func() { defer w.timers.Done(); do() })
}
