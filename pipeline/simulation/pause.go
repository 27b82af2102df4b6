package simulation

import "github.com/aggrun/aggrun/pipeline"

// This file is how the client reads some partitions and others not.

// heed does what a worker asks: a pause may let through what was polled before it,
// and outlives the assignment, as kgo's does; what goes on after one may bring
// again what it had brought.
func (s *session) heed(req pipeline.Request) {
	for _, id := range req.Resume {
		c := s.cursor(id)
		if c == nil {
			continue
		}
		c.resumed = true
		if _, was := s.paused[id]; was {
			s.w.reached[resumedAhead]++
			delete(s.paused, id)
			if s.w.chance(30) {
				c.next = s.w.between(min(c.believed, c.next), c.next+1)
			}
		}
	}
	for _, id := range req.Pause {
		s.w.reached[pausedAhead]++
		s.paused[id] = s.w.IntN(2)
	}
}

// rests tells that a partition is paused, and brings nothing any more.
func (s *session) rests(c *cursor) bool {
	left, is := s.paused[c.id]
	return is && left == 0
}

// notePaused counts a batch that came in spite of a pause.
func (s *session) notePaused(c *cursor) {
	if left := s.paused[c.id]; left > 0 {
		s.w.reached[pausedBatch]++
		s.paused[c.id] = left - 1
	}
}

// notePausedLost counts paused partitions that are taken away.
func (s *session) notePausedLost(lost []pipeline.Partition) {
	for _, id := range lost {
		if _, is := s.paused[id]; is {
			s.w.reached[pausedLost]++
		}
	}
}
