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

	was *pipeline.ShardStatus
}

// Follow gives the progress of each shard, from what it was before. That of a shard
// that has left is kept: one that comes back where it was has not moved.
func Follow(before map[string]Progress, is pipeline.Status, logs map[pipeline.Partition]Log) map[string]Progress {
	after := make(map[string]Progress, len(before))
	maps.Copy(after, before)
	for i := range is.Shards {
		s := &is.Shards[i]
		p := before[s.Shard]
		p.Busy = Busy(s, logs)
		if p.was == nil || moved(p.was, s) {
			p.Moved, p.Since = is.Now, is.Now
		}
		if !p.Busy {
			p.Since = is.Now
		}
		p.was = s
		after[s.Shard] = p
	}
	return after
}

// moved tells that a shard got on: its partitions are others, a commit moved one of
// them or C, or, of what is read again, more was.
func moved(was, is *pipeline.ShardStatus) bool {
	if was.Decided != is.Decided || len(was.Partitions) != len(is.Partitions) {
		return true
	}
	for i := range is.Partitions {
		a, b := &was.Partitions[i], &is.Partitions[i]
		again := b.Committed != pipeline.None && b.Applied <= b.Committed
		if a.Partition != b.Partition || a.Committed != b.Committed || again && b.Applied > a.Applied {
			return true
		}
	}
	return false
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
