package simulation

import (
	"errors"

	"github.com/aggrun/aggrun/pipeline"
)

var (
	errFenced  = errors.New("producer fenced")
	errTimeout = errors.New("the transaction was aborted by the broker")
	errAnswer  = errors.New("end of transaction: no answer")
)

// Commit implements pipeline.Client.
func (s *session) Commit(c *pipeline.Commit) (bool, error) {
	s.w.noteAttempt(s, c)
	s.checkAlone(c)
	s.awaitComplete()
	s.breathe(0, 5*ms)
	if s.w.lasts(storm) && s.w.chance(70) {
		s.nap(s.w.between(0, 2*sec))
	}
	s.crashAt(crashBeforeBegin)
	t, err := s.begin(c)
	if err != nil {
		return false, err
	}
	s.nap(s.w.between(ms, 20*ms))
	s.crashAt(crashAfterProduce)
	if r := s.refused(c); r != nil {
		_, _ = s.refuse(t, s.w.between(0, 100*ms))
		return false, r
	}
	blocked := len(c.DeadLetters) > 0 && s.w.lasts(deadLettersDown)
	if blocked {
		s.w.reached[point18]++
	}
	if blocked || s.armed(produceFails) {
		return s.refuse(t, s.w.between(50*ms, sec))
	}
	if err := s.sendOffsets(t); err != nil || !t.offset {
		return false, err
	}
	s.crashAt(crashAfterOffsets)
	s.stall()
	if s.armed(endRefused) {
		return s.refuse(t, s.w.between(0, 200*ms))
	}
	return s.end(t)
}

func (s *session) crashAt(point mishap) {
	if s.armed(point) {
		panic(crash{})
	}
}

// refuse aborts; the client goes back to where it believes the last commit was.
func (s *session) refuse(t *pendingCommit, wait int64) (bool, error) {
	s.w.abort(t)
	s.complete()
	for _, c := range s.cursors {
		c.next = c.believed
	}
	s.nap(max(wait, s.w.grain))
	return false, nil
}

// sendOffsets adds the offsets to the transaction. It waits for a join that is
// under way, and is refused when the assignment is another one since, or the
// group has another generation.
func (s *session) sendOffsets(t *pendingCommit) error {
	for s.joining {
		s.nap(100 * ms)
		if t.of.open != t {
			return s.gone(t)
		}
	}
	if s.changes != t.Generation {
		s.w.reached[changedRefused]++
		s.w.logf("%s: commit refused, the assignment changed", s)
		_, err := s.refuse(t, 0)
		return err
	}
	t.generation = s.generation
	s.seize()
	s.nap(s.w.between(0, 10*ms))
	if t.of.open != t {
		return s.gone(t)
	}
	if g := &s.w.group; !g.has(s.member) || t.generation != g.generation {
		s.w.reached[brokerRefused]++
		s.w.logf("%s: commit refused by the group", s)
		_, err := s.refuse(t, 0)
		return err
	}
	t.offset = true
	for _, o := range t.Offsets {
		s.w.group.pending[o.Partition]++
	}
	return nil
}

// stall makes the end of a transaction slow.
func (s *session) stall() {
	s.seize()
	switch {
	case s.armed(slowEnd):
		s.nap(s.w.timeouts.transaction + s.w.between(0, 5*sec))
	case s.armed(coordinatorMoves):
		s.nap(s.w.between(500*ms, 3*sec))
	}
	s.nap(s.w.between(0, 10*ms))
}

// end commits, if the transaction is still there to be committed.
func (s *session) end(t *pendingCommit) (bool, error) {
	if s.armed(endLost) {
		return false, errAnswer // the coordinator will time out
	}
	if s.armed(crashAwaitingEnd) {
		if s.w.either("received") && t.of.open == t {
			s.settle(t)
		}
		panic(crash{})
	}
	if t.of.open != t {
		return false, s.gone(t)
	}
	counts := s.settle(t)
	s.settled(t.Commit)
	s.complete()
	s.crashAt(crashAfterEnd)
	if s.armed(answerLost) {
		return false, errAnswer
	}
	unsure := s.armed(endConfirmed)
	for _, c := range s.cursors {
		if unsure {
			c.next = c.believed
		}
		c.believed = c.next
	}
	s.breathe(0, 5*ms)
	for id, n := range counts {
		total := s.totals[id]
		total.Add(n)
		s.totals[id] = total
	}
	s.unchecked = true
	return true, nil
}

// settle commits: results, dead letters and offsets become visible together. A
// reader of offsets sees them pending for a moment longer.
func (s *session) settle(t *pendingCommit) map[pipeline.Partition]pipeline.Counts {
	w := s.w
	t.of.open = nil
	w.reached[committed]++
	for _, o := range t.Offsets {
		w.group.offsets[o.Partition] = pipeline.Committed{Offset: o.At, Epoch: o.Epoch, Metadata: o.Metadata}
	}
	w.after(w.between(0, 100*ms), func() { w.release(t) })
	return w.judge.commit(s, t.Commit)
}
