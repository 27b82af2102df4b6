package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// session is one membership of the group: the pipeline.Client of one worker. Its
// methods are called by the worker's goroutine; readers have their own (read.go),
// and kgo calls back from others: what they say goes through the queue.
type session struct {
	*run
	ctx      context.Context
	cancel   context.CancelFunc
	tx       *kgo.GroupTransactSession
	clock    clock
	queue    queue
	balancer *balancer
	news     chan struct{} // events came
	decoded  chan *piece   // ready for the worker
	spare    *spare        // back from it
	pool     recordPool
	ends     chan map[pipeline.Partition]pipeline.End // one answer at a time
	asking   atomic.Bool
	topicIDs map[string][16]byte        // guarded by queue.mu
	fetched  *kmsg.OffsetFetchResponse  // of kgo's goroutine alone
	consumer atomic.Pointer[kgo.Client] // tx's client, as the callbacks know it
	refused  backoff
	wg       sync.WaitGroup

	// What follows is of the worker's goroutine alone.
	readers  []*reader
	leases   map[pipeline.Partition]lease
	number   int64 // of leases
	places   map[pipeline.Partition]place
	applied  *piece // what the worker has
	empty    int    // polls in a row that brought no records
	timer    *time.Timer
	out      outgoing
	previous previous
}

// clock gives times that do not jump when the wall clock is set.
type clock struct{ start time.Time }

func (c clock) now() int64 { return c.start.UnixNano() + int64(time.Since(c.start)) }

// queue carries events from kgo's goroutines to the worker's, in order. changes
// counts them: a transaction is refused when one came after it was built.
type queue struct {
	mu      sync.Mutex
	events  []pipeline.Event
	changes int64
	err     error
	told    func() // called after each event
}

func (q *queue) add(e pipeline.Event) {
	q.mu.Lock()
	q.events = append(q.events, e)
	q.changes++
	q.mu.Unlock()
	q.told()
}

func (q *queue) fail(err error) {
	q.mu.Lock()
	if q.err == nil {
		q.err = err
	}
	q.mu.Unlock()
	q.told()
}

func (q *queue) take() ([]pipeline.Event, int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events, q.changes, q.err
}

func (q *queue) generation() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.changes
}

// join opens a session.
func (r *run) join(ctx context.Context) (*session, error) {
	r.watch.joins()
	s := &session{
		run: r, clock: clock{time.Now()},
		ends: make(chan map[pipeline.Partition]pipeline.End, 1),
		news: make(chan struct{}, 1), decoded: make(chan *piece, pieces), spare: newSpare(),
		topicIDs: map[string][16]byte{},
		leases:   map[pipeline.Partition]lease{}, places: map[pipeline.Partition]place{}, timer: time.NewTimer(pollWait),
		refused: backoff{least: 50 * time.Millisecond, most: 5 * time.Second},
	}
	s.queue.told = s.tell
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.balancer = &balancer{
		shard:   r.plan.Shard,
		joining: s.joining,
		version: r.plan.Fingerprint.String(),
		loaded:  r.cfg.Loaded.UnixNano(),
		atWork:  r.atWork,
		synced: func(owned []pipeline.Partition, counts map[string]int32) {
			s.queue.add(pipeline.Synced{Owned: owned, Counts: counts})
		},
	}
	tx, err := kgo.NewGroupTransactSession(append(s.options(), r.cfg.Options...)...)
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("kafka session: %w", err)
	}
	s.tx = tx
	if err := s.fence(); err != nil {
		s.close()
		return nil, err
	}
	s.wg.Go(s.discovering)
	s.wg.Go(s.watching)
	return s, nil
}

// tell wakes the worker.
func (s *session) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// fence takes the transactional id over before anything is read: kgo would do it
// with the first transaction, but what a dead worker of this instance left open
// keeps the group's offsets from us until then, or until the broker's timeout.
func (s *session) fence() error {
	if _, _, err := s.tx.Client().ProducerID(s.ctx); err != nil {
		return s.denied(err, "take over transactional id "+s.transactionalID())
	}
	return nil
}

// joining tells the worker what it still owns. A member that the group has given
// up joins anew with what it held before, and nobody would ask the broker what
// became of that meanwhile: such a session has to end.
func (s *session) joining(owned []pipeline.Partition) {
	if client := s.consumer.Load(); client != nil && len(owned) > 0 {
		if member, _ := client.GroupMetadata(); member == "" {
			s.queue.fail(errForgotten)
		}
	}
	s.queue.add(pipeline.Joining{Owned: owned})
}

var errForgotten = errors.New("the group had given this member up: joining anew")

func (s *session) options() []kgo.Opt {
	t := s.cfg.Timing
	lost := func(_ context.Context, _ *kgo.Client, m map[string][]int32) {
		s.queue.add(pipeline.Lost{Partitions: partitions(m)})
	}
	return []kgo.Opt{
		kgo.SeedBrokers(s.cfg.Brokers...),
		kgo.TransactionalID(s.transactionalID()),
		kgo.ConsumerGroup(s.group),
		kgo.ConsumeTopics(s.topics.names()...),
		kgo.Balancers(s.balancer),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtCommitted()),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.SessionTimeout(t.Session),
		kgo.HeartbeatInterval(t.Heartbeat),
		kgo.RebalanceTimeout(t.Rebalance),
		kgo.TransactionTimeout(t.Transaction),
		kgo.MetadataMaxAge(t.Discover),
		kgo.MetadataMinAge(min(t.MetadataMin, t.Discover)),
		kgo.OnOffsetsFetched(s.offsetsFetched),
		kgo.AdjustFetchOffsetsFn(s.assign),
		kgo.OnPartitionsRevoked(lost),
		kgo.OnPartitionsLost(lost),
	}
}

// close leaves the group. kgo waits for callbacks, which never wait for us.
func (s *session) close() {
	s.cancel()
	s.wg.Wait()
	for _, r := range s.readers {
		if r.client != nil {
			r.client.Close()
		}
	}
	s.tx.Close()
}

// discovering adds topics that appear to the subscription.
func (s *session) discovering() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(s.cfg.Timing.Discover):
		}
		added, err := s.discover(s.ctx)
		if err != nil && s.ctx.Err() == nil {
			s.log.Warn("topics that match cannot be used", "error", err)
		}
		if len(added) > 0 {
			s.log.Info("new topics", "topics", added)
			s.tx.Client().AddConsumeTopics(added...)
		}
	}
}
