package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// How long a poll waits for records. The worker steps that often where none comes,
// to see that results have waited long enough, or partitions were silent; less
// often after emptyPolls in a row.
const (
	pollWait   = 50 * time.Millisecond
	pollMost   = 250 * time.Millisecond
	emptyPolls = 10
)

// Poll implements pipeline.Client. What it gives was polled and decoded ahead.
func (s *session) Poll(req pipeline.Request) (pipeline.Fetch, error) {
	s.resume(req.Resume)
	for _, id := range req.Pause {
		if l, ok := s.leases[id]; ok {
			l.reader.tell(change{kind: pauseReading, id: id})
		}
	}
	s.ask(req.Ends)
	if s.applied != nil {
		s.spare.put(s.applied)
		s.applied = nil
	}
	f := pipeline.Fetch{Ends: s.await()}
	var err error
	f.Events, f.Generation, err = s.queue.take()
	for _, e := range f.Events {
		s.watch.follow(e)
		s.follow(e)
	}
	if s.applied != nil {
		f.Batches = s.leased(s.applied)
		if wrong := s.applied.failure; wrong != nil && s.leases[wrong.id].number == wrong.lease {
			err = cmp.Or(err, wrong.err)
		}
	}
	f.Now, f.Busy = s.clock.now(), s.previous.busy()
	return f, cmp.Or(s.ctx.Err(), err)
}

// await waits for a piece, which it takes, for the ends of partitions, or for other
// news.
func (s *session) await() map[pipeline.Partition]pipeline.End {
	wait := pollWait
	if s.empty > emptyPolls {
		wait = pollMost
	}
	if s.empty++; s.empty == emptyPolls {
		s.caughtUp()
	}
	s.timer.Reset(wait)
	select {
	case s.applied = <-s.decoded:
		s.empty = 0
	case ends := <-s.ends:
		s.asking.Store(false)
		return ends
	case <-s.news:
	case <-s.timer.C:
	case <-s.ctx.Done():
	}
	return nil
}

// caughtUp lets go of what there is for a backlog: pieces hold on to what they were
// polled with until they are used again.
func (s *session) caughtUp() {
	s.spare.each(s.release)
	for id, at := range s.places {
		s.places[id] = place{offset: at.offset}
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
	case errors.Is(fe.Err, errEnough):
		return nil
	case isOutOfRange(fe.Err):
		return stop("topic %s, partition %d: the records to be read next are gone from the broker (%v): retention removed them, or the log was truncated; "+
			"raise the topic's retention, and use another --group, or --accept-offsets after setting the offset, to go on without them", fe.Topic, fe.Partition, fe.Err)
	}
	if large, ok := errors.AsType[*kgo.ErrDecompressTooLarge](fe.Err); ok {
		return stop("topic %s, partition %d, offset %d: a batch of records is larger than %d MiB once it is decompressed, and is not read; "+
			"use another --group, or --accept-offsets after setting the offset to %d, to go on behind it", fe.Topic, fe.Partition, large.Offset, maxBatch>>20, large.NextOffset)
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
	})
}
