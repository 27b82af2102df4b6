package kafka

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
	"github.com/aggrun/aggrun/spec"
)

// journal is a log that a test reads while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), text)
}

// start runs a worker until it is told to stop, whose log it gives.
func (w *world) start(plan *pipeline.Plan, options ...kgo.Opt) (log *journal, stop func()) {
	log = &journal{}
	cfg := w.config("")
	cfg.Log, cfg.Options = slog.New(slog.NewTextHandler(log, nil)), options
	w.monitor = cfg.Monitor
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, cfg, []*pipeline.Plan{plan})
		done <- err
	}()
	return log, func() {
		w.t.Helper()
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
}

// await waits until something is so.
func (w *world) await(what string, is func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not so after 30 s: %s", what)
		}
	}
}

func (w *world) count(sink string) int { return len(w.results(sink)) }

const (
	denied = "a shard is stopped"
	healed = "a shard is no longer stopped"
)

// A sink that refuses results stops its shard alone, which is named, and goes on when
// the sink takes them again: nothing is lost, and nothing comes twice.
func TestOneSinkIsDenied(t *testing.T) {
	for name, err := range map[string]*kerr.Error{"denied": kerr.TopicAuthorizationFailed, "too large": kerr.MessageTooLarge, "gone": kerr.UnknownTopicOrPartition} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 40, twoTopics())
			w.feedAll(50, sources...)
			log, stop := w.start(w.plan(nil))
			w.await("both sinks have results", func() bool { return w.count("src-a-aggregated") > 0 && w.count("src-b-aggregated") > 0 })
			fault := w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "src-a-aggregated", Err: err, Count: -1})
			w.feedAll(100, sources...)
			w.await("the log tells of it", func() bool { return log.count(denied) > 0 })
			a, b := w.count("src-a-aggregated"), w.count("src-b-aggregated")
			w.feedAll(100, sources...)
			w.await("the other sink goes on", func() bool { return w.count("src-b-aggregated") > b })
			if n := w.count("src-a-aggregated"); n > a {
				t.Errorf("%d results became %d in the sink that refuses them", a, n)
			}
			fault.Remove()
			w.await("the log tells that it goes on", func() bool { return log.count(healed) > 0 })
			w.await("the sink has results again", func() bool { return w.count("src-a-aggregated") > a })
			stop()
			if n, m := log.count(denied), log.count("shard=src-a-aggregated"); n != 1 || m != 2 || log.count("shard=src-b-aggregated") > 0 {
				t.Errorf("logged %d times that a shard is stopped, of this one %d lines:\n%s", n, m, log.text.String())
			}
			if _, err := w.untilEnd(func(c *Config) { c.Instance = "last" }); err != nil {
				t.Fatal(err)
			}
			w.check(w.results(w.topics()...), math.MaxInt64)
		})
	}
}

// Under --until-end the rest is finished, and the run ends with an error that names
// the shard; the next one has what is left.
func TestUntilEndWithASinkDenied(t *testing.T) {
	w := newWorld(t, 41, twoTopics())
	w.feedAll(300, sources...)
	fault := w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "src-a-aggregated", Err: kerr.TopicAuthorizationFailed, Count: -1})
	_, err := w.untilEnd(nil)
	want := "pipeline t: shard src-a-aggregated: topic src-a-aggregated refuses what is written to it: TOPIC_AUTHORIZATION_FAILED"
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "grant our user Write") || strings.Contains(err.Error(), "src-b") {
		t.Fatalf("got %v, want %s...", err, want)
	}
	results := w.results(w.topics()...)
	if len(results) == 0 || results[0].sink != "src-b-aggregated" {
		t.Errorf("%d results: %v", len(results), results)
	}
	fault.Remove()
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}

// Where each partition is a shard, all those that write to the sink stop.
func TestPartitionShardsOfADeniedSink(t *testing.T) {
	w := newWorld(t, 42, twoTopics())
	w.feedAll(100, sources...)
	w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "src-a-aggregated", Err: kerr.TopicAuthorizationFailed, Count: -1})
	plan := w.plan(func(p *spec.Pipeline) { p.Shard, p.GroupBy = spec.ShardPartition, []string{"$partition"} })
	cfg := w.config("w")
	cfg.UntilEnd, cfg.CloseOpen = true, true
	_, err := Run(context.Background(), cfg, []*pipeline.Plan{plan})
	if err == nil || strings.Contains(err.Error(), "src-b") {
		t.Fatalf("got %v", err)
	}
	for _, shard := range []string{"shard topic src-a, partition 0: ", "shard topic src-a, partition 1: "} {
		if !strings.Contains(err.Error(), shard) {
			t.Errorf("got %v, want ...%s...", err, shard)
		}
	}
	if w.count("src-b-aggregated") == 0 {
		t.Error("the other sink has nothing")
	}
}

