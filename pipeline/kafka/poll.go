package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// Poll implements pipeline.Client. What it gives was polled and decoded ahead.
func (s *session) Poll(req pipeline.Request) (pipeline.Fetch, error) {
	if len(req.Resume) > 0 {
		s.tx.Client().ResumeFetchPartitions(byTopic(req.Resume))
	}
	if len(req.Pause) > 0 {
		s.tx.Client().PauseFetchPartitions(byTopic(req.Pause))
	}
	s.ask(req.Ends)
	if s.applied != nil {
		s.free <- s.applied // never waits: there is room for all
		s.applied = nil
	}
	select {
	case s.applied = <-s.decoded:
		f := s.applied.fetch
		f.Now, f.Busy = s.clock.now(), s.previous.busy()
		return f, s.applied.err
	case <-s.ctx.Done():
		return pipeline.Fetch{}, s.ctx.Err()
	}
}

// fetchError is nil for what a later poll mends by itself. Everything else ends
// the session: kgo tells of a partition that it drops only once.
func (s *session) fetchError(fe kgo.FetchError) error {
	switch {
	case fe.Topic == "" && (fe.Err == context.DeadlineExceeded || fe.Err == context.Canceled) && s.ctx.Err() == nil: //nolint:errorlint // kgo's own word for a poll that was cut short, and no error that wraps it
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
	if len(ids) == 0 || !s.asking.CompareAndSwap(false, true) {
		return
	}
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timing.Session)
		defer cancel()
		ends, err := s.common.ends.of(ctx, ids, endsAge(s.plan.Spec.Idle), s.clock)
		if err != nil && s.ctx.Err() == nil {
			s.log.Warn("cannot tell where silent partitions end", "error", err)
		}
		s.ends <- ends
		s.turns.wake()
	})
}
