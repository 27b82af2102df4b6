package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// errChanged says that the assignment changed after the content was built.
var errChanged = errors.New("the assignment changed")

// endLimit is how long a transaction may take to end before the process is
// given up: its outcome cannot be told any more from inside.
const endLimit = 5 * time.Minute

// Commit implements pipeline.Client.
func (s *session) Commit(c *pipeline.Commit) (bool, error) {
	if s.queue.generation() != c.Generation {
		return false, nil // it would be refused at the end: the news is in what was read ahead
	}
	s.watch.works(status.Committing)
	if blocked, err := s.blocked(c); blocked || err != nil {
		return false, err
	}
	began := time.Now()
	if err := s.shards.encode(s.ctx, c.Results, &s.out); err != nil {
		return false, err
	}
	records := s.out.all
	for _, d := range c.DeadLetters {
		records = append(records, s.deadLetter(d))
	}
	committed, err := s.transact(c, records)
	s.watch.committed(c, began, committed)
	if committed {
		s.refused.reset()
		s.report.Results += int64(len(c.Results))
		s.report.Last = time.Now()
	}
	return committed, err
}

func (s *session) transact(c *pipeline.Commit, records []*kgo.Record) (bool, error) {
	s.previous.await()
	if err := s.tx.Begin(); err != nil {
		return false, s.denied(err, "begin a transaction")
	}
	if failed := s.produce(records); failed != nil {
		return false, s.abort(failed)
	}
	return s.end(c)
}

// produce writes the records and waits for all of them. kgo would commit what
// succeeded, so any failure has to be known before the end: nil where there was none.
func (s *session) produce(records []*kgo.Record) *promises {
	var all promises
	all.wait.Add(len(records))
	kept := all.keep // for all of them: each use of the method makes a new function
	for _, r := range records {
		s.tx.Produce(s.ctx, r, kept)
	}
	if err := s.tx.Client().Flush(s.ctx); err != nil {
		return &promises{err: err} // all may still be called
	}
	all.wait.Wait() // a record that kgo never buffered is not flushed
	if all.err == nil {
		return nil
	}
	return &all
}

// abort ends a transaction in which records could not be written, and tells what
// that means: wait and try again, shards that stop, a new session, or nothing to be
// done.
func (s *session) abort(failed *promises) error {
	if _, err := s.finish(kgo.TryAbort); err != nil {
		return fmt.Errorf("abort after %w: %w", failed.err, err)
	}
	switch {
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case isFenced(failed.err):
		return failed.err
	case isPermanent(failed.err):
		return stop("results cannot be written: %v", failed.err)
	}
	if _, _, err := s.tx.Client().ProducerID(s.ctx); errors.Is(err, kerr.TopicAuthorizationFailed) {
		return s.judgeAll(failed.byTopic)
	}
	return s.judge(failed.byTopic)
}

// end commits with the worker's own offsets. false is an abort after which the
// same content may be tried again.
func (s *session) end(c *pipeline.Commit) (bool, error) {
	sent := false
	offsets := kgo.PreTxnCommitFnContext(context.Background(), func(req *kmsg.TxnOffsetCommitRequest) error {
		if s.queue.generation() != c.Generation {
			return errChanged
		}
		req.Topics = s.offsets(c.Offsets) // never what kgo filled in: its polled heads
		sent = true
		return nil
	})
	committed, err := s.finish(kgo.TryCommit, offsets)
	switch {
	case errors.Is(err, errChanged):
		return false, nil
	case errors.Is(err, kerr.OffsetMetadataTooLarge):
		return false, stop("the broker refuses the metadata of our commits (up to %d bytes): raise its offset.metadata.max.bytes to 4096 or more", longest(c.Offsets))
	case err != nil:
		s.watch.doubts()
		return false, s.denied(err, "end a transaction that reads the source and writes the sinks")
	case committed:
		return true, nil
	case !sent:
		s.refused.sleep(s.ctx) // without our offsets nothing was committed
		return false, nil
	}
	return s.confirm(c)
}

// finish ends the transaction under no context: half an end is worse than a long
// one.
func (s *session) finish(how kgo.TransactionEndTry, offsets ...context.Context) (committed bool, err error) {
	s.watch.works(status.Ending)
	defer s.watch.works(status.Committing) // what is asked then has no limit
	watchdog := time.AfterFunc(endLimit, func() {
		s.cfg.Fatal(fmt.Errorf("pipeline %s: a transaction has not ended for %v", s.plan.Spec.Name, endLimit))
	})
	defer watchdog.Stop()
	ctx := context.Background()
	if len(offsets) > 0 {
		ctx = offsets[0]
	}
	defer s.previous.ended(s)
	return s.tx.End(ctx, how)
}

// confirm asks the broker whether a transaction that kgo calls aborted was one.
// After an UNKNOWN_SERVER_ERROR to EndTxn kgo tries an abort, which sends nothing
// any more, and reports false without an error, though the broker may have
// committed; the same results would then be written twice. The offset and
// metadata of a commit are never those of the one before it, but whoever took a
// shard over may have committed the very same: so all of ours have to be there,
// or none, and anything else is for a new session to find out.
func (s *session) confirm(c *pipeline.Commit) (bool, error) {
	s.watch.doubts()
	var ids []pipeline.Partition
	for _, o := range c.Offsets {
		ids = append(ids, o.Partition)
	}
	have, err := s.stable(s.ctx, ids)
	if err != nil {
		return false, err
	}
	there := 0
	for _, o := range c.Offsets {
		if h := have[o.Partition]; h.Offset == o.At && h.Metadata == o.Metadata {
			there++
		}
	}
	switch there {
	case len(c.Offsets):
		s.log.Info("a transaction that seemed aborted had been committed")
		return true, nil
	case 0:
		s.log.Info("the broker aborted a transaction; trying again")
		s.refused.sleep(s.ctx)
		return false, nil
	}
	return false, errMixed
}

// errMixed ends a session whose transaction's outcome cannot be told.
var errMixed = errors.New("a transaction was aborted while others committed part of its offsets")

func longest(offsets []pipeline.Offset) int {
	n := 0
	for _, o := range offsets {
		n = max(n, len(o.Metadata))
	}
	return n
}

// offsets is the commit's part of the request.
func (s *session) offsets(offsets []pipeline.Offset) []kmsg.TxnOffsetCommitRequestTopic {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	var topics []kmsg.TxnOffsetCommitRequestTopic
	at := map[string]int{}
	for _, o := range offsets {
		i, ok := at[o.Partition.Topic]
		if !ok {
			i = len(topics)
			at[o.Partition.Topic] = i
			t := kmsg.NewTxnOffsetCommitRequestTopic()
			t.Topic, t.TopicID = o.Partition.Topic, s.topicIDs[o.Partition.Topic]
			topics = append(topics, t)
		}
		p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = o.Partition.ID, o.At, o.Epoch, &o.Metadata
		topics[i].Partitions = append(topics[i].Partitions, p)
	}
	return topics
}