// Dead letters that cannot be written make the pipeline wait, and nothing is dropped.
func TestDeadLettersWait(t *testing.T) {
	w := newWorld(t, 43, twoTopics())
	w.feedAll(50, sources...)
	fault := w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "t-dead-letter", Err: kerr.TopicAuthorizationFailed, Count: -1})
	if err := w.client.ProduceSync(context.Background(), &kgo.Record{Topic: "src-a", Value: []byte("x"), Timestamp: time.UnixMilli(epochMS)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	log, stop := w.start(w.plan(nil))
	w.await("the log tells of it", func() bool { return log.count("cannot be written to; the pipeline waits") > 1 })
	if n := w.count("src-a-aggregated"); n > 0 {
		t.Errorf("%d results without the dead letter", n)
	}
	fault.Remove()
	w.await("results", func() bool { return w.count("src-a-aggregated") > 0 })
	stop()
	if _, err := w.untilEnd(func(c *Config) { c.Instance = "last" }); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}

// asUser logs in to a cluster that asks for it.
func asUser(name string) kgo.Opt {
	return kgo.SASL(plain.Auth{User: name, Pass: name}.AsMechanism())
}

// write lets the worker's user write a topic, or not.
func (w *world) write(topic string, may bool) {
	w.t.Helper()
	b := kadm.NewACLs().Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpWrite).Deny("User:worker").DenyHosts("*")
	admin := kadm.NewClient(w.client)
	_, err := admin.CreateACLs(context.Background(), b)
	if may {
		_, err = admin.DeleteACLs(context.Background(), b)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// newACLWorld is a cluster with authorization, where the user of workers may do all
// that write does not deny.
func newACLWorld(t *testing.T, seed uint64, topics map[string]int32) *world {
	all := func(of kmsg.ACLResourceType) kfake.ACL {
		return kfake.ACL{Resource: of, Name: "*", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationAll, Allow: true}
	}
	return newGuardedWorld(t, seed, topics, asUser("root"), kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "root"),
		kfake.User("PLAIN", "worker", "worker", all(kmsg.ACLResourceTypeTopic), all(kmsg.ACLResourceTypeGroup),
			all(kmsg.ACLResourceTypeTransactionalId), all(kmsg.ACLResourceTypeCluster)))
}

// oldWorker is a worker's user, before transaction.version 2.
func oldWorker() []kgo.Opt {
	return []kgo.Opt{asUser("worker"), kgo.MaxVersions(kversion.V3_9_0())}
}

// Before transaction.version 2 brokers refuse every record of a transaction in which
// one topic may not be written to, and end its producer: the topic is found by
// asking, and kept out of the next session's.
func TestOneSinkIsDeniedByAnOldBroker(t *testing.T) {
	w := newACLWorld(t, 44, twoTopics())
	w.feedAll(50, sources...)
	options := oldWorker()
	log, stop := w.start(w.plan(nil), options...)
	w.await("both sinks have results", func() bool { return w.count("src-a-aggregated") > 0 && w.count("src-b-aggregated") > 0 })
	w.write("src-a-aggregated", false)
	w.feedAll(100, sources...)
	w.await("the log tells of it", func() bool { return log.count(denied) > 0 })
	b := w.count("src-b-aggregated")
	w.feedAll(100, sources...)
	w.await("the other sink goes on", func() bool { return w.count("src-b-aggregated") > b })
	if n := log.count(errBlocked.Error()); n != 1 {
		t.Errorf("%d sessions ended for it, want one", n)
	}
	a := w.count("src-a-aggregated")
	w.write("src-a-aggregated", true)
	w.await("the sink has results again", func() bool { return w.count("src-a-aggregated") > a })
	stop()
	w.write("src-a-aggregated", false)
	w.feedAll(100, sources...)
	ending := func(c *Config) { c.Options = options }
	if _, err := w.untilEnd(ending); err == nil || !strings.Contains(err.Error(), "shard src-a-aggregated: ") || strings.Contains(err.Error(), "src-b") {
		t.Errorf("under --until-end: %v", err)
	}
	w.write("src-a-aggregated", true)
	if _, err := w.untilEnd(ending); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}

// A second topic that is denied does not make one forget the first: each ends one
// session.
func TestSinksAreDeniedOneAfterTheOtherByAnOldBroker(t *testing.T) {
	t.Parallel()
	w := newACLWorld(t, 45, map[string]int32{"src-a": 1, "src-b": 1, "src-c": 1})
	ids := []pipeline.Partition{{Topic: "src-a"}, {Topic: "src-b"}, {Topic: "src-c"}}
	w.feedAll(50, ids...)
	log, stop := w.start(w.plan(nil), oldWorker()...)
	w.await("all sinks have results", func() bool {
		return w.count("src-a-aggregated") > 0 && w.count("src-b-aggregated") > 0 && w.count("src-c-aggregated") > 0
	})
	for i, sink := range []string{"src-a-aggregated", "src-b-aggregated"} {
		w.write(sink, false)
		w.feedAll(100, ids...)
		w.await("the log tells of "+sink, func() bool { return log.count("reason=\"topic "+sink+" refuses") > 0 })
		for range 2 {
			c := w.count("src-c-aggregated")
			w.feedAll(100, ids...)
			w.await("the third sink goes on", func() bool { return w.count("src-c-aggregated") > c })
		}
		if n := log.count(errBlocked.Error()); n != i+1 {
			t.Errorf("%d sessions ended for %d sinks", n, i+1)
		}
	}
	stop()
	w.write("src-a-aggregated", true)
	w.write("src-b-aggregated", true)
	if _, err := w.untilEnd(func(c *Config) { c.Options = oldWorker() }); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}

// A broker that does not know yet that a topic may not be written to, while another
// refuses all for it, ends sessions and not the pipeline. It is waited for as for
// any answer of brokers.
func TestABrokerKnowsLaterWhatIsDenied(t *testing.T) {
	t.Parallel()
	w := newACLWorld(t, 46, twoTopics())
	w.feedAll(50, sources...)
	log, stop := w.start(w.plan(nil), oldWorker()...)
	w.await("both sinks have results", func() bool { return w.count("src-a-aggregated") > 0 && w.count("src-b-aggregated") > 0 })
	asked := 0
	w.fake.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		m := req.(*kmsg.MetadataRequest)
		w.fake.KeepControl()
		if !m.IncludeTopicAuthorizedOperations || asked == 2 {
			return nil, nil, false
		}
		asked++
		if at := w.monitor.Pipelines()[0].Work; at != status.Committing {
			t.Errorf("the worker's work is %d", at)
		}
		r := m.ResponseKind().(*kmsg.MetadataResponse)
		for _, topic := range m.Topics {
			o := kmsg.NewMetadataResponseTopic()
			o.Topic, o.AuthorizedOperations = topic.Topic, -1
			r.Topics = append(r.Topics, o)
		}
		return r, nil, true
	})
	w.write("src-a-aggregated", false)
	b := w.count("src-b-aggregated")
	w.feedAll(100, sources...)
	w.await("the log tells of it", func() bool { return log.count(denied) > 0 })
	w.await("the other sink goes on", func() bool { return w.count("src-b-aggregated") > b })
	if n, m := log.count(errUnnamed.Error()), log.count("the pipeline has stopped"); n != 2 || m > 0 {
		t.Errorf("%d sessions ended since the topic was not known, and %d pipelines", n, m)
	}
	stop()
}

// Each refusal says what to do, and what may pass is none.
func TestWhyRefused(t *testing.T) {
	for _, r := range refusals {
		if why := whyRefused("x", r.err); !strings.Contains(why.Reason, "topic x") || !strings.HasSuffix(why.Reason, r.remedy) || why.All != r.all {
			t.Errorf("%v: %+v", r.err, why)
		}
	}
	for _, err := range []error{kerr.NotLeaderForPartition, kerr.RequestTimedOut, errors.New("x")} {
		if why := whyRefused("x", err); why != (pipeline.Refusal{}) {
			t.Errorf("%v: %+v", err, why)
		}
	}
}
