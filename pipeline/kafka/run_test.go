package kafka

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

func (w *world) feedAll(records int, ids ...pipeline.Partition) {
	for range records / 10 {
		for _, id := range ids {
			w.feed(id, 10)
		}
	}
}

var sources = []pipeline.Partition{{Topic: "src-a", ID: 0}, {Topic: "src-a", ID: 1}, {Topic: "src-b", ID: 0}, {Topic: "src-b", ID: 1}}

func twoTopics() map[string]int32 { return map[string]int32{"src-a": 2, "src-b": 3} }

// untilEnd runs a worker to the end of what is there.
func (w *world) untilEnd(change func(*Config)) (Report, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cfg := w.config("w")
	cfg.UntilEnd, cfg.CloseOpen = true, true
	if change != nil {
		change(&cfg)
	}
	reports, err := Run(ctx, cfg, []*pipeline.Plan{w.plan(nil)})
	if ctx.Err() != nil {
		w.t.Error("the run did not end")
	}
	return reports[0], err
}

func TestRunUntilEnd(t *testing.T) {
	w := newWorld(t, 1, twoTopics())
	w.feedAll(300, sources...)
	report, err := w.untilEnd(nil)
	if err != nil {
		t.Fatal(err)
	}
	results := w.results(w.topics()...)
	w.check(results, math.MaxInt64)
	var all pipeline.Counts
	for _, c := range report.Counts {
		all.Add(c)
	}
	if all.Aggregated != 1200 || all.Offsets() != 1200 || report.Results != int64(len(results)) {
		t.Errorf("counted %+v and %d results of %d", all, report.Results, len(results))
	}
}

// A transaction's answer may be lost, and the transaction done or not: the same
// results must not come twice, nor be lost. Each fault hits one request at a time.
func TestRunUnderFaults(t *testing.T) {
	for name, fault := range map[string]kfake.Fault{
		"EndTxn is done and answered as failed": {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.RequestTimedOut},
		"EndTxn fails":                          {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.UnknownServerError},
		"EndTxn at a moved coordinator":         {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.NotCoordinator},
		"offsets of an older generation":        {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.IllegalGeneration},
		"results are refused for now":           {Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition},
		"the producer is fenced":                {Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidProducerEpoch},
		"a fetch fails":                         {Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.UnknownServerError},
		"offsets are unstable":                  {Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.UnstableOffsetCommit},
		"the group is not there":                {Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.UnknownMemberID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2, twoTopics())
			w.feedAll(10, sources...) // a partition that never had a record is not waited for
			rng := rand.New(rand.NewPCG(2, 3))
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() {
				_, err := Run(ctx, w.config(""), []*pipeline.Plan{w.plan(nil)})
				done <- err
			}()
			for range 6 {
				for _, id := range sources {
					w.feed(id, 20+rng.IntN(20))
				}
				w.fake.Fault(fault)
				time.Sleep(time.Duration(200+rng.IntN(200)) * time.Millisecond)
			}
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if _, err := w.untilEnd(func(c *Config) { c.Instance = "last" }); err != nil {
				t.Fatal(err)
			}
			w.check(w.results(w.topics()...), math.MaxInt64)
		})
	}
}

