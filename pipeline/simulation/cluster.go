package simulation

import (
	"fmt"

	"github.com/aggrun/aggrun/pipeline"
)

// What the broker and the registry tell of topics and schemas.

func (w *world) source(id pipeline.Partition) *source {
	for _, s := range w.script.sources {
		if s.id == id {
			return s
		}
	}
	panic(fmt.Sprintf("no source %v", id))
}

// knows tells whether the registry knows a schema id by now.
func (w *world) knows(schema int32) bool {
	if schema == w.forgets {
		return false
	}
	return schema < firstUnknown || w.script.learned[schema-firstUnknown] <= w.now
}

// pending tells whether a transaction holds offsets of the group.
func (w *world) pending() bool {
	for _, s := range w.script.sources {
		if w.group.pending[s.id] > 0 {
			return true
		}
	}
	return false
}

// topics are those that the broker had at a time.
func (w *world) topics(t int64) (names []string) {
	for _, s := range w.script.sources {
		if s.id.ID == 0 && s.born <= t {
			names = append(names, s.id.Topic)
		}
	}
	return names
}

// counts are the partitions of each topic at a time.
func (w *world) counts(t int64) map[string]int32 {
	counts := map[string]int32{}
	for _, s := range w.script.sources {
		if s.born <= t {
			counts[s.id.Topic]++
		}
	}
	return counts
}

// grew tells whether there were more partitions at a time than known.
func (w *world) grew(known map[string]int32, t int64) bool {
	for topic, n := range w.counts(t) {
		if n > known[topic] {
			return true
		}
	}
	return false
}
