package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// pollWait bounds a round in which nothing comes.
const pollWait = 50 * time.Millisecond

// Poll implements pipeline.Client.
func (s *session) Poll(req pipeline.Request) (pipeline.Fetch, error) {
	if len(req.Resume) > 0 {
		s.tx.Client().ResumeFetchPartitions(byTopic(req.Resume))
	}
	if len(req.Pause) > 0 {
		s.tx.Client().PauseFetchPartitions(byTopic(req.Pause))
	}
	s.ask(req.Ends)
	ctx, cancel := context.WithTimeout(s.ctx, pollWait)
	s.polled.EachRecord((*kgo.Record).Recycle)
	fetches := s.tx.PollFetches(ctx) // all there is: kgo asks for more once it has nothing left
	cancel()
	s.polled = fetches
	f := pipeline.Fetch{Now: s.clock.now()}
	var err error
	if f.Events, f.Generation, err = s.queue.take(); err != nil {
		return f, err // before what kgo makes of it
	}
	for _, fe := range fetches.Errors() {
		if err := s.fetchError(fe); err != nil {
			return pipeline.Fetch{}, err
		}
	}
	select {
	case f.Ends = <-s.ends:
		s.asking = false
	default:
	}
	f.Batches, err = s.decode(fetches)
	return f, err
}

// fetchError is nil for what a later poll mends by itself. Everything else ends
// the session: kgo tells of a partition that it drops only once.
func (s *session) fetchError(fe kgo.FetchError) error {
	switch {
	case errors.Is(fe.Err, context.DeadlineExceeded) && s.ctx.Err() == nil:
		return nil
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case isOutOfRange(fe.Err):
		return stop("topic %s, partition %d: the records to be read next are gone from the broker (%v): retention removed them, or the log was truncated; "+
			"raise the topic's retention, and use another --group, or --accept-offsets after setting the offset, to go on without them", fe.Topic, fe.Partition, fe.Err)
	}
	what := "work in group " + s.group
	if fe.Topic != "" {
		what = fmt.Sprintf("fetch topic %s, partition %d", fe.Topic, fe.Partition)
	}
	return s.denied(fe.Err, what)
}

// ask looks the ends of partitions up in the background, one question at a time.
func (s *session) ask(ids []pipeline.Partition) {
	if len(ids) == 0 || s.asking {
		return
	}
	s.asking = true
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timing.Session)
		defer cancel()
		ends, err := s.common.ends.of(ctx, ids, endsAge(s.plan.Spec.Idle), s.clock)
		if err != nil && s.ctx.Err() == nil {
			s.log.Warn("cannot tell where silent partitions end", "error", err)
		}
		s.ends <- ends
	})
}

// decode turns what was polled into columns. The batches are good until the next
// poll.
func (s *session) decode(fetches kgo.Fetches) ([]pipeline.Batch, error) {
	n := 0
	var err error
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if err != nil || len(p.Records) == 0 {
			return
		}
		if n == len(s.batches) {
			s.batches = append(s.batches, pipeline.Batch{})
		}
		err = s.shards.decode(s.ctx, p, &s.batches[n])
		n++
	})
	return s.batches[:n], err
}
