package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// Headers of results.
const (
	headerPipeline  = "aggrun-pipeline"
	headerWindowEnd = "aggrun-window-end" // ms since the epoch
)

// errChanged says that the assignment changed after the content was built.
var errChanged = errors.New("the assignment changed")

// endLimit is how long a transaction may take to end before the process is
// given up: its outcome cannot be told any more from inside.
const endLimit = 5 * time.Minute

// Commit implements pipeline.Client.
func (s *session) Commit(c *pipeline.Commit) (bool, error) {
	records, err := s.shards.encode(s.ctx, c)
	if err != nil {
		return false, err
	}
	for _, d := range c.DeadLetters {
		records = append(records, s.deadLetter(d))
	}
	if err := s.tx.Begin(); err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	if err := s.produce(records); err != nil {
		return false, s.abort(err)
	}
	committed, err := s.end(c)
	if committed {
		s.refused.reset()
		s.report.Results += int64(len(c.Results))
	}
	return committed, err
}

// produce writes the records and waits for all of them. kgo would commit what
// succeeded, so any failure has to be known before the end.
func (s *session) produce(records []*kgo.Record) error {
	var first kgo.FirstErrPromise
	for _, r := range records {
		s.tx.Produce(s.ctx, r, first.Promise())
	}
	if err := s.tx.Client().Flush(s.ctx); err != nil {
		return err
	}
	return first.Err()
}

// abort ends a transaction in which a record could not be written, and tells
// what that means: wait and try again, a new session, or nothing to be done.
func (s *session) abort(cause error) error {
	if _, err := s.finish(kgo.TryAbort); err != nil {
		return fmt.Errorf("abort after %w: %w", cause, err)
	}
	switch {
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case isFenced(cause):
		return cause
	case isPermanent(cause):
		return stop("results cannot be written: %v", cause)
	}
	s.log.Warn("results cannot be written; waiting", "error", cause)
	s.refused.sleep(s.ctx)
	return nil
}

// isPermanent tells that the same record will be refused again.
func isPermanent(err error) bool {
	for _, e := range []error{
		kerr.TopicAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed, kerr.ClusterAuthorizationFailed,
		kerr.MessageTooLarge, kerr.RecordListTooLarge, kerr.InvalidTimestamp, kerr.InvalidRecord, kerr.UnsupportedForMessageFormat,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// end commits with the worker's own offsets. false is an abort after which the
// same content may be tried again.
func (s *session) end(c *pipeline.Commit) (bool, error) {
	offsets := kgo.PreTxnCommitFnContext(context.Background(), func(req *kmsg.TxnOffsetCommitRequest) error {
		if s.queue.generation() != c.Generation {
			return errChanged
		}
		req.Topics = s.offsets(c.Offsets) // never what kgo filled in: its polled heads
		return nil
	})
	committed, err := s.finish(kgo.TryCommit, offsets)
	switch {
	case errors.Is(err, errChanged):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("end of transaction: %w", err)
	case committed:
		return true, nil
	}
	return s.confirm(c)
}

// finish ends the transaction under no context: half an end is worse than a long
// one.
func (s *session) finish(how kgo.TransactionEndTry, offsets ...context.Context) (bool, error) {
	watchdog := time.AfterFunc(endLimit, func() {
		s.cfg.Fatal(fmt.Errorf("pipeline %s: a transaction has not ended for %v", s.plan.Spec.Name, endLimit))
	})
	defer watchdog.Stop()
	ctx := context.Background()
	if len(offsets) > 0 {
		ctx = offsets[0]
	}
	return s.tx.End(ctx, how)
}

// confirm asks the broker whether a transaction that kgo calls aborted was one.
// After an UNKNOWN_SERVER_ERROR to EndTxn kgo tries an abort, which sends nothing
// any more, and reports false without an error, though the broker may have
// committed; the same results would then be written twice. The offset and
// metadata of a commit are never those of the one before it.
func (s *session) confirm(c *pipeline.Commit) (bool, error) {
	commits, err := s.commits(kadm.RequireStable(s.ctx))
	if err != nil {
		return false, err
	}
	o := c.Offsets[0]
	have := commits[o.Partition]
	committed := have.Offset == o.At && have.Metadata == o.Metadata
	s.log.Info("the transaction was not ended as wanted", "committed", committed)
	if !committed {
		s.refused.sleep(s.ctx)
	}
	return committed, nil
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

// encode makes the records of a commit's results, after their schemas are
// registered.
func (s *shards) encode(ctx context.Context, c *pipeline.Commit) ([]*kgo.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	records := make([]*kgo.Record, 0, len(c.Results)+len(c.DeadLetters))
	for i := range c.Results {
		r := &c.Results[i]
		encoder, err := s.encoder(ctx, s.bySink[r.Sink])
		if err != nil {
			return nil, err
		}
		records = append(records, &kgo.Record{
			Topic: r.Sink, Key: []byte(r.Key), Value: encoder.Append(nil, r),
			Timestamp: time.Unix(0, r.Start+(r.End-r.Start)/2),
			Headers: []kgo.RecordHeader{
				{Key: headerPipeline, Value: []byte(s.plan.Spec.Name)},
				{Key: headerWindowEnd, Value: strconv.AppendInt(nil, r.End/1e6, 10)},
			},
		})
	}
	return records, nil
}
