package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// This file reads ahead of the worker: while that applies one piece of what was
// polled, the next is decoded, and kgo fetches what comes after. Each reader is a
// client that does nothing but fetch, and a goroutine that polls it and decodes: the
// group's own client keeps its partitions paused (assign.go). The worker gets the
// pieces of a partition in their order.

// A client has one fetch under way to a broker, and takes its answer apart before it
// asks for more. With two of them the broker is asked by one while the other is at
// work.
const maxReaders = 2

// What one fetch brings at most, bytes, of a partition as of all: the batch that no
// longer fits is sent in vain, so that few partitions at a time are read faster than
// many. More takes memory and lets partitions run apart.
const fetchBytes = 21 << 17

// fetchWait bounds how long a broker holds a fetch that finds nothing: a
// partition that is resumed waits for the one that is under way.
const fetchWait = 2 * time.Second

// reader fetches and decodes some of a session's partitions.
type reader struct {
	*session
	client *kgo.Client
	batch  *decompressor
	count  int // of leases; of the worker's goroutine alone

	mu      sync.Mutex
	changes []change           // of what is read, in their order; the first ones begin
	cancel  context.CancelFunc // of the poll that waits
	told    chan struct{}      // there were changes

	leases map[pipeline.Partition]*reading // of the reader's goroutine alone
}

// reading is a lease as its reader knows it.
type reading struct {
	lease int64
	at    int64 // the offset where it begins
	began bool  // records came
}

// change is one of what a reader reads.
type change struct {
	kind  changeKind
	id    pipeline.Partition
	lease int64 // where it begins
	at    int64 // the offset to begin at
}

type changeKind int

const (
	beginReading changeKind = iota
	endReading
	pauseReading
	resumeReading
)

// newReader starts a reader that has nothing to read yet.
func (s *session) newReader() *reader {
	r := &reader{session: s, leases: map[pipeline.Partition]*reading{}, told: make(chan struct{}, 1)}
	s.readers = append(s.readers, r)
	s.wg.Go(r.reading)
	return r
}

// connect makes the client, to read from offsets.
func (r *reader) connect(offsets map[string]map[int32]kgo.Offset) (err error) {
	if r.batch, err = newDecompressor(); err != nil {
		return err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(r.cfg.Brokers...),
		kgo.ConsumePartitions(offsets),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.WithDecompressor(r.batch),
		kgo.WithPools(&r.pool),
		kgo.FetchMaxWait(fetchWait),
		kgo.FetchMaxPartitionBytes(fetchBytes),
		kgo.FetchMaxBytes(fetchBytes),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.MetadataMinAge(r.cfg.Timing.MetadataMin),
	}
	if r.client, err = kgo.NewClient(append(opts, r.cfg.Options...)...); err != nil {
		return fmt.Errorf("kafka reader: %w", err)
	}
	return nil
}

// reading polls until the session ends.
func (r *reader) reading() {
	select {
	case <-r.told: // what there is to read at first
	case <-r.ctx.Done():
		return
	}
	for {
		ctx, cancel, err := r.turn()
		if err == nil {
			of := &polled{fetches: r.client.PollFetches(ctx)}
			r.batch.polled()
			cancel()
			err = r.deal(of)
		}
		if err != nil {
			r.queue.fail(err)
			return
		}
	}
}

// tell hands changes over, and ends the poll that waits.
func (r *reader) tell(changes ...change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changes = append(r.changes, changes...); r.cancel != nil {
		r.cancel()
	}
	select {
	case r.told <- struct{}{}:
	default:
	}
}

// turn makes the changes between two polls, so that what is polled is of the leases
// that the reader has, and gives the context of the next.
func (r *reader) turn() (context.Context, context.CancelFunc, error) {
	for {
		r.mu.Lock()
		changes := r.changes
		r.changes = nil
		if len(changes) == 0 {
			ctx, cancel := context.WithCancel(r.ctx)
			r.cancel = cancel
			r.mu.Unlock()
			return ctx, cancel, nil
		}
		r.mu.Unlock()
		for len(changes) > 0 {
			n := 1
			for n < len(changes) && changes[n].kind == changes[0].kind {
				n++
			}
			if err := r.change(changes[:n]); err != nil {
				return nil, nil, err
			}
			changes = changes[n:]
		}
	}
}

// change makes changes of one kind.
func (r *reader) change(changes []change) error {
	var ids []pipeline.Partition
	if changes[0].kind == beginReading {
		r.settle()
	}
	offsets := map[string]map[int32]kgo.Offset{}
	for _, c := range changes {
		ids = append(ids, c.id)
		switch c.kind {
		case beginReading:
			r.leases[c.id] = &reading{lease: c.lease, at: c.at}
			if offsets[c.id.Topic] == nil {
				offsets[c.id.Topic] = map[int32]kgo.Offset{}
			}
			offsets[c.id.Topic][c.id.ID] = kgo.NewOffset().At(c.at)
		case endReading:
			delete(r.leases, c.id)
		}
	}
	switch changes[0].kind {
	case beginReading:
		if r.client == nil {
			return r.connect(offsets)
		}
		r.client.AddConsumePartitions(offsets)
	case endReading:
		r.client.RemoveConsumePartitions(byTopic(ids))
		r.client.ResumeFetchPartitions(byTopic(ids)) // a lease that comes begins unpaused
	case pauseReading:
		r.client.PauseFetchPartitions(byTopic(ids))
	case resumeReading:
		r.client.ResumeFetchPartitions(byTopic(ids))
	}
	return nil
}

