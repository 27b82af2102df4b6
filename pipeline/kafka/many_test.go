package kafka

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// requests counts what is asked, by kind.
type requests struct {
	mu sync.Mutex
	of map[string]int
}

func (r *requests) add(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]int{}
	}
	r.of[kind]++
}

func (r *requests) total() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, of := range r.of {
		n += of
	}
	return n
}

// OnBrokerWrite implements kgo.HookBrokerWrite.
func (r *requests) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	r.add(kmsg.NameForKey(key))
}

// before puts a proxy that counts before a registry.
func (r *requests) before(t *testing.T, registry string) string {
	to, err := url.Parse(registry)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.add(q.Method)
		proxy.ServeHTTP(w, q)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// prepared starts a run, and counts what it asks brokers and registries.
func (w *world) prepared(change func(*spec.Pipeline)) (brokers, registries *requests, took time.Duration, err error) {
	w.t.Helper()
	brokers, registries = &requests{}, &requests{}
	cfg := w.config("w")
	cfg.Timing = cfg.Timing.withDefaults()
	cfg.Options = []kgo.Opt{kgo.WithHooks(brokers)}
	cfg.Registries = map[string]string{"source": registries.before(w.t, w.source), "sink": registries.before(w.t, w.sink)}
	plan := w.plan(change)
	cfg.Writers = []*pipeline.Plan{plan}
	r, err := newRun(cfg, plan)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.close()
	began := time.Now()
	err = r.prepare(context.Background())
	return brokers, registries, time.Since(began), err
}

// Brokers are asked about all topics at once: what they are asked does not grow
// with the number of topics. Registries are asked for a schema, and told of one.
func TestStartWithManyTopics(t *testing.T) {
	const few, many, slack = 3, 60, 16 // connections, answers that come later than usual, and rounds until sinks are led
	asked := map[int]int{}
	for _, n := range []int{few, many} {
		topics := map[string]int32{}
		for i := range n {
			topics[fmt.Sprintf("src-%03d", i)] = 2
		}
		w := newWorld(t, 20, topics)
		for name := range topics {
			w.feed(pipeline.Partition{Topic: name}, 10)
		}
		for _, start := range []string{"first", "second"} {
			brokers, registries, took, err := w.prepared(nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d topics, %s start: %v; brokers %v, registries %v", n, start, took, brokers.of, registries.of)
			asked[n] = max(asked[n], brokers.total())
			if registries.total() > 3*n {
				t.Errorf("%d topics: registries were asked %v", n, registries.of)
			}
		}
	}
	if asked[many] > asked[few]+slack {
		t.Errorf("brokers were asked %d times about %d topics, and %d times about %d", asked[many], many, asked[few], few)
	}
}

// A topic that cannot be used keeps none of the others from being read, and each
// is told of, in the order of their names.
func TestTopicsThatCannotBeUsed(t *testing.T) {
	w := newWorld(t, 21, map[string]int32{"src-b": 1, "src-e": 1})
	for name, configs := range map[string]map[string]string{
		"src-a": {"cleanup.policy": "compact"},
		"src-d": {"retention.ms": "1000"},
	} {
		if err := w.fake.CreateTopic(name, 1, configs); err != nil {
			t.Fatal(err)
		}
		w.describe(name)
	}
	cfg := w.config("w")
	cfg.Timing = cfg.Timing.withDefaults()
	r, err := newRun(cfg, w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	added, err := r.discover(context.Background())
	if want := []string{"src-b", "src-e"}; !slices.Equal(added, want) {
		t.Errorf("took up %v, want %v", added, want)
	}
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "topic src-a: it is compacted") || !strings.HasPrefix(lines[1], "topic src-d: its retention.ms is 1000") {
		t.Errorf("told %q", lines)
	}
}

// A sink that is not to be made is missed by its name, each for its own topics.
func TestSinksThatAreMissing(t *testing.T) {
	w := newWorld(t, 22, twoTopics())
	if err := w.fake.CreateTopic("src-a-aggregated", 1, nil); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := w.prepared(func(p *spec.Pipeline) { p.Sink.Create = false })
	want := "topic src-b: sink topic src-b-aggregated: UNKNOWN_TOPIC_OR_PARTITION: This server does not host this topic-partition.; create it, or set sink.create: true"
	if fmt.Sprint(err) != want {
		t.Errorf("told %v\nwant %s", err, want)
	}
}

// Topics of one sink bring their fields in the order of the topics' names, however
// the answers about them come.
func TestTopicsOfOneSink(t *testing.T) {
	w := newWorld(t, 23, map[string]int32{"src-a": 1, "src-b": 1, "src-c": 1})
	w.describeWide("src-b", 3)
	w.describeWide("src-c", 2)
	cfg := w.config("w")
	cfg.Timing = cfg.Timing.withDefaults()
	r, err := newRun(cfg, w.plan(func(p *spec.Pipeline) { p.Sink.Topic = "all" }))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := r.prepare(context.Background()); err != nil {
		t.Fatal(err)
	}
	schema, err := r.shards.sink.latest(context.Background(), "all-value")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range schema.Fields() {
		names = append(names, f.Path)
	}
	if want := "time window_size count sum_value0 sum_value1 sum_value2"; strings.Join(names, " ") != want {
		t.Errorf("fields %v, want %s", names, want)
	}
}
