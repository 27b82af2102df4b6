package simulation

import (
	"fmt"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// What is counted of a schedule: rules that were followed are seen from outside, by
// events, commits and positions alone.

// noteSync counts shards that move between members that live, and torn ones.
func (w *world) noteSync(s *session, fresh []pipeline.Partition) {
	for _, id := range fresh {
		shard := w.plan.Shard(id)
		if h := w.holders[shard]; h != nil && h != s && !h.dead {
			w.reached[movedShard]++
		}
		w.holders[shard] = s
	}
	need, have := map[string]int{}, map[string]int{}
	for topic, n := range s.known {
		for id := range n {
			need[w.plan.Shard(pipeline.Partition{Topic: topic, ID: id})]++
		}
	}
	for _, id := range s.current {
		have[w.plan.Shard(id)]++
	}
	for shard, n := range have {
		if n < need[shard] {
			w.reached[tornHold]++
		}
	}
}

func (w *world) noteError(err error) {
	switch {
	case strings.Contains(err.Error(), "torn between members"):
		w.reached[tornEnded]++
	case strings.Contains(err.Error(), "assigned again while it was read"):
		w.reached[earlyEnded]++
	}
}

// noteBirth counts topics and partitions that appeared while running.
func (w *world) noteBirth(s *source) {
	switch {
	case s.born <= w.script.t0:
	case w.source(pipeline.Partition{Topic: s.id.Topic}).born > w.script.t0:
		w.reached[newTopic]++
	default:
		w.reached[newPartition]++
	}
}

// undecided tells whether a shard's windows up to a C still wait.
func (j *judge) undecided(l *ledger, closed int64) bool {
	return len(l.windows) > 0 && l.windows[0].start+j.size() <= closed
}

// attempt is what the last transaction tried of a shard.
type attempt struct {
	closed  int64
	results int
}

// noteAttempt sees from outside whether a C fell back, and results are tried
// again.
func (w *world) noteAttempt(s *session, c *pipeline.Commit) {
	if most := w.script.language.results; most > 0 && len(c.Results) >= most {
		w.reached[fullCommit]++
	}
	seen := map[*ledger]bool{}
	for _, o := range c.Offsets {
		l := w.judge.ledger(o.Partition)
		if seen[l] {
			continue
		}
		seen[l] = true
		results := len(w.judge.shareOf(l, c).results)
		m, err := readMetadata(o.Metadata, o.At)
		if err != nil {
			panic(fmt.Sprintf("metadata of %v: %v", o.Partition, err))
		}
		last, again := s.attempts[l]
		if again && m.closed < last.closed {
			w.reached[fellBack]++
		}
		if again && last.results > 0 && results >= last.results && w.judge.undecided(l, last.closed) {
			w.reached[retried]++
		}
		s.attempts[l] = attempt{closed: m.closed, results: results}
	}
}

// noteClosed counts by which rule C rose.
func (j *judge) noteClosed(l *ledger, closed, lowest int64, silent bool) {
	if silent {
		l.idled, l.silent = true, closed
		j.w.idles++
		j.w.reached[allIdle]++
		if j.s.closeOpen {
			j.w.reached[closeOpen]++
		}
		return
	}
	if j.s.untilEnd || closed <= j.less(lowest) {
		return
	}
	j.w.idles++
	if lowest == none {
		j.w.reached[emptyLeft]++
	} else {
		j.w.reached[idleLeft]++
	}
}

// noteReplay counts what taking a partition up brings about.
func (j *judge) noteReplay(b *book, pos pipeline.Position) {
	if pos.Checkpoint.Replay < pos.Offset {
		j.w.reached[replayed]++
	}
	j.notePartial(b, pos)
	for _, o := range b.refused {
		if o < pos.Checkpoint.Replay || o >= pos.Offset {
			continue
		}
		switch e := b.entries[o]; {
		case e.schema >= firstUnknown+3:
			j.w.reached[floodReplayed]++
		case e.schema < firstUnknown && b.overflowed(j, &e):
			j.w.reached[groupReplayed]++
		case e.schema < firstUnknown && j.s.timed(b.id.Topic):
			j.w.reached[fieldFutureReplayed]++
		case e.schema < firstUnknown:
			j.w.reached[futureReplayed]++
		case j.w.knows(e.schema):
			j.w.reached[unknownReplayed]++
		}
	}
}

// noteFiltered counts records that where leaves out.
func (j *judge) noteFiltered(raised bool) {
	j.w.reached[filteredRecord]++
	if raised {
		j.w.reached[filteredLargest]++
	}
}

// noteWindow counts what decided windows are like.
func (j *judge) noteWindow(w *window) {
	s := j.s
	if s.advance() < j.size() {
		j.w.reached[hopped]++
	}
	if s.spec.Window.Offset > 0 {
		j.w.reached[shifted]++
	}
	if len(s.spec.Sources) == 1 {
		return
	}
	var has [2]bool
	for _, one := range w.samples {
		has[one.source] = true
	}
	if s.spec.Sink.Topic == capturedSink {
		j.w.reached[captured]++
	}
	switch {
	case s.spec.Sink.Topic == ownSink:
		j.w.reached[fannedOut]++
	case has[0] && has[1]:
		j.w.reached[fannedIn]++
	default:
		j.w.reached[sourceSilent]++
	}
}

// noteResult counts what results are like.
func (j *judge) noteResult(w *window, samples []sample) {
	s, several := j.s, false
	for _, one := range samples {
		several = several || one.from != samples[0].from
	}
	if several {
		j.w.reached[pooled]++
	}
	if len(samples) < s.spec.MinSample {
		j.w.reached[smallSample]++
	}
	if len(s.spec.Aggregates) > 0 {
		j.w.reached[aggregated]++
	}
	if len(s.spec.GroupBy) > 0 {
		j.noteGroup(samples[0].group, several)
	}
}

func (j *judge) noteGroup(group string, several bool) {
	s := j.s
	j.w.reached[grouped]++
	if several {
		j.w.reached[groupPooled]++
	}
	if len(s.spec.GroupBy) > 1 {
		j.w.reached[groupedByTwo]++
	}
	if s.spec.Shard == spec.ShardPartition {
		j.w.reached[shardedByPartition]++
	}
	for i, v := range split(group) {
		switch part := s.spec.GroupBy[i]; {
		case v == "":
			j.w.reached[nullGroup]++
		case part == "$topic":
			j.w.reached[groupedByTopic]++
		case part == "$partition":
			j.w.reached[groupedByPartition]++
		case part == "$key":
			j.w.reached[groupedByKey]++
		case part != "g" && part != "h":
			j.w.reached[groupedByDerived]++
		}
	}
}

// overflowed tells that max_groups refused a record.
func (b *book) overflowed(j *judge, e *entry) bool {
	admitted, open := b.groups[j.s.pane(j.s.when(b.id.Topic, e))]
	return open && !admitted[j.group(b.id, e)]
}

// notePartial counts panes that are read again though one of their windows is
// decided.
func (j *judge) notePartial(b *book, pos pipeline.Position) {
	l := j.ledger(b.id)
	for _, w := range l.windows {
		o, ok := w.first[b.index]
		if ok && o < pos.Offset && j.s.pane(j.s.when(b.id.Topic, &b.entries[o]))+j.s.advance() <= l.closed {
			j.w.reached[partialReplayed]++
			return
		}
	}
}
