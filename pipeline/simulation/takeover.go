package simulation

import (
	"fmt"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// What the judge says of a spec that takes over: windows that end at or before C were
// the other's, and all that end after it are this one's, made of every record that
// was read, whatever that became of under the other.

// takeOver rebuilds the open windows of a shard by the spec whose first commit this
// is. It has to name all the shard's partitions: specs are never mixed.
func (j *judge) takeOver(s *session, l *ledger, before *script, offsets []pipeline.Offset) {
	j.noteChange(l, before)
	l.windows = nil
	for _, b := range l.books {
		if !b.begun {
			continue
		}
		if !slices.ContainsFunc(offsets, func(o pipeline.Offset) bool { return o.Partition == b.id }) {
			j.violate("%v: the first commit of another spec leaves it out", b.id)
		}
		if !j.sameTimes(before) {
			b.largest = none
		}
		clear(b.groups)
		for o := b.begin(j.w.now); o < b.done; o++ {
			j.again(l, b, o, s.taken[b.id].Checkpoint.Replay)
			j.between(l, b, o, before)
		}
	}
	if len(l.windows) == 0 {
		j.w.reached[tookOverIdle]++
	}
}

// sameTimes tells that records have the event times they had.
func (j *judge) sameTimes(before *script) bool {
	for i, src := range j.s.spec.Sources {
		if (src.Time == nil) != (before.spec.Sources[i].Time == nil) {
			return false
		}
	}
	return true
}

// again puts a record that was read before into the windows of the spec that takes
// over; from is where that reads again.
func (j *judge) again(l *ledger, b *book, o, from int64) {
	e := &b.entries[o]
	at := j.s.when(b.id.Topic, e)
	if e.what != record || j.refusedAgain(b, e) {
		return
	}
	if o >= from {
		b.largest = max(b.largest, at)
	}
	pane, group := j.s.pane(at), j.group(b.id, e)
	if !j.passes(b.id.Topic, e) || pane+j.size() <= l.closed || !j.admit(b, pane, group) {
		return
	}
	if o < from {
		j.violate("%v: read again from %d, though window %s of the new spec needs %d", b.id, from, j.w.clockTime(pane), o)
	}
	if slices.Contains(b.refused, o) {
		j.w.reached[toldAgain]++
	}
	if first := pane + j.s.advance() - j.size(); first < l.closed {
		j.w.reached[straddled]++
	}
	j.fill(l, b, o, pane, group)
}

// between holds that no record falls between the specs: windows of the one that are
// decided for it, since they end at or before C, while the other's were not over.
func (j *judge) between(l *ledger, b *book, o int64, before *script) {
	e := &b.entries[o]
	if e.what != record || !j.sameTimes(before) {
		return
	}
	if at := j.s.when(b.id.Topic, e); j.s.pane(at)+j.size() <= l.closed && at >= l.covered {
		j.violate("%v: offset %d, of %s, is in no window of either spec: C is %s", b.id, o, j.w.clockTime(at), j.w.clockTime(l.closed))
	}
}

// refusedAgain tells whether a record is refused for its schema id, which nobody
// knows, or its time, which is either good or a day ahead.
func (j *judge) refusedAgain(b *book, e *entry) bool {
	ahead := j.s.when(b.id.Topic, e) - int64(j.s.spec.MaxFuture)
	if j.s.timed(b.id.Topic) {
		return e.schema >= firstUnknown || ahead > e.stamp
	}
	return e.schema >= firstUnknown || ahead > e.at+3600*sec
}

// checkPrint holds that commits tell the specs apart.
func (j *judge) checkPrint(s *session, id pipeline.Partition, text string) {
	v := slices.Index(j.w.scripts[:], s.script)
	if j.prints[v] == "" {
		j.prints[v] = text
	}
	if j.prints[v] != text || j.prints[0] == j.prints[1] {
		j.violate("%v: a commit of spec %d tells of another one", id, v)
	}
}

// noteTakeover counts from where a spec that takes over reads again.
func (j *judge) noteTakeover(b *book, pos pipeline.Position) {
	l := j.ledger(b.id)
	if l.script == j.s {
		return
	}
	if l.tried == j.s && l.seen[b.id] {
		j.w.reached[tookOverTwice]++
		clear(l.seen)
	}
	if l.tried != j.s || l.seen == nil {
		l.tried, l.seen = j.s, map[pipeline.Partition]bool{}
	}
	l.seen[b.id] = true
	m, err := readMetadata(pos.Metadata, pos.Offset)
	switch {
	case err != nil:
		panic(fmt.Sprintf("metadata of %v: %v", b.id, err))
	case pos.Checkpoint.Replay < m.replay:
		j.w.reached[lookedBack]++
	case m.replay < pos.Offset && pos.Checkpoint.Replay == m.replay:
		j.w.reached[keptReplay]++
	}
}

// noteChange counts what spec takes over, and what has changed.
func (j *judge) noteChange(l *ledger, before *script) {
	clear(l.seen)
	if j.s == j.w.scripts[0] {
		j.w.reached[rolledBack]++
	} else {
		j.w.reached[rolledOut]++
	}
	p, q := j.s.spec, before.spec
	groups := func(s *script) string { return fmt.Sprintf("%q %d", s.spec.GroupBy, s.spec.MaxGroups) }
	records := func(s *script) (text string) {
		for _, src := range s.spec.Sources {
			text += fmt.Sprintf("%q %q;", src.Where, src.Derive)
		}
		return text
	}
	results := func(s *script) string {
		return fmt.Sprintf("%q %q %d %s", s.spec.Operations, s.spec.Aggregates, s.spec.MinSample, s.spec.SmallSample)
	}
	for mark, changed := range map[mark]bool{
		changedWindow:     p.Window.Size != q.Window.Size || j.s.advance() != before.advance() || p.Window.Offset != q.Window.Offset,
		changedGrace:      p.Window.Grace != q.Window.Grace,
		changedWhere:      records(j.s) != records(before),
		changedTime:       !j.sameTimes(before),
		changedGroups:     groups(j.s) != groups(before),
		changedOperations: results(j.s) != results(before),
		changedFuture:     p.MaxFuture != q.MaxFuture,
	} {
		if changed {
			j.w.reached[mark]++
		}
	}
}

// noteStandby counts members that the leader gives nothing to, for another has a newer
// spec, and shards that such a one hands over.
func (g *group) noteStandby(plan pipeline.Assignment, said []pipeline.Member) {
	for _, m := range said {
		if m.Version == plan.Version {
			continue
		}
		g.w.reached[stoodBy]++
		if len(m.Owned) > 0 {
			g.w.reached[handedOver]++
		}
		if len(plan.Members[m.ID]) > 0 {
			g.w.judge.violate("%s stands by, and is given %v", m.ID, plan.Members[m.ID])
		}
	}
}

// noteUnmet counts rounds in which part of a shard is assigned, for no member of the
// version at work has met a topic of it that the group has committed.
func (g *group) noteUnmet(plan pipeline.Assignment) {
	shard := g.w.plan.Shard
	for id := range g.offsets {
		for _, ids := range plan.Members {
			if plan.Counts[id.Topic] == 0 && slices.ContainsFunc(ids, func(other pipeline.Partition) bool { return shard(other) == shard(id) }) {
				g.w.reached[unmet]++
				return
			}
		}
	}
}
