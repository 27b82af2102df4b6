package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// This file reads ahead of the worker: while that applies one piece of what was
// polled, the next is decoded, and kgo fetches what comes after. The worker gets
// pieces in their order, each after the events that came before it, so that for it
// nothing differs from a poll that takes longer.

// How long a poll waits for records. The worker steps that often where none comes,
// to see that results have waited long enough, or partitions were silent; less
// often after emptyPolls in a row.
const (
	pollWait   = 50 * time.Millisecond
	pollMost   = 250 * time.Millisecond
	emptyPolls = 10
)

// pieces is how many there are: one is applied, one is ready and one is being
// decoded.
const pieces = 3

// reading polls until the session ends.
func (s *session) reading() {
	for range pieces {
		s.free <- &piece{}
	}
	for empty := 0; ; empty++ {
		wait := pollWait
		if empty > emptyPolls {
			wait = pollMost
		}
		of := &polled{}
		s.turns.poll(s.ctx, wait, func(ctx context.Context) { of.fetches = s.tx.PollFetches(ctx) })
		if of.fetches.NumRecords() > 0 {
			empty = 0
		}
		if !s.deal(of) {
			return
		}
	}
}

// deal decodes what was polled and hands it over in pieces; false ends the
// reading. The first piece brings the events, even where there is no record.
func (s *session) deal(of *polled) bool {
	left := of.fetches.NumRecords()
	p := s.piece(of, left)
	if p == nil {
		return false
	}
	p.fetch.Events, p.fetch.Generation, p.err = s.queue.take()
	if p.err == nil { // else kgo makes of it what it likes
		p.err = s.failed(of.fetches)
	}
	if p.err == nil && again(p.fetch.Events, of.fetches) {
		p.err = pipeline.ErrEarly
	}
	select {
	case p.fetch.Ends = <-s.ends:
		s.asking.Store(false)
	default:
	}
	generation := p.fetch.Generation
	of.fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		for records := f.Records; p != nil && p.err == nil && len(records) > 0; {
			n := min(len(records), p.room())
			p.err = s.shards.decode(s.ctx, pipeline.Partition{Topic: f.Topic, ID: f.Partition}, records[:n], p)
			records, left = records[n:], left-n
			if p.room() == 0 && left > 0 && p.err == nil {
				if p = s.next(p, left); p != nil {
					p.fetch.Generation = generation
				}
			}
		}
	})
	of.dealt = true
	return p != nil && s.hand(p) && p.err == nil
}

// again tells that a poll brought records of a partition that was lost and assigned
// since: they may be of either assignment.
func again(events []pipeline.Event, fetches kgo.Fetches) (found bool) {
	assigned := map[pipeline.Partition]bool{}
	for _, e := range events {
		if e, ok := e.(pipeline.Assigned); ok {
			for _, pos := range e.Positions {
				assigned[pos.Partition] = true
			}
		}
	}
	if len(assigned) > 0 {
		fetches.EachPartition(func(f kgo.FetchTopicPartition) {
			found = found || len(f.Records) > 0 && assigned[pipeline.Partition{Topic: f.Topic, ID: f.Partition}]
		})
	}
	return found
}

// next hands a piece over and gives another one for what is left.
func (s *session) next(p *piece, left int) *piece {
	if !s.hand(p) {
		return nil
	}
	return s.piece(p.of, left)
}

// hand gives a piece to the worker; false where the session ends.
func (s *session) hand(p *piece) bool {
	p.fetch.Batches = p.batches
	select {
	case s.decoded <- p:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// piece waits for one that the worker is done with; nil where the session ends.
func (s *session) piece(of *polled, rows int) *piece {
	select {
	case p := <-s.free:
		if last := p.of; last != nil {
			if last.pieces--; last.pieces == 0 && last.dealt {
				s.pool.put(last.fetches)
			}
		}
		p.empty()
		p.reserve(rows)
		p.of = of
		of.pieces++
		return p
	case <-s.ctx.Done():
		return nil
	}
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

// turns keep polls apart from the beginning and the end of transactions, as kgo
// wants it: the end takes what was polled for what is to be committed, and sets
// reading back to that. Between the two, polls go on.
type turns struct {
	token  chan struct{} // held by who polls, begins or ends
	mu     sync.Mutex
	cancel context.CancelFunc // of the poll that waits
	woken  bool
	wanted bool // somebody waits to begin or end
}

// poll polls, and waits no longer than wait, or until somebody wants the turn.
func (t *turns) poll(ctx context.Context, wait time.Duration, poll func(context.Context)) {
	t.token <- struct{}{} // an end is bounded by itself
	ctx, cancel := context.WithTimeout(ctx, wait)
	t.mu.Lock()
	if t.cancel = cancel; t.woken || t.wanted {
		cancel()
	}
	t.woken = false
	t.mu.Unlock()
	poll(ctx)
	t.mu.Lock()
	t.cancel = nil
	t.mu.Unlock()
	cancel()
	<-t.token
}

// wake ends the waiting of a poll: there is news without records.
func (t *turns) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.woken = true; t.cancel != nil {
		t.cancel()
	}
}

// take runs what must not overlap a poll.
func (t *turns) take(run func()) {
	t.want(true)
	t.token <- struct{}{} // handed over in the order of asking
	t.want(false)
	defer func() { <-t.token }()
	run()
}

func (t *turns) want(wanted bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wanted = wanted; wanted && t.cancel != nil {
		t.cancel()
	}
}