// settleLimit bounds settle.
const settleLimit = time.Second

// settle waits until the client knows the partitions that it reads: those that it is
// told of while it learns about others it would look up, which takes it seconds, and
// where an offset is gone it would begin elsewhere.
func (r *reader) settle() {
	ctx, cancel := context.WithTimeout(r.ctx, settleLimit)
	defer cancel()
	for id := range r.leases {
		for ctx.Err() == nil && !r.knows(id) {
			_ = pause(ctx, 2*time.Millisecond)
		}
	}
}

func (r *reader) knows(id pipeline.Partition) bool {
	leader, _, err := r.client.PartitionLeader(id.Topic, id.ID)
	return leader >= 0 || err != nil
}

// deal decodes what was polled and hands it over in pieces. An error ends the
// session.
func (r *reader) deal(of *polled) error {
	err := r.report(of.fetches)
	var p *piece
	left := of.fetches.NumRecords()
	of.pieces.Add(1) // until all are dealt
	of.fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		id := pipeline.Partition{Topic: f.Topic, ID: f.Partition}
		l := r.leases[id]
		if l == nil || len(f.Records) == 0 || err != nil {
			return
		}
		if !l.began && l.moved(f.FetchPartition) {
			err = r.fail(id, l, r.fetchError(kgo.FetchError{Topic: f.Topic, Partition: f.Partition, Err: kerr.OffsetOutOfRange}))
			delete(r.leases, id)
			return
		}
		l.began = true
		r.watch.fetched(id, status.Log{Start: f.LogStartOffset, End: f.LastStableOffset})
		for records := f.Records; err == nil && len(records) > 0; {
			if p == nil {
				if p, err = r.piece(of, left); err != nil {
					return
				}
			}
			n := min(len(records), p.room())
			p.leases = append(p.leases, l.lease)
			err = r.shards.decode(r.ctx, id, records[:n], p)
			records, left = records[n:], left-n
			if p.room() == 0 && err == nil {
				p, err = nil, r.hand(p)
			}
		}
	})
	if p != nil && err == nil {
		err = r.hand(p)
	}
	r.pool.done(of)
	return err
}

// moved tells, by the first records, that reading did not begin where it was to. kgo
// moves an offset that is not in the log to its beginning or end, and says nothing,
// where it did not know the partition yet when it was told to read it.
func (l *reading) moved(f kgo.FetchPartition) bool {
	first := f.Records[0].Offset
	return first < l.at || f.LogStartOffset > l.at && first >= f.LogStartOffset
}

// report hands over what is wrong with partitions that are read; an error is about
// everything.
func (r *reader) report(fetches kgo.Fetches) error {
	for _, fe := range fetches.Errors() {
		err := r.fetchError(fe)
		if err == nil || fe.Topic == "" {
			if err != nil {
				return err
			}
			continue
		}
		for id, l := range r.leases {
			if id.Topic == fe.Topic && (id.ID == fe.Partition || fe.Partition < 0) {
				if err := r.fail(id, l, err); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// fail hands over what is wrong with a partition: it may have been lost meanwhile.
func (r *reader) fail(id pipeline.Partition, l *reading, err error) error {
	p := r.spare.take(r.ctx)
	if p == nil {
		return r.ctx.Err()
	}
	r.release(p)
	p.failure = &failure{id, l.lease, err}
	return r.hand(p)
}

// hand gives a piece to the worker.
func (r *reader) hand(p *piece) error {
	select {
	case r.decoded <- p:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// piece waits for one that the worker is done with.
func (r *reader) piece(of *polled, rows int) (*piece, error) {
	p := r.spare.take(r.ctx)
	if p == nil {
		return nil, r.ctx.Err()
	}
	r.release(p)
	p.reserve(rows)
	p.of = of
	of.pieces.Add(1)
	return p, nil
}

// release lets go of what a piece holds of a poll.
func (s *session) release(p *piece) {
	if p.of != nil {
		s.pool.done(p.of)
	}
	p.empty()
}

// failed is the first error of what was polled that ends the session.
func (s *session) failed(fetches kgo.Fetches) error {
	for _, fe := range fetches.Errors() {
		if err := s.fetchError(fe); err != nil {
			return err
		}
	}
	return nil
}

// watching polls the group's client, which reads nothing: what it says is errors.
func (s *session) watching() {
	for s.ctx.Err() == nil {
		if err := s.failed(s.tx.PollFetches(s.ctx)); err != nil {
			s.queue.fail(err)
			return
		}
	}
}
