package kafka

import (
	"cmp"
	"context"
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

// lease is a partition that is read: from when the worker takes it up until it is
// lost. Its number tells it from earlier ones of the same partition, of which records
// may still be on their way.
type lease struct {
	reader *reader
	number int64
}

// place is where the assignment of a partition begins.
type place struct {
	offset int64
	ahead  int64 // how many records there were to read, as its end was found
}

// backlog is how many records to read are worth a reader more.
const backlog = 50_000

// Poll implements pipeline.Client. What it gives was polled and decoded ahead.
func (s *session) Poll(req pipeline.Request) (pipeline.Fetch, error) {
	if err := s.resume(req.Resume); err != nil {
		return pipeline.Fetch{}, err
	}
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
		s.follow(e)
	}
	if s.applied != nil {
		f.Batches = s.leased(s.applied)
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
	s.empty++
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

// resume has partitions read: those that were paused from where they were, others
// from the beginning of their assignment.
func (s *session) resume(ids []pipeline.Partition) error {
	for _, id := range ids {
		if l, ok := s.leases[id]; ok {
			l.reader.tell(change{kind: resumeReading, id: id})
			continue
		}
		r, err := s.idlest()
		if err != nil {
			return err
		}
		s.number++
		s.leases[id] = lease{r, s.number}
		r.count++
		r.tell(change{beginReading, id, s.number, s.places[id].offset})
	}
	return nil
}

// idlest is the reader that has the fewest partitions. There is a second one for a
// backlog, and not for what keeps up: a client costs connections and memory, hundreds
// of pipelines are mostly idle, and one reader is fast.
func (s *session) idlest() (*reader, error) {
	var least *reader
	for _, r := range s.readers {
		if least == nil || r.count < least.count {
			least = r
		}
	}
	if least != nil && (least.count == 0 || len(s.readers) == maxReaders || s.behind() < backlog) {
		return least, nil
	}
	r, err := s.newReader()
	if err == nil {
		s.readers = append(s.readers, r)
	}
	return r, err
}

// behind is how many records there were to read of what is assigned.
func (s *session) behind() (all int64) {
	for _, at := range s.places {
		all += at.ahead
	}
	return all
}

// follow has nothing more read of what is lost, and notes where to begin with what
// is assigned.
func (s *session) follow(e pipeline.Event) {
	switch e := e.(type) {
	case pipeline.Joining:
		s.keep(e.Owned)
	case pipeline.Synced:
		s.keep(e.Owned)
	case pipeline.Lost:
		for _, id := range e.Partitions {
			s.lose(id)
		}
	case pipeline.Assigned:
		for _, pos := range e.Positions {
			s.lose(pos.Partition)
			s.places[pos.Partition] = place{pos.Checkpoint.Replay, pos.End.Stable - pos.Checkpoint.Replay}
		}
	}
}

func (s *session) keep(owned []pipeline.Partition) {
	kept := make(map[pipeline.Partition]bool, len(owned))
	for _, id := range owned {
		kept[id] = true
	}
	for id := range s.places {
		if !kept[id] {
			s.lose(id)
		}
	}
}

func (s *session) lose(id pipeline.Partition) {
	delete(s.places, id)
	if l, ok := s.leases[id]; ok {
		delete(s.leases, id)
		l.reader.count--
		l.reader.tell(change{kind: endReading, id: id})
	}
}

// leased are the batches of a piece whose partitions are still read under the same
// lease: the others were lost after they were polled, and what was applied of them
// is forgotten.
func (s *session) leased(p *piece) []pipeline.Batch {
	current := func(i int) bool { return s.leases[p.batches[i].Partition].number == p.leases[i] }
	for i := range p.batches {
		if !current(i) {
			var rest []pipeline.Batch // apart: the piece's own keep their memory
			for i := range p.batches {
				if current(i) {
					rest = append(rest, p.batches[i])
				}
			}
			return rest
		}
	}
	return p.batches
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
	})
}
