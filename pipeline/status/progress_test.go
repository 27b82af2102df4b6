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

// both is a shard of the partitions of two.
func both(a, b pipeline.ShardStatus) pipeline.ShardStatus {
	a.Partitions = append(a.Partitions, b.Partitions...)
	return a
}

// What moves a shard, and since when it stands still after three seconds otherwise.
func TestFollow(t *testing.T) {
	busy := part(func(p *pipeline.PartitionStatus) { p.End.Stable = 130 })
	again := func(applied int64) pipeline.ShardStatus {
		return shard(func(s *pipeline.ShardStatus) { s.Replaying, s.Partitions[0].Applied = true, applied })
	}
	others := func(applied int64) pipeline.ShardStatus { // its first partition has not been taken up yet
		s := again(applied)
		s.Decided, s.Partitions[0].ID = 4, 1
		return s
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
		"a partition came":             {[3]pipeline.ShardStatus{shard(busy), shard(busy), shard(busy, func(s *pipeline.ShardStatus) { s.Partitions = append(s.Partitions, others(100).Partitions...) })}, 3},
		"a partition came back":        {[3]pipeline.ShardStatus{both(again(10), others(10)), others(10), both(again(10), others(10))}, 1},
		"another one is read again":    {[3]pipeline.ShardStatus{both(again(10), others(10)), others(10), both(again(10), others(11))}, 3},
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

// Sessions that end again and again, after they have read the same again, or have
// read on without a commit, get nowhere; one that comes farther does.
func TestFollowSessionsThatEnd(t *testing.T) {
	var all map[string]Progress
	now := int64(0)
	session := func(applied ...int64) {
		for _, at := range applied {
			now++
			s := shard(part(func(p *pipeline.PartitionStatus) { p.Applied, p.End.Stable = at, 200 }), func(s *pipeline.ShardStatus) { s.Replaying = at < 100 })
			all = Follow(all, pipeline.Status{Now: now, Shards: []pipeline.ShardStatus{s}}, nil)
		}
	}
	for range 100 {
		session(10, 50, 90)
	}
	if all["s"].Since != 3 {
		t.Errorf("stands since %d of %d, want 3", all["s"].Since, now)
	}
	if session(10, 91); all["s"].Since != now {
		t.Errorf("stands since %d of %d, want now", all["s"].Since, now)
	}
	since := now
	for range 100 {
		session(10, 100, 150)
	}
	if all["s"].Since != since {
		t.Errorf("stands since %d of %d, want %d", all["s"].Since, now, since)
	}
}

// What a commit left to be read again is so once, however far a session was before.
func TestFollowReadsAgainOnce(t *testing.T) {
	var all map[string]Progress
	for i, c := range []struct{ applied, since int64 }{{150, 1}, {10, 2}, {60, 3}, {120, 3}, {10, 3}, {60, 3}, {61, 7}} {
		s := shard(part(func(p *pipeline.PartitionStatus) { p.Applied, p.End.Stable = c.applied, 200 }))
		all = Follow(all, pipeline.Status{Now: int64(i + 1), Shards: []pipeline.ShardStatus{s}}, nil)
		if got := all["s"].Since; got != c.since {
			t.Errorf("read to %d at %d: it stands since %d, want %d", c.applied, i+1, got, c.since)
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
