package status

import (
	"maps"

	"github.com/aggrun/aggrun/pipeline"
)

// Progress is how long a shard has not moved: neither a committed offset nor C.
type Progress struct {
	Busy  bool  // it has something to read or to commit
	Since int64 // when it last moved, or had nothing to do: ns on the worker's clock
	Moved int64 // when it last moved, or was seen first

	far reach
}

// reach is how far a shard was, of all that was told of it.
type reach struct {
	decided int64
	parts   map[pipeline.Partition]mark // those that have left, too; nil: nothing was told
}

// mark is a partition's part of it.
type mark struct{ committed, again int64 } // again: how far it was read again since a commit moved it; None

// Follow gives the progress of each shard, from what it was before. That of a shard
// that has left is kept: one that comes back where it was has not moved.
func Follow(before map[string]Progress, is pipeline.Status, logs map[pipeline.Partition]Log) map[string]Progress {
	after := make(map[string]Progress, len(before))
	maps.Copy(after, before)
	for i := range is.Shards {
		s := &is.Shards[i]
		p := before[s.Shard]
		p.Busy = Busy(s, logs)
		far, moved := p.far.follow(s)
		if moved {
			p.Moved, p.Since = is.Now, is.Now
		}
		if !p.Busy {
			p.Since = is.Now
		}
		p.far = far
		after[s.Shard] = p
	}
	return after
}

// follow gives how far a shard is now, and whether that is farther: a partition is
// there for the first time, a commit moved one or C, or, of what is read again, more
// was than ever since. Sessions that end again and again, each after it has read the
// same, get nowhere.
func (r reach) follow(s *pipeline.ShardStatus) (now reach, moved bool) {
	moved = r.parts == nil || s.Decided > r.decided
	now = reach{s.Decided, make(map[pipeline.Partition]mark, len(s.Partitions))}
	if r.parts != nil {
		now.decided = max(r.decided, s.Decided)
	}
	maps.Copy(now.parts, r.parts)
	for i := range s.Partitions {
		p := &s.Partitions[i]
		m, was := r.parts[p.Partition]
		if !was || m.committed != p.Committed {
			m, moved = mark{p.Committed, pipeline.None}, true
		}
		if p.Applied < p.Committed && p.Applied > m.again {
			m.again, moved = p.Applied, true
		}
		now.parts[p.Partition] = m
	}
	return now, moved
}

// Busy tells that a shard has something to read, or to commit. What an open transaction
// keeps back is something to read, too: windows wait for it.
func Busy(s *pipeline.ShardStatus, logs map[pipeline.Partition]Log) bool {
	if s.Replaying || s.Results > 0 || s.Letters > 0 {
		return true
	}
	for i := range s.Partitions {
		p := &s.Partitions[i]
		if p.Committed != p.Applied || Lag(p, logs) > 0 || p.Stop == pipeline.None && p.Applied < p.End.High {
			return true
		}
	}
	return false
}

// Lag is how many offsets lie between what a partition has committed, or where it
// begins, and its end, as far as that is known.
func Lag(p *pipeline.PartitionStatus, logs map[pipeline.Partition]Log) int64 {
	from := p.Committed
	if from == pipeline.None {
		from = p.Applied
	}
	return max(End(p, logs)-from, 0)
}

// End is the latest end of a partition that is known: none of committed data lies
// beyond. Under --until-end it is that of the start.
func End(p *pipeline.PartitionStatus, logs map[pipeline.Partition]Log) int64 {
	if p.Stop != pipeline.None {
		return p.Stop
	}
	return max(p.Applied, p.End.Stable, logs[p.Partition].End)
}
