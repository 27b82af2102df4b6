package simulation

// This file is how transactions are completed in the background, after their end was
// answered: until then the client is busy, and the next commit waits.

// drawLag lets transactions take a time to be complete.
func (s *script) drawLag(d dice) {
	if d.chance(40) {
		s.lag = pick(d, 100*ms, sec, 5*sec)
	}
}

// complete begins the background's part of a transaction's end. Once all is quiet it
// takes no time: what is left is to be done within bounds.
func (s *session) complete() {
	if s.w.script.lag > 0 && s.w.now < s.w.script.quiet {
		s.completes = s.w.now + s.w.between(0, s.w.script.lag)
	}
}

// busy tells that the last transaction is not complete.
func (s *session) busy() bool {
	if s.w.now >= s.completes {
		return false
	}
	s.w.reached[busyPoll]++
	return true
}

// awaitComplete waits until the last transaction is complete.
func (s *session) awaitComplete() {
	if wait := s.completes - s.w.now; wait > 0 {
		s.w.reached[busyCommit]++
		s.nap(wait)
	}
}
