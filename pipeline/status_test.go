package pipeline

import (
	"reflect"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// A worker's state as it takes a shard of two partitions up, reads one of them, and
// loses the other.
func TestStatus(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size = 10 * time.Second })
	begins := func(id Partition, replay int64) Position {
		return Position{Partition: id, Offset: 5, Committed: true, Stop: None, Checkpoint: Checkpoint{
			Fingerprint: plan.Fingerprint, Replay: replay, Largest: 40e9, Closed: 30e9, Skipped: None, Forgotten: None,
		}}
	}
	counts := map[string]int32{"mount-az": 2}
	c := &told{fetches: []Fetch{
		{Now: 100e9, Events: []Event{Synced{Owned: []Partition{p0, p1}, Counts: counts}}},
		{Now: 101e9, Events: []Event{Assigned{Positions: []Position{begins(p0, 3), begins(p1, 5)}, Counts: counts}}},
		{Now: 102e9, Batches: []Batch{{Partition: p0, Next: 4, Offsets: []int64{3}, Times: []int64{39e9}, Schemas: []int32{1}}}},
		{Now: 103e9, Batches: []Batch{{Partition: p0, Next: 7, Offsets: []int64{4, 5}, Times: []int64{40e9, 52e9}, Schemas: []int32{1, 1}}}},
		{Now: 104e9, Events: []Event{Lost{Partitions: []Partition{p1}}, Synced{Owned: []Partition{p0}, Counts: counts}}},
	}}
	w := NewWorker(plan, c, false)
	step := func() Status {
		t.Helper()
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		return w.Status()
	}
	if s := step(); s.Joined || len(s.Shards) > 0 || s.Now != 100e9 {
		t.Errorf("nothing is taken up yet: %+v", s)
	}
	partition := func(id Partition, committed, applied, replay, largest, active int64) PartitionStatus {
		return PartitionStatus{Partition: id, Committed: committed, Applied: applied, Replay: replay, Largest: largest, Active: active, Stop: None}
	}
	is := func(closed int64, s ShardStatus, partitions ...PartitionStatus) Status {
		s.Shard, s.Sink, s.Need, s.Closed, s.Decided = "mount-az-aggregated", "mount-az-aggregated", 2, closed, closed
		s.Partitions = partitions
		return Status{Joined: true, Cells: s.Cells, Shards: []ShardStatus{s}}
	}
	for i, want := range []Status{
		is(30e9, ShardStatus{Owned: 2, Torn: None, Watermark: 40e9, Replaying: true},
			partition(p0, 5, 3, 3, 40e9, 101e9), partition(p1, 5, 5, 5, 40e9, 101e9)),
		is(30e9, ShardStatus{Owned: 2, Torn: None, Watermark: 40e9, Replaying: true, Panes: 1, Cells: 1},
			partition(p0, 5, 4, 3, 40e9, 102e9), partition(p1, 5, 5, 5, 40e9, 101e9)),
		is(40e9, ShardStatus{Owned: 2, Torn: None, Watermark: 40e9, Panes: 2, Cells: 2},
			partition(p0, 7, 7, 4, 52e9, 103e9), partition(p1, 5, 5, 5, 40e9, 101e9)),
		is(40e9, ShardStatus{Owned: 1, Torn: 104e9, Watermark: 52e9, Panes: 2, Cells: 2},
			partition(p0, 7, 7, 4, 52e9, 103e9)),
	} {
		want.Now = int64(101+i) * 1e9
		got := step()
		for j := range got.Shards {
			for k := range got.Shards[j].Partitions {
				got.Shards[j].Partitions[k].End = End{}
				got.Shards[j].Partitions[k].Asks = false
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("after step %d:\n%+v\nwant\n%+v", i+1, got, want)
		}
	}
}
