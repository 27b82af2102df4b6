package simulation

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// session is one membership of the group with one stream of transactions, as
// kgo's session is: the pipeline.Client of one worker. What the group does to it
// happens between and during the worker's calls, and reaches the worker as
// events of the next poll.
type session struct {
	*process
	script     *script // of the spec that it runs
	plan       *pipeline.Plan
	id         int
	dead       bool
	member     *member
	generation int32 // of the group, as the client knows it
	joining    bool  // from the request to join to the assignment
	round      int   // an offset fetch of an earlier assignment is void

	current  []pipeline.Partition // assigned
	fetching []pipeline.Partition // of those, without a position yet
	known    map[string]int32     // partitions of each topic, as the last leader saw them
	told     map[string]int32     // the same, as the worker was told
	announce []string             // the topics of the last join
	view     int64                // age of the client's metadata: what it knows was so at this time

	events  []pipeline.Event
	changes int64 // counts them
	err     error // the next poll ends the session with it

	cursors []*cursor                                // in the order of their partitions
	paused  map[pipeline.Partition]int               // how many more polls of it still bring records
	taken   map[pipeline.Partition]pipeline.Position // what was assigned last
	answers map[pipeline.Partition]pipeline.End
	layouts map[layoutOf]*pipeline.Layout
	lent    []pipeline.Batch // of the last poll

	worker    *pipeline.Worker
	open      *pendingCommit      // or the last one
	epoch     int                 // of its transactional id
	attempts  map[*ledger]attempt // last commit tried, by shard
	stopped   map[*ledger]*stop   // shards whose results were refused
	totals    map[pipeline.Partition]pipeline.Counts
	unchecked bool  // totals grew
	completes int64 // when the last transaction is complete
}

var errForgotten = errors.New("the group has forgotten this member")

// cursor is where the client reads a partition.
type cursor struct {
	*source
	position pipeline.Position
	next     int64
	believed int64 // where the client goes back to after an aborted transaction
	resumed  bool
}

func (s *session) String() string { return fmt.Sprintf("%s.%d", s.process, s.id) }

func (p *process) join() *session {
	s := &session{
		process: p, script: p.w.scripts[p.version], plan: p.w.plans[p.version], id: p.w.sessions, view: p.w.now, attempts: map[*ledger]attempt{}, stopped: map[*ledger]*stop{},
		layouts: map[layoutOf]*pipeline.Layout{}, paused: map[pipeline.Partition]int{},
		totals: map[pipeline.Partition]pipeline.Counts{}, taken: map[pipeline.Partition]pipeline.Position{},
	}
	p.w.sessions++
	if p.w.chance(30) { // the broker that answered lags behind
		s.view -= p.w.between(0, 8*sec)
	}
	if made := p.w.script.unmet; p.version == 1 && p.w.now < made+unmetAge {
		s.view = min(s.view, made-1)
	}
	s.epoch = p.w.initProducer(p.transactionalID())
	s.w.logf("%s: joins", s)
	s.w.send(note{what: "join", of: s, moot: func() bool { return s.dead }}, s.rejoin)
	s.beat(s.w.timeouts.heartbeat)
	s.w.after(s.w.between(1, metadataAge), s.refresh)
	return s
}

// add queues an event for the worker.
func (s *session) add(e pipeline.Event) {
	s.events = append(s.events, e)
	s.changes++
}

// counts are the partitions of the topics that the client knows.
func (s *session) counts() map[string]int32 { return s.w.counts(s.view) }

// fetch looks offsets up after a while, if the assignment is still the one of a round.
func (s *session) fetch(d int64, round int) {
	s.w.post(d, note{what: "fetch", of: s, moot: s.past(round)}, func() { s.fetchOffsets(round) })
}

// past tells that an assignment is no longer the one of a round.
func (s *session) past(round int) func() bool {
	return func() bool { return s.dead || s.joining || round != s.round }
}

// fetchOffsets waits until no transaction holds an offset of the shards that
// were assigned, and then looks the partitions up.
func (s *session) fetchOffsets(round int) {
	if d := s.frozen(); d > 0 {
		s.fetch(d, round)
		return
	}
	for _, src := range s.w.script.sources {
		if s.w.group.pending[src.id] > 0 && s.ofShard(src.id) {
			s.w.reached[unstableFetch]++
			s.fetch(300*ms, round)
			return
		}
	}
	offsets := maps.Clone(s.w.group.offsets)
	s.w.post(s.w.between(0, 20*ms), note{what: "assign", of: s, holds: offsets, moot: s.past(round)}, func() { s.assign(offsets) })
}

func (s *session) ofShard(id pipeline.Partition) bool {
	return slices.ContainsFunc(s.fetching, func(f pipeline.Partition) bool { return s.w.plan.Shard(f) == s.w.plan.Shard(id) })
}

// assign brings the worker the partitions that it is to take up.
func (s *session) assign(offsets map[pipeline.Partition]pipeline.Committed) {
	at := look{s.w, s.life.skew, s.armed(lookFails)}
	positions, err := s.plan.Locate(s.fetching, offsets, s.origin, at)
	if err == nil && len(positions) != len(s.fetching) {
		err = errors.New("not every partition was located")
	}
	if err != nil {
		s.w.logf("%s: %v", s, err)
		s.err = err
		return
	}
	s.w.judge.located(s, positions)
	for _, pos := range positions {
		s.w.logf("%s: assigned %v at %d, done %d, C %s", s, pos.Partition, pos.Checkpoint.Replay, pos.Offset, s.w.clockTime(pos.Checkpoint.Closed))
		s.taken[pos.Partition] = pos
		s.cursors = append(s.cursors, &cursor{
			source: s.w.source(pos.Partition), position: pos,
			next: pos.Checkpoint.Replay, believed: pos.Checkpoint.Replay,
		})
	}
	slices.SortFunc(s.cursors, func(a, b *cursor) int { return a.id.Compare(b.id) })
	s.fetching = nil
	s.add(pipeline.Assigned{Positions: positions, Counts: s.plan.Counts(offsets, nil)})
}

// close leaves the group, if it can.
func (s *session) close() {
	s.dead = true
	s.w.send(note{what: "leave", holds: s.number}, func() { s.w.group.evict(s.member) })
}
