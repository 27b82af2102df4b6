package simulation

import (
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

const (
	metadataAge  = 10 * sec
	leaderThinks = 30 * ms
)

// timeouts are those of the client, ns.
type timeouts struct{ session, heartbeat, rebalance, transaction int64 }

// usual are those that the client has on Kafka.
var usual = timeouts{session: 10 * sec, heartbeat: 3 * sec, rebalance: 10 * sec, transaction: 30 * sec}

// short are the least that keep their order, where everything is tried.
var short = timeouts{session: 3 * sec, heartbeat: sec, rebalance: 3 * sec, transaction: 7 * sec}

// group is the coordinator of the consumer group: members, rounds of joining and
// syncing, and the offsets that are committed or pending.
type group struct {
	w          *world
	state      groupState
	generation int32
	round      int // a timer of an earlier round is void
	settling   bool
	withheld   bool // a shard was given to nobody: there has to be another round
	members    []*member
	offsets    map[pipeline.Partition]pipeline.Committed
	pending    map[pipeline.Partition]int // open transactions that hold an offset
}

type groupState int

const (
	stable    groupState = iota
	joining              // waiting for members to join
	assigning            // waiting for the leader's plan
)

// member is the coordinator's side of a membership.
type member struct {
	id     string
	s      *session
	said   pipeline.Member
	joined bool
	beat   int64 // when it was last heard of
}

func (g *group) has(m *member) bool { return m != nil && slices.Contains(g.members, m) }

// join takes a JoinGroup request; the answer comes with the round's end.
func (g *group) join(s *session, said pipeline.Member) {
	if !g.has(s.member) {
		s.member = &member{id: said.ID, s: s}
		g.members = append(g.members, s.member)
	}
	said.ID = s.member.id
	s.member.said, s.member.joined = said, true
	if g.state != joining {
		g.prepare()
	}
	g.settle()
}

// prepare opens a round. Who waits for an assignment is told to join again; the
// others learn it by their next heartbeat.
func (g *group) prepare() {
	again := g.state == assigning
	first := len(g.members) <= 1
	g.state = joining
	g.round++
	round := g.round
	over := func() bool { return g.round != round || g.state != joining }
	g.w.post(g.w.timeouts.rebalance, note{what: "join timeout", moot: over}, g.leaveBehind)
	if first { // a new group waits a moment for others
		g.settling = true
		g.w.post(g.w.between(0, sec), note{what: "settle"}, func() { g.settling = false; g.settle() })
	}
	for _, m := range g.members {
		if again && !m.joined {
			gone := func() bool { return m.s.dead || !m.s.joining || !g.has(m) || m.joined }
			g.w.post(g.w.between(0, 30*ms), note{what: "join again", of: m.s, moot: gone}, m.s.rejoin)
		}
	}
}

// leaveBehind ends a round without those who did not join in time.
func (g *group) leaveBehind() {
	g.settling = false
	g.members = slices.DeleteFunc(g.members, func(m *member) bool {
		if !m.joined {
			g.w.reached[joinTimeout]++
			g.w.logf("group: %s did not join in time", m.s)
		}
		return !m.joined
	})
	if len(g.members) > 0 {
		g.complete()
	}
}

// settle ends the round once every member has joined.
func (g *group) settle() {
	if g.state != joining || g.settling || len(g.members) == 0 {
		return
	}
	if !slices.ContainsFunc(g.members, func(m *member) bool { return !m.joined }) {
		g.complete()
	}
}

func (g *group) complete() {
	g.generation++
	g.state = assigning
	for _, m := range g.members {
		m.joined, m.beat = false, g.w.now
		if !m.s.dead {
			m.s.generation = g.generation
		}
	}
	generation := g.generation
	g.lead(g.w.between(1, leaderThinks), generation)
}

// lead has the leader plan, after a while.
func (g *group) lead(d int64, generation int32) {
	past := func() bool { return g.generation != generation || g.state != assigning || len(g.members) == 0 }
	g.w.post(d, note{what: "lead", moot: past}, func() { g.plan(generation) })
}

// plan lets the leader plan, unless it is dead, or frozen for the while.
func (g *group) plan(generation int32) {
	leader := g.members[0].s
	if leader.dead {
		return // its session will time out
	}
	if d := leader.frozen(); d > 0 {
		g.lead(d, generation)
		return
	}
	said := make([]pipeline.Member, len(g.members))
	for i, m := range g.members {
		said[i] = m.said
	}
	counts := leader.counts()
	g.noteStale(said, counts)
	plan := pipeline.Balance(leader.plan.Shard, said, counts)
	g.noteStandby(plan, said)
	g.noteUnmet(plan)
	g.tear(plan, said)
	g.withhold(plan, said)
	g.state = stable
	for _, m := range g.members {
		m.s.sync(g.w.between(1, 50*ms), synced{member: m, generation: generation, ids: plan.Members[m.id], counts: plan.Counts})
	}
}

// noteStale counts rounds in which the leader knows less than a member.
func (g *group) noteStale(said []pipeline.Member, counts map[string]int32) {
	for _, m := range said {
		for topic, n := range m.Counts {
			if n > counts[topic] {
				g.w.reached[staleCounts]++
				return
			}
		}
	}
}

// watch evicts members that were not heard of for the session's timeout.
func (g *group) watch() {
	for _, m := range slices.Clone(g.members) {
		if g.overdue(m) {
			g.evict(m)
		}
	}
	if !g.w.over {
		g.later()
	}
}

// later watches again.
func (g *group) later() {
	still := func() bool { return !slices.ContainsFunc(g.members, g.overdue) }
	g.w.post(sec, note{what: "group", still: still}, g.watch)
}

func (g *group) overdue(m *member) bool {
	waits := m.joined || m.s.joining && !m.s.dead && m.s.frozen() == 0
	return !waits && g.w.now-m.beat > g.w.timeouts.session
}

// evict removes a member; the rest share what it had.
func (g *group) evict(m *member) {
	i := slices.Index(g.members, m)
	if i < 0 {
		return
	}
	g.w.logf("group: %s is out", m.s)
	g.members = slices.Delete(g.members, i, i+1)
	switch {
	case len(g.members) == 0:
		g.state = stable
		g.round++
	case g.state == joining:
		g.settle()
	default:
		g.prepare()
		g.settle()
	}
}
