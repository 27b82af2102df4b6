package simulation

import "github.com/aggrun/aggrun/pipeline"

// producerID is a transactional id at its coordinator. A session whose epoch is
// an older one is fenced.
type producerID struct {
	epoch int
	open  *pendingCommit
}

// pendingCommit is a transaction at its coordinator.
type pendingCommit struct {
	*pipeline.Commit
	of     *producerID
	epoch  int
	offset bool // the offsets are pending
	late   bool // the coordinator gave it up

	generation int32 // of the group, as the request says that adds the offsets
}

// initProducer fences whoever used the transactional id before, and gives the
// epoch of the next.
func (w *world) initProducer(id string) int {
	p := w.producers[id]
	if p == nil {
		p = &producerID{}
		w.producers[id] = p
	}
	w.abort(p.open)
	p.epoch++
	return p.epoch
}

// abort ends a transaction without its content.
func (w *world) abort(t *pendingCommit) {
	if t == nil || t.of.open != t {
		return
	}
	t.of.open = nil
	w.release(t)
}

// release lets go of the offsets that a transaction held.
func (w *world) release(t *pendingCommit) {
	if !t.offset {
		return
	}
	for _, o := range t.Offsets {
		w.group.pending[o.Partition]--
	}
}

// begin opens a transaction, which the coordinator aborts after its timeout.
func (s *session) begin(c *pipeline.Commit) (*pendingCommit, error) {
	at := s.w.producers[s.transactionalID()]
	if at.epoch != s.epoch {
		return nil, s.fenced()
	}
	t := &pendingCommit{Commit: c, of: at, epoch: at.epoch}
	at.open, s.open = t, t
	s.w.post(s.w.timeouts.transaction, note{what: "transaction timeout", holds: s.number, moot: func() bool { return at.open != t }}, func() {
		s.w.logf("%s: the transaction timed out", s)
		s.w.abort(t)
		t.late = true
		at.epoch++
	})
	return t, nil
}

// gone says why a transaction is no longer there.
func (s *session) gone(t *pendingCommit) error {
	if t.late {
		return errTimeout
	}
	return s.fenced()
}

func (s *session) fenced() error {
	s.w.reached[fenced]++
	return errFenced
}
