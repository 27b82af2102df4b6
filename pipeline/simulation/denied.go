package simulation

import (
	"fmt"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// This file is sinks that refuse results, and what becomes of their shards: these
// stop, and the others go on.

// denial is a sink that refuses results for a while, or for ever.
type denial struct {
	sink      string
	at, until int64 // until: never, or a time
}

// all tells that it is told as whatever is written: of every other one.
func (n *denial) all() bool { return n.at%2 == 0 }

// stop is a shard's whose results were refused.
type stop struct {
	vague bool // the worker was told of an assignment since: the shard may have begun anew
}

// drawDenials lets one sink or two refuse results.
func (s *script) drawDenials(d dice) {
	if s.halt != noHalt || !d.chance(20) {
		return
	}
	for range pick(d, 1, 1, 2) {
		n := denial{sink: s.sink(pick(d, s.sources...).id.Topic), at: s.t0 + d.between(0, 20*sec)}
		n.until = n.at + pick(d, d.between(sec, 10*sec), d.between(sec, 10*sec), d.between(10*sec, 60*sec))
		if d.chance(15) {
			n.until = never
		}
		s.denials = append(s.denials, n)
	}
}

// denies tells that a sink refuses results at some time in [from, to].
func (s *script) denies(sink string, from, to int64) bool {
	for _, n := range s.denials {
		if n.sink == sink && n.at <= to && from < n.until {
			return true
		}
	}
	return false
}

// refusal is why a sink refuses results at a time; false: it does not.
func (s *script) refusal(sink string, at int64) (pipeline.Refusal, bool) {
	r := pipeline.Refusal{Reason: fmt.Sprintf("sink %s refuses results", sink)}
	for i := range s.denials {
		n := &s.denials[i]
		r.All = r.All || n.sink == sink && n.at <= at && at < n.until && n.all()
	}
	return r, s.denies(sink, at, at)
}

// forEver tells that some sink never takes results again.
func (s *script) forEver() bool {
	for _, n := range s.denials {
		if n.until == never {
			return true
		}
	}
	return false
}

// refused says which sinks refuse results of a commit; nil: none. The shards that
// have some are stopped from here on.
func (s *session) refused(c *pipeline.Commit) *pipeline.Refused {
	r := pipeline.Refused{Sinks: map[string]pipeline.Refusal{}}
	for _, one := range c.Results {
		if why, is := s.w.script.refusal(one.Sink, s.w.now); is {
			r.Sinks[one.Sink] = why
		}
	}
	if len(r.Sinks) == 0 {
		return nil
	}
	s.w.logf("%s: %v", s, &r)
	s.w.reached[sinkRefused]++
	for _, l := range s.w.judge.ledgers {
		if _, is := r.Sinks[l.sink]; is && len(s.w.judge.shareOf(l, c).results) > 0 {
			if at := s.stopped[l]; at != nil {
				s.w.reached[sinkRefusedAgain]++
				at.vague = false
			} else {
				s.stopped[l] = &stop{}
			}
		}
	}
	return &r
}

// halted tells that a shard is stopped, whatever the worker was told of assignments.
func (s *session) halted(l *ledger) bool {
	at := s.stopped[l]
	return at != nil && !at.vague
}

// toldOf makes it vague what is stopped: a shard of which something came or went
// begins anew.
func (s *session) toldOf(events []pipeline.Event) {
	for _, at := range s.stopped {
		at.vague = at.vague || len(events) > 0
	}
}

// checkAlone tells whether a stopped shard is tried with others, which its sink
// would hold up.
func (s *session) checkAlone(c *pipeline.Commit) {
	stopped, all := 0, map[*ledger]bool{}
	for _, o := range c.Offsets {
		l := s.w.judge.ledger(o.Partition)
		if !all[l] && s.halted(l) {
			stopped++
		}
		all[l] = true
	}
	if stopped > 0 && len(all) > 1 {
		s.w.judge.violate("%s: a commit of %d shards holds a stopped one", s, len(all))
	}
}

// checkPaused tells whether partitions of stopped shards are read.
func (s *session) checkPaused() {
	for _, c := range s.cursors {
		if _, paused := s.paused[c.id]; c.resumed && !paused && s.halted(s.w.judge.ledger(c.id)) {
			s.w.judge.violate("%s: %v is read, of a stopped shard", s, c.id)
		}
	}
}

// settled takes the shards of a committed transaction, which are not stopped now.
func (s *session) settled(c *pipeline.Commit) {
	for _, o := range c.Offsets {
		if l := s.w.judge.ledger(o.Partition); s.stopped[l] != nil {
			s.w.reached[sinkHealed]++
			delete(s.stopped, l)
		}
	}
	if len(s.stopped) > 0 {
		s.w.reached[othersCommitted]++
	}
}

// gaveUp tells that a worker ended, under --until-end, as it has to when a sink
// still refuses results: it says which one, and all else that it has is read.
func (s *session) gaveUp(err error) bool {
	if !s.w.script.untilEnd || !strings.Contains(err.Error(), "everything else is committed") {
		return false
	}
	named := false
	for _, l := range s.w.judge.ledgers {
		if strings.Contains(err.Error(), l.sink) && s.w.script.denies(l.sink, s.w.now-20*sec, s.w.now) {
			named = true
			continue
		}
		for _, b := range l.books {
			if c := s.cursor(b.id); c != nil && b.done < c.position.Stop {
				s.w.judge.violate("%s gave up with %v at %d, before %d", s, b.id, b.done, c.position.Stop)
			}
		}
	}
	return named
}
