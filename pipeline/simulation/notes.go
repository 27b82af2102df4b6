package simulation

import (
	"fmt"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// What is counted of a schedule: rules that were followed are seen from outside, by
// events, commits and positions alone.

// noteSync counts shards that move between members that live, and torn ones.
func (w *world) noteSync(s *session, fresh []pipeline.Partition) {
	for _, id := range fresh {
		sink := w.plan.Sink(id.Topic)
		if h := w.holders[sink]; h != nil && h != s && !h.dead {
			w.reached[movedShard]++
		}
		w.holders[sink] = s
	}
	need, have := map[string]int{}, map[string]int{}
	for topic, n := range s.known {
		need[w.plan.Sink(topic)] += int(n)
	}
	for _, id := range s.current {
		have[w.plan.Sink(id.Topic)]++
	}
	for sink, n := range have {
		if n < need[sink] {
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
func (j *judge) undecided(sink string, closed int64) bool {
	l := j.ledger(sink)
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
	results := map[string]int{}
	for _, r := range c.Results {
		results[r.Sink]++
	}
	seen := map[string]bool{}
	for _, o := range c.Offsets {
		sink := w.plan.Sink(o.Partition.Topic)
		if seen[sink] {
			continue
		}
		seen[sink] = true
		m, err := readMetadata(o.Metadata, o.At)
		if err != nil {
			panic(fmt.Sprintf("metadata of %v: %v", o.Partition, err))
		}
		last, again := s.attempts[sink]
		if again && m.closed < last.closed {
			w.reached[fellBack]++
		}
		if again && last.results > 0 && results[sink] >= last.results && w.judge.undecided(sink, last.closed) {
			w.reached[retried]++
		}
		s.attempts[sink] = attempt{closed: m.closed, results: results[sink]}
	}
}

// noteClosed counts by which rule C rose.
func (j *judge) noteClosed(l *ledger, closed, lowest int64, silent bool) {
	if silent {
		l.idled, l.silent = true, closed
		j.w.idles++
		j.w.reached[allIdle]++
		if j.w.script.closeOpen {
			j.w.reached[closeOpen]++
		}
		return
	}
	if j.w.script.untilEnd || closed <= j.less(lowest) {
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
	for _, o := range b.refused {
		if o < pos.Checkpoint.Replay || o >= pos.Offset {
			continue
		}
		switch e := b.entries[o]; {
		case e.schema >= firstUnknown+3:
			j.w.reached[floodReplayed]++
		case e.schema < firstUnknown:
			j.w.reached[futureReplayed]++
		case j.w.knows(e.schema):
			j.w.reached[unknownReplayed]++
		}
	}
}
