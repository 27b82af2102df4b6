package kafka

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// endsWorld is a world with ten records in each of four partitions, and what tells
// where they end.
func endsWorld(t *testing.T) (*world, *shared, *requests) {
	w := newWorld(t, 40, twoTopics())
	w.feedAll(10, sources...)
	n := &requests{}
	cfg := w.config("w")
	cfg.Timing = cfg.Timing.withDefaults()
	cfg.Options = []kgo.Opt{kgo.WithHooks(n)}
	s, err := newShared(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return w, s, n
}

// Many who ask again and again get answers that are no older than they want, for a
// number of requests that does not depend on how many they are.
func TestEndsForMany(t *testing.T) {
	_, s, n := endsWorld(t)
	const askers, rounds, age = 50, 10, 200 * time.Millisecond
	began := time.Now()
	var wg sync.WaitGroup
	for i := range askers {
		wg.Go(func() {
			c := clock{time.Now()}
			for range rounds {
				id := sources[i%len(sources)]
				since := c.now() - int64(age)
				found, err := s.ends.of(context.Background(), []pipeline.Partition{id}, age, c)
				if err != nil {
					t.Error(err)
				}
				if e := found[id]; e.Stable != 10 || e.High != 10 || e.Asked < since || e.Asked > c.now() {
					t.Errorf("%v: %+v", id, e)
				}
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	const brokers, isolations = 2, 2
	if most := int(time.Since(began)/age+2) * brokers * isolations * len(sources); n.of["ListOffsets"] > most {
		t.Errorf("%d questions, want %d at most", n.of["ListOffsets"], most)
	}
}

// What cannot be told of one partition is told of the others.
func TestEndsOfWhatIsGone(t *testing.T) {
	_, s, _ := endsWorld(t)
	gone := pipeline.Partition{Topic: "gone"}
	found, err := s.ends.of(context.Background(), append([]pipeline.Partition{gone}, sources...), time.Second, clock{time.Now()})
	if err == nil || len(found) != len(sources) {
		t.Errorf("got %v, %v; want the ends of %v and an error", found, err, sources)
	}
}

// Who gives up waiting keeps nobody else from the answer.
func TestEndsOfWhoLeaves(t *testing.T) {
	_, s, _ := endsWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 10 {
		if _, err := s.ends.of(ctx, sources, time.Hour, clock{time.Now()}); err != nil {
			break
		}
	}
	if found, err := s.ends.of(context.Background(), sources, time.Second, clock{time.Now()}); err != nil || len(found) != len(sources) {
		t.Errorf("got %v, %v", found, err)
	}
}

// A partition without a leader takes its time, and from the others only once.
func TestEndsBesideOneThatAils(t *testing.T) {
	w, s, _ := endsWorld(t)
	ailing, healthy := sources[0], sources[1]
	w.leaderless(ailing)
	ask := func(id pipeline.Partition) (int, error) {
		found, err := s.ends.of(t.Context(), []pipeline.Partition{id}, time.Nanosecond, clock{time.Now()})
		return len(found), err
	}
	if n, err := ask(ailing); n > 0 || err == nil {
		t.Fatalf("%d ends of what has no leader, %v", n, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = ask(ailing) // it is known not to be told
	}()
	for answered := 0; ; answered++ {
		if n, err := ask(healthy); n != 1 || err != nil {
			t.Fatalf("%d ends of the healthy one, %v", n, err)
		}
		select {
		case <-done:
			if answered < 3 {
				t.Errorf("only %d answers while the other was waited for", answered)
			}
			return
		default:
		}
	}
}

// One that has no leader keeps no others of the same question from being told.
func TestEndsAskedTogether(t *testing.T) {
	w, s, _ := endsWorld(t)
	w.leaderless(sources[0])
	best := 0
	for range 2 {
		found, _ := s.ends.of(t.Context(), sources, 500*time.Millisecond, clock{time.Now()})
		best = max(best, len(found))
	}
	if best != len(sources)-1 {
		t.Errorf("%d of %d ends told", best, len(sources))
	}
}

// leaderless makes the brokers answer that a partition has no leader, and that the
// others end at 10.
func (w *world) leaderless(ailing pipeline.Partition) {
	w.fake.ControlKey(int16(kmsg.ListOffsets), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		w.fake.KeepControl()
		req := kreq.(*kmsg.ListOffsetsRequest)
		resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, rt := range req.Topics {
			topic := kmsg.NewListOffsetsResponseTopic()
			topic.Topic = rt.Topic
			for _, rp := range rt.Partitions {
				p := kmsg.NewListOffsetsResponseTopicPartition()
				p.Partition, p.Offset = rp.Partition, 10
				if (pipeline.Partition{Topic: rt.Topic, ID: rp.Partition}) == ailing {
					p.Offset, p.ErrorCode = -1, kerr.NotLeaderForPartition.Code
				}
				topic.Partitions = append(topic.Partitions, p)
			}
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil, true
	})
}
