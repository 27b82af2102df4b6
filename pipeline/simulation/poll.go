package simulation

import (
	"errors"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

var errFetch = errors.New("fetch: a broker's error")

// Poll implements pipeline.Client.
func (s *session) Poll(req pipeline.Request) (pipeline.Fetch, error) {
	if s.replaying() && s.armed(crashReplaying) {
		panic(crash{})
	}
	s.takeBack()
	s.open = nil
	s.breathe(1, 4*ms)
	s.heed(req)
	s.checkPaused()
	s.ask(req.Ends)
	wait := s.w.between(20*ms, s.w.script.doze)
	if s.readable() {
		wait = s.w.between(ms, 40*ms)
	}
	s.nap(wait)
	changes := s.changes
	batches, err := s.take()
	if err != nil {
		return pipeline.Fetch{}, err
	}
	switch { // what was polled is decoded while the group goes on
	case s.w.lasts(storm) && s.w.chance(20): // a schema has to be fetched first
		s.nap(s.w.between(0, 3*sec))
	case s.w.chance(30):
		s.nap(s.w.between(1, 30*ms))
	}
	if s.err != nil {
		return pipeline.Fetch{}, s.err
	}
	s.crashAt(crashPolled)
	if s.armed(freezePolled) {
		s.thaw = s.w.now + s.w.timeouts.session + s.w.between(2*sec, 15*sec)
		s.nap(0)
	}
	if s.armed(pollFails) {
		return pipeline.Fetch{}, errFetch
	}
	if changes != s.changes && s.strange(batches) {
		s.w.reached[staleBatch]++
	}
	f := pipeline.Fetch{Now: s.w.now + s.life.skew, Generation: s.changes, Busy: s.busy(), Events: s.events, Ends: s.answers, Batches: batches}
	s.toldOf(s.events)
	s.events, s.answers, s.told = nil, nil, s.known
	return f, nil
}

// strange tells whether a batch was read under another assignment.
func (s *session) strange(batches []pipeline.Batch) bool {
	return slices.ContainsFunc(batches, func(b pipeline.Batch) bool {
		c := s.cursor(b.Partition)
		return c == nil || !c.resumed
	})
}

// ask looks up where partitions end; the answer takes its time, and may not come.
func (s *session) ask(ids []pipeline.Partition) {
	if len(ids) == 0 || !s.w.script.tidy && s.w.chance(10) {
		return
	}
	asked := s.w.now + s.life.skew
	s.w.after(s.w.between(0, 100*ms), func() {
		answers := map[pipeline.Partition]pipeline.End{}
		for _, id := range ids {
			src := s.w.source(id)
			answers[id] = pipeline.End{Stable: src.stable(s.w.now), High: src.high(s.w.now), Asked: asked}
		}
		s.answers = answers
	})
}

func (s *session) cursor(id pipeline.Partition) *cursor {
	for _, c := range s.cursors {
		if c.id == id {
			return c
		}
	}
	return nil
}

// replaying tells that a partition is read again from before what is committed.
func (s *session) replaying() bool {
	return slices.ContainsFunc(s.cursors, func(c *cursor) bool {
		return c.next > c.position.Checkpoint.Replay && c.next < c.position.Offset
	})
}

func (s *session) readable() bool {
	return slices.ContainsFunc(s.cursors, func(c *cursor) bool { return c.resumed && !s.rests(c) && c.next < c.stable(s.w.now) })
}

// take reads what is there, of some partitions and of each as much as chance
// has it, in any order.
func (s *session) take() ([]pipeline.Batch, error) {
	if s.w.lasts(registryDown) {
		if s.readable() {
			s.w.reached[point17]++
		}
		if s.w.grain > 0 {
			s.nap(s.w.grain) // a try takes its time
		}
		return nil, nil
	}
	var batches []pipeline.Batch
	for _, i := range s.w.Perm(len(s.cursors)) {
		c := s.cursors[i]
		if !c.resumed || s.rests(c) || s.w.chance(25) {
			continue
		}
		if c.next < c.begin(s.w.now) {
			return nil, &pipeline.Stop{Msg: "the records to be read next are gone from the broker"}
		}
		end := c.stable(s.w.now)
		if end < c.high(s.w.now) {
			s.w.reached[upstreamOpen]++
		}
		n := min(1+s.w.Int64N(int64(s.w.script.polls)), end-c.next)
		if c.slow {
			n = min(n, 2)
		}
		if n <= 0 {
			continue
		}
		s.notePaused(c)
		if b := s.decode(c, c.next+n); b.Next > 0 {
			batches = append(batches, b)
		}
		c.next += n
	}
	return batches, nil
}
