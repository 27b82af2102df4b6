package simulation

import (
	"fmt"
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
		ID: fmt.Sprintf("%08x", s.w.Uint32()), Topics: s.announce, Owned: slices.Clone(s.current),
		Generation: s.generation, Counts: s.known,
		Version: s.plan.Fingerprint.String(), Loaded: s.loaded,
	})
}

// heartbeat tells the group that the member lives, and learns what it wants.
func (s *session) heartbeat() {
	g := &s.w.group
	wait := heartbeatInterval
	switch d := s.frozen(); {
	case s.dead:
		return
	case d > 0:
		wait = d
	case s.joining:
	case !g.has(s.member):
		s.expelled()
	case g.state == joining && s.armed(slowJoin):
		wait = rebalanceTimeout + s.w.between(0, 5*sec)
		s.w.after(wait, s.rejoin)
	case g.state == joining:
		s.rejoin()
	default:
		s.member.beat = s.w.now
	}
	s.w.after(wait+s.w.between(0, 50*ms), s.heartbeat)
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
	case s.life.swallows && s.w.chance(50):
		s.w.reached[swallowed]++
	default:
		s.add(pipeline.Lost{Partitions: ids})
	}
}

// synced takes the leader's plan, cooperatively: what is no longer ours is lost
// and the member joins again; what is new gets its offsets fetched.
func (s *session) synced(ids []pipeline.Partition, counts map[string]int32) {
	if d := s.frozen(); d > 0 {
		generation := s.generation
		s.w.after(d, func() {
			if !s.dead && s.joining && s.generation == generation && s.w.group.has(s.member) && !s.member.joined {
				s.synced(ids, counts)
			}
		})
		return
	}
	ids = slices.SortedFunc(slices.Values(ids), pipeline.Partition.Compare)
	s.w.logf("%s: synced at %d with %v", s, s.generation, ids)
	s.joining = false
	s.member.beat = s.w.now
	s.known = counts
	s.add(pipeline.Synced{Owned: ids, Counts: counts})
	lost := less(s.current, ids)
	fresh := less(ids, s.current)
	s.fetching = slices.DeleteFunc(slices.Concat(s.fetching, fresh), func(id pipeline.Partition) bool { return !slices.Contains(ids, id) })
	s.current = ids
	s.w.noteSync(s, fresh)
	s.cursors = slices.DeleteFunc(s.cursors, func(c *cursor) bool { return !slices.Contains(ids, c.id) })
	s.lost(lost)
	if len(lost) > 0 {
		s.w.after(s.w.between(0, 20*ms), func() {
			if !s.joining {
				s.rejoin()
			}
		})
	}
	if len(s.fetching) > 0 {
		round := s.round
		s.w.after(s.w.between(1, 60*ms), func() { s.fetchOffsets(round) })
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
	if s.frozen() == 0 && !s.joining {
		s.view = s.w.now
		leads := len(s.w.group.members) > 0 && s.w.group.members[0] == s.member
		if !slices.Equal(s.announce, s.w.topics(s.view)) || leads && s.w.grew(s.known, s.view) {
			s.rejoin()
		}
	}
	s.w.after(s.w.between(metadataAge/2, metadataAge), s.refresh)
}