// A transaction that the broker commits and calls failed is one that kgo tries to abort,
// and says it has: its results are not written again.
func TestCommittedThoughItFailed(t *testing.T) {
	w := newWorld(t, 12, twoTopics())
	w.feedAll(100, sources...)
	broker, err := kgo.NewClient(kgo.SeedBrokers(w.fake.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	const second = 2 // the first brings no results
	var ends atomic.Int64
	var committed atomic.Bool
	w.fake.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
		end := req.(*kmsg.EndTxnRequest)
		if !end.Commit || ends.Add(1) != second {
			return nil, nil, false
		}
		w.fake.SleepControl(func() {
			again := *end
			resp, err := again.RequestWith(context.Background(), broker)
			committed.Store(err == nil && resp.ErrorCode == 0)
		})
		resp := end.ResponseKind().(*kmsg.EndTxnResponse)
		resp.ErrorCode = kerr.UnknownServerError.Code
		return resp, nil, true
	})
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	if !committed.Load() {
		t.Error("no results were committed and called failed")
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}

// A broker that cannot tell of a topic just now says nothing of what the group has
// committed of it: nobody is to begin anew, nor to be told that the offsets are gone.
func TestTopicsThatCannotBeDescribed(t *testing.T) {
	w := newWorld(t, 10, twoTopics())
	w.feedAll(50, sources...)
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	r, err := newRun(w.config("again"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.topics.add("src-a")
	r.topics.add("src-b")
	unknown := kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Err: kerr.LeaderNotAvailable, When: func(q kmsg.Request) bool {
		return len(q.(*kmsg.MetadataRequest).Topics) > 0
	}}
	w.fake.Fault(unknown)
	if err := r.settle(context.Background()); !errors.Is(err, kerr.LeaderNotAvailable) {
		t.Errorf("settled with %v", err)
	}
	w.fake.Fault(unknown)
	if have, err := r.stable(context.Background(), sources); !errors.Is(err, kerr.LeaderNotAvailable) {
		t.Errorf("commits are %v, %v", have, err)
	}
}

// Of two workers that begin together, one may find the other's results after it found
// no commit: nothing is gone then.
func TestBegunMeanwhile(t *testing.T) {
	w := newWorld(t, 11, twoTopics())
	w.feedAll(50, sources...)
	r, err := newRun(w.config("slow"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	r.topics.add("src-a")
	r.topics.add("src-b")
	asked, begun := make(chan struct{}), make(chan struct{})
	var held atomic.Bool
	w.fake.ControlKey(int16(kmsg.ListOffsets), func(kmsg.Request) (kmsg.Response, error, bool) {
		if held.CompareAndSwap(false, true) {
			w.fake.SleepControl(func() { close(asked); <-begun })
		}
		return nil, nil, false
	})
	settled := make(chan error, 1)
	go func() { settled <- r.settle(context.Background()) }()
	<-asked // the commits were read
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	close(begun)
	if err := <-settled; err != nil {
		t.Error(err)
	}
	if r.origin.Present != nil {
		t.Error("what the group has not committed by now is not new")
	}
}

// What trying again does not mend ends the run and says what to do.
func TestRunStops(t *testing.T) {
	for want, fault := range map[string]kfake.Fault{
		"raise its offset.metadata.max.bytes":                              {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.OffsetMetadataTooLarge, Count: -1},
		"no permission to end a transaction":                               {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.TopicAuthorizationFailed, Count: -1},
		"no permission to take over transactional id g.t.w":                {Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.TransactionalIDAuthorizationFailed, Count: -1},
		"no permission to work in group g.t":                               {Keys: []kmsg.Key{kmsg.JoinGroup}, Err: kerr.GroupAuthorizationFailed, Count: -1},
		"results cannot be written: TRANSACTIONAL_ID_AUTHORIZATION_FAILED": {Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TransactionalIDAuthorizationFailed, Count: -1},
		"dead letters cannot be written: topic t-dead-letter refuses":      {Keys: []kmsg.Key{kmsg.Produce}, Topic: "t-dead-letter", Err: kerr.MessageTooLarge, Count: -1},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 6, twoTopics())
			w.feedAll(50, sources...)
			if err := w.client.ProduceSync(context.Background(), &kgo.Record{Topic: "src-a", Value: []byte("x"), Timestamp: time.UnixMilli(epochMS)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
			w.fake.Fault(fault)
			_, err := w.untilEnd(nil)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want ...%s...", err, want)
			}
		})
	}
}

// Topics of unlike fields run side by side.
func TestRunWithUnlikeTopics(t *testing.T) {
	w := newWorld(t, 7, twoTopics())
	w.describeWide("src-b", 4)
	w.feedAll(100, sources...)
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}

// A registry's address with a wrong path answers 404 to everything: that is no
// answer about a schema, and no record is given up for it.
func TestRunWithAWrongRegistryPath(t *testing.T) {
	w := newWorld(t, 8, twoTopics())
	w.feedAll(20, sources...)
	w.source += "/apis"
	report, err := w.untilEnd(nil)
	if err == nil || !strings.Contains(err.Error(), "is the registry's URL right?") || len(report.Counts) != 0 {
		t.Errorf("got %v and %v", err, report.Counts)
	}
}

// Workers come and go; what they hold of the group is taken over.
func TestRunWithTwoWorkers(t *testing.T) {
	w := newWorld(t, 4, twoTopics())
	w.feedAll(10, sources...)
	rng := rand.New(rand.NewPCG(4, 5))
	stopped := make(chan error, 100)
	start := func(name string) context.CancelFunc {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			_, err := Run(ctx, w.config(name), []*pipeline.Plan{w.plan(nil)})
			stopped <- err
		}()
		return cancel
	}
	workers := []context.CancelFunc{start("w0"), start("w1")}
	n := len(workers)
	for round := range 12 {
		for _, id := range sources {
			w.feed(id, 10+rng.IntN(30))
		}
		time.Sleep(time.Duration(rng.IntN(500)) * time.Millisecond)
		if round%3 == 2 {
			i := rng.IntN(2)
			workers[i]()
			workers[i] = start("w" + string(rune('2'+round)))
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
}

// A record that its dead-letter topic would refuse for its size is kept in part,
// and stops nothing.
func TestRunKeepsThePartsOfALargeBadRecord(t *testing.T) {
	w := newWorld(t, 9, twoTopics())
	w.feedAll(50, sources...)
	large := make([]byte, 990_000)
	for _, r := range []*kgo.Record{
		{Key: large[:950_000]},
		{Key: []byte("k"), Value: large},
		{Key: []byte("k"), Value: []byte("x"), Headers: []kgo.RecordHeader{{Key: "h", Value: large[:950_000]}}},
	} {
		r.Topic, r.Timestamp = "src-a", time.UnixMilli(epochMS)
		if err := w.client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
	r, err := newRun(w.config("reader"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	letters := w.readAll(context.Background(), r, "t-dead-letter")
	if len(letters) != 3 {
		t.Fatalf("%d dead letters, want 3", len(letters))
	}
	for _, l := range letters {
		if !slices.ContainsFunc(l.Headers, func(h kgo.RecordHeader) bool { return h.Key == headerTruncated }) {
			t.Errorf("offset %d does not say that it was cut", l.Offset)
		}
	}
}
