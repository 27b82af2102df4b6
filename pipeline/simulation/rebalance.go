package simulation

import (
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// rejoin sends what the member holds with a request to join.
func (s *session) rejoin() {
	if s.dead {
		return
	}
	if s.member != nil && !s.w.group.has(s.member) {
		// kgo would join anew and claim what it had, though others may have had it
		// since: the balancer has to end the session.
		s.w.reached[forgotten]++
		s.err = errForgotten
		return
	}
	s.joining = true
	s.round++
	s.add(pipeline.Joining{Owned: slices.Clone(s.current)})
	s.announce = s.w.topics(s.view)
	s.w.group.join(s, pipeline.Member{
		ID: s.w.name(s), Topics: s.announce, Owned: slices.Clone(s.current),
		Generation: s.generation, Counts: s.known,
		Version: s.plan.Fingerprint.String(), Loaded: s.loaded,
	})
}

// beat plans the next heartbeat. One of a stable group changes nothing that anyone
// could tell.
func (s *session) beat(d int64) {
	g := &s.w.group
	still := func() bool { return s.frozen() > 0 || s.joining || g.has(s.member) && g.state != joining }
	s.w.post(d, note{what: "heartbeat", of: s, moot: func() bool { return s.dead }, still: still}, s.heartbeat)
}

// heartbeat tells the group that the member lives, and learns what it wants.
func (s *session) heartbeat() {
	g := &s.w.group
	wait := s.w.timeouts.heartbeat
	switch d := s.frozen(); {
	case d > 0:
		wait = d
	case s.joining:
	case !g.has(s.member):
		s.expelled()
	case g.state == joining && s.armed(slowJoin):
		wait = s.w.timeouts.rebalance + s.w.between(0, 5*sec)
		s.w.post(wait, note{what: "join late", of: s, moot: func() bool { return s.dead }}, s.rejoin)
	case g.state == joining:
		s.rejoin()
	default:
		s.member.beat = s.w.now
	}
	s.beat(wait + s.w.between(0, 50*ms))
}

// expelled loses everything: the group went on without this member.
func (s *session) expelled() {
	s.w.reached[expelled]++
	s.w.logf("%s: expelled, had %v", s, s.current)
	lost := s.current
	s.current, s.fetching, s.cursors, s.member = nil, nil, nil, nil
	s.lost(lost)
	s.rejoin()
}

// lost calls back, unless the client swallows it.
func (s *session) lost(ids []pipeline.Partition) {
	s.notePausedLost(ids)
	switch {
	case len(ids) == 0:
	case s.life.swallows && s.w.either("told of the loss"):
		s.w.reached[swallowed]++
	default:
		s.add(pipeline.Lost{Partitions: ids})
	}
}

// synced is the answer to a member's SyncGroup.
type synced struct {
	*member
	generation int32
	ids        []pipeline.Partition
	counts     map[string]int32
	frozen     bool // the member was, as it came
}

// sync brings the answer after a while.
func (s *session) sync(d int64, a synced) {
	past := func() bool {
		return s.dead || s.member != a.member || s.generation != a.generation || !s.joining || a.joined
	}
	s.w.post(d, note{what: "sync", of: s, holds: []any{a.ids, a.frozen}, moot: past}, func() { s.synced(a) })
}

// synced takes the leader's plan, cooperatively: what is no longer ours is lost
// and the member joins again; what is new gets its offsets fetched.
func (s *session) synced(a synced) {
	if d := s.frozen(); d > 0 {
		a.frozen = true
		s.sync(d, a)
		return
	}
	if a.frozen && !s.w.group.has(a.member) {
		s.joining = false
		s.expelled()
		return
	}
	ids := slices.SortedFunc(slices.Values(a.ids), pipeline.Partition.Compare)
	s.w.logf("%s: synced at %d with %v", s, s.generation, ids)
	s.joining = false
	s.member.beat = s.w.now
	s.known = a.counts
	s.add(pipeline.Synced{Owned: ids, Counts: a.counts})
	lost := less(s.current, ids)
	fresh := less(ids, s.current)
	s.fetching = slices.DeleteFunc(slices.Concat(s.fetching, fresh), func(id pipeline.Partition) bool { return !slices.Contains(ids, id) })
	s.current = ids
	s.w.noteSync(s, fresh)
	s.cursors = slices.DeleteFunc(s.cursors, func(c *cursor) bool { return !slices.Contains(ids, c.id) })
	s.lost(lost)
	if len(lost) > 0 {
		let := note{what: "let go", of: s, moot: func() bool { return s.dead || s.joining }}
		s.w.post(s.w.between(0, 20*ms), let, s.rejoin)
	}
	if len(s.fetching) > 0 {
		s.fetch(s.w.between(1, 60*ms), s.round)
	}
}

// less is what of a is not in b.
func less(a, b []pipeline.Partition) []pipeline.Partition {
	return slices.DeleteFunc(slices.Clone(a), func(id pipeline.Partition) bool { return slices.Contains(b, id) })
}

// refresh renews the client's metadata: a new topic makes it join again, new
// partitions only if it leads.
func (s *session) refresh() {
	if s.dead || s.w.over {
		return
	}
	if s.frozen() == 0 && !s.joining && s.member != nil {
		s.view = s.w.now
		leads := len(s.w.group.members) > 0 && s.w.group.members[0] == s.member
		if !slices.Equal(s.announce, s.w.topics(s.view)) || leads && s.w.grew(s.known, s.view) {
			s.rejoin()
		}
	}
	s.w.after(s.w.between(metadataAge/2, metadataAge), s.refresh)
}
