package simulation

import (
	"fmt"
	"slices"
)

// This file is what goes wrong and what chance would decide, where everything is
// tried.

const nothing = "nothing"

// strikes tries a fault wherever one can make a difference.
func (t *every) strikes(p *process, what mishap) bool {
	switch s := p.s; {
	case what == twin && !p.life.named, what == endConfirmed && len(s.cursors) == 0:
		return false
	case (what == crashPolled || what == pollFails) && len(s.lent)+len(s.events) == 0, what == freezePolled && len(s.lent) == 0:
		return false // it is as before the poll
	}
	return t.fault(what, p)
}

// fault tries one, if there may be another.
func (t *every) fault(what mishap, where fmt.Stringer) bool {
	if t.left.Faults == 0 || t.choose(2, func() string { return fmt.Sprintf("%s|%s: %s", nothing, where, what) }) == 0 {
		return false
	}
	t.left.Faults--
	return true
}

// broker is where what lasts strikes.
type broker struct{}

func (broker) String() string { return "broker" }

// lasts tries what lasts where it makes a difference.
func (t *every) lasts(what mishap) bool {
	switch {
	case t.w.now < t.until[what]:
		return true
	case what == storm, what == registryDown && !t.running.s.readable(), !t.fault(what, broker{}):
		return false
	}
	t.until[what] = t.w.now + 3*sec
	return true
}

// either tries both.
func (t *every) either(what string) bool {
	return t.choose(2, func() string { return "not " + what + "|" + what }) == 1
}

// What takes time takes as little as it may, what may be skipped is, and a poll
// brings all that is there.
func (t *every) between(lo, _ int64) int64 { return lo }
func (t *every) chance(int) bool           { return false }
func (t *every) IntN(int) int              { return 0 }
func (t *every) Int64N(n int64) int64      { return n - 1 }

func (t *every) Perm(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// name is the first of a process's that no member has.
func (t *every) name(s *session) string {
	for k := 0; ; k++ {
		name := fmt.Sprintf("%d-%d", s.number, k)
		if !slices.ContainsFunc(t.w.group.members, func(m *member) bool { return m.id == name }) {
			return name
		}
	}
}

// rests tells that every process has what it is to have, so that nothing would
// happen any more but for time.
func (t *every) rests() bool {
	g, alive := &t.w.group, 0
	for _, p := range t.w.processes {
		switch {
		case p.ended:
		case p.s == nil || p.s.joining || len(p.s.fetching)+len(p.s.events) > 0 || !g.has(p.s.member) || p.frozen() > 0:
			return false
		default:
			alive++
		}
	}
	return g.state == stable && len(g.members) == alive
}
