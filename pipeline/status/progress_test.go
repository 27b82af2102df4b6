package status

import (
	"testing"
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

// shard is one partition of shard s that is committed and read to offset 100, where it
// ends, C at 5.
func shard(changes ...func(*pipeline.ShardStatus)) pipeline.ShardStatus {
	s := pipeline.ShardStatus{Shard: "s", Decided: 5, Torn: pipeline.None, Partitions: []pipeline.PartitionStatus{{
		Partition: pipeline.Partition{Topic: "t"}, Committed: 100, Applied: 100, Stop: pipeline.None,
		End: pipeline.End{Stable: 100, High: 100, Asked: 1},
	}}}
	for _, change := range changes {
		change(&s)
	}
	return s
}

func part(change func(*pipeline.PartitionStatus)) func(*pipeline.ShardStatus) {
	return func(s *pipeline.ShardStatus) { change(&s.Partitions[0]) }
}

func TestBusy(t *testing.T) {
	logs := map[pipeline.Partition]Log{{Topic: "t"}: {End: 100}}
	for name, c := range map[string]struct {
		change func(*pipeline.ShardStatus)
		busy   bool
		lag    int64
	}{
		"nothing to do":              {func(*pipeline.ShardStatus) {}, false, 0},
		"results wait":               {func(s *pipeline.ShardStatus) { s.Results = 1 }, true, 0},
		"dead letters wait":          {func(s *pipeline.ShardStatus) { s.Letters = 1 }, true, 0},
		"it reads again":             {func(s *pipeline.ShardStatus) { s.Replaying = true }, true, 0},
		"read, and not committed":    {part(func(p *pipeline.PartitionStatus) { p.Applied = 120 }), true, 20},
		"a question told of more":    {part(func(p *pipeline.PartitionStatus) { p.End = pipeline.End{Stable: 130, High: 130} }), true, 30},
		"a fetch told of more":       {part(func(p *pipeline.PartitionStatus) { p.Committed, p.Applied = 90, 90 }), true, 10},
		"an open transaction":        {part(func(p *pipeline.PartitionStatus) { p.End.High = 130 }), true, 0},
		"more came after the start":  {part(func(p *pipeline.PartitionStatus) { p.Stop, p.End.High = 100, 130 }), false, 0},
		"the beginning is not saved": {part(func(p *pipeline.PartitionStatus) { p.Committed = pipeline.None }), true, 0},
	} {
		s := shard(c.change)
		if busy, lag := Busy(&s, logs), Lag(&s.Partitions[0], logs); busy != c.busy || lag != c.lag {
			t.Errorf("%s: %v and a lag of %d, want %v and %d", name, busy, lag, c.busy, c.lag)
		}
	}
}

// What moves a shard, and since when it stands still after three seconds otherwise.
func TestFollow(t *testing.T) {
	busy := part(func(p *pipeline.PartitionStatus) { p.End.Stable = 130 })
	again := func(applied int64) pipeline.ShardStatus {
		return shard(func(s *pipeline.ShardStatus) { s.Replaying, s.Partitions[0].Applied = true, applied })
	}
	none := pipeline.ShardStatus{Shard: "another"}
	for name, c := range map[string]struct {
		shards [3]pipeline.ShardStatus // at 1, 2 and 3
		since  int64
	}{
		"it has nothing to do":         {[3]pipeline.ShardStatus{shard(), shard(), shard()}, 3},
		"it stands still":              {[3]pipeline.ShardStatus{shard(busy), shard(busy), shard(busy)}, 1},
		"it stood, with nothing to do": {[3]pipeline.ShardStatus{shard(), shard(), shard(busy)}, 2},
		"a commit moved it":            {[3]pipeline.ShardStatus{shard(busy), shard(busy, part(func(p *pipeline.PartitionStatus) { p.Committed, p.Applied = 101, 101 })), shard(busy, part(func(p *pipeline.PartitionStatus) { p.Committed, p.Applied = 101, 101 }))}, 2},
		"C moved":                      {[3]pipeline.ShardStatus{shard(busy), shard(busy), shard(busy, func(s *pipeline.ShardStatus) { s.Decided = 6 })}, 3},
		"more was read, not committed": {[3]pipeline.ShardStatus{shard(busy), shard(busy), shard(busy, part(func(p *pipeline.PartitionStatus) { p.Applied = 120 }))}, 1},
		"more was read again":          {[3]pipeline.ShardStatus{again(10), again(20), again(20)}, 2},
		"another session begins anew":  {[3]pipeline.ShardStatus{again(20), again(10), again(10)}, 1},
		"a partition came":             {[3]pipeline.ShardStatus{shard(busy), shard(busy), shard(busy, func(s *pipeline.ShardStatus) { s.Partitions = append(s.Partitions, s.Partitions[0]) })}, 3},
		"it went and came back":        {[3]pipeline.ShardStatus{shard(busy), none, shard(busy)}, 1},
		"it moved elsewhere":           {[3]pipeline.ShardStatus{shard(busy), none, shard(busy, part(func(p *pipeline.PartitionStatus) { p.Committed, p.Applied = 120, 120 }))}, 3},
	} {
		var all map[string]Progress
		for i, s := range c.shards {
			all = Follow(all, pipeline.Status{Now: int64(i + 1), Shards: []pipeline.ShardStatus{s}}, nil)
		}
		got := all["s"]
		if got.Since != c.since {
			t.Errorf("%s: it has stood still since %d, want %d", name, got.Since, c.since)
		}
		if got.Busy && got.Moved > got.Since || !got.Busy && got.Moved != 1 {
			t.Errorf("%s: it moved at %d", name, got.Moved)
		}
	}
}

// Each duration is in the buckets that it does not exceed.
func TestDurations(t *testing.T) {
	var d Durations
	for _, took := range []time.Duration{time.Millisecond, 5 * time.Millisecond, 6 * time.Millisecond, time.Minute} {
		d.Add(took)
	}
	sums := d.Cumulated()
	if sums[0.005] != 2 || sums[0.01] != 3 || sums[30] != 3 || d.Count != 4 || d.Sum != time.Minute+12*time.Millisecond {
		t.Errorf("%v of %+v", sums, d)
	}
}
