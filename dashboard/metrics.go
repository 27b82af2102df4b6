package dashboard

import (
	"slices"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// metric is a row of the table: what it is called, and how it is read from a
// snapshot. docs/metrics.md is written from it.
type metric struct {
	name   string
	unit   string
	kind   kind
	labels []string // beside pipeline
	help   string
	read   func(p *status.Pipeline, now time.Time, out *values)
}

type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// Labels. A sink, a shard, a topic and a partition are as many as there are; the
// others have a few values of their own.
var (
	perPartition = []string{"topic", "partition"}
	perShard     = []string{"sink", "shard"}
)

// metrics is the table, in the order of its page.
func metrics() []metric {
	return slices.Concat(offsets(), partitions(), shards(), commits(), sessions())
}

// offsets are the accounts: the fates of a partition come to as many as were
// committed.
func offsets() []metric {
	fates := metric{"aggrun_records_total", "offsets", counter, append(slices.Clone(perPartition), "fate"),
		"What became of the offsets that were committed: each is counted once, when its commit is. " +
			"fate is aggregated (in its windows, once each however many they are), late (all its windows were decided), " +
			"dead_letter (bad, and set aside), skipped (bad under on_error: skip, or before the first whole window), " +
			"filtered (where was not true of it), or control_or_aborted (markers of transactions, and what they aborted or compaction took).",
		func(p *status.Pipeline, _ time.Time, out *values) {
			for _, id := range sorted(p.Counts) {
				c := p.Counts[id]
				for _, f := range []struct {
					fate string
					n    int64
				}{
					{"aggregated", c.Aggregated}, {"late", c.Late}, {"dead_letter", c.Bad},
					{"skipped", c.Skipped}, {"filtered", c.Filtered}, {"control_or_aborted", c.Other},
				} {
					out.add(float64(f.n), id.Topic, number(id), f.fate)
				}
			}
		}}
	return []metric{
		fates,
		{"aggrun_offsets_committed_total", "offsets", counter, perPartition,
			"How far commits of this process moved the offset, each less the one before: the sum of aggrun_records_total over fate, counted in another place.",
			perID(func(p *status.Pipeline) map[pipeline.Partition]int64 { return p.Offsets })},
		{"aggrun_records_late_partial_total", "records", counter, perPartition,
			"Aggregated records that were late for some of their windows. They are among the aggregated, and no fate of their own.",
			func(p *status.Pipeline, _ time.Time, out *values) {
				for _, id := range sorted(p.Counts) {
					out.add(float64(p.Counts[id].LatePartial), id.Topic, number(id))
				}
			}},
	}
}

// partitions are how those stand that are with this worker.
func partitions() []metric {
	of := func(value func(p *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool)) func(*status.Pipeline, time.Time, *values) {
		return func(p *status.Pipeline, _ time.Time, out *values) {
			each(p, func(_ *pipeline.ShardStatus, q *pipeline.PartitionStatus) {
				if v, ok := value(p, q); ok {
					out.add(v, q.Topic, number(q.Partition))
				}
			})
		}
	}
	return []metric{
		{"aggrun_partition_committed_offset", "offset", gauge, perPartition,
			"The committed offset: that of the first record that is not done.",
			of(func(_ *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool) {
				return float64(q.Committed), q.Committed != pipeline.None
			})},
		{"aggrun_partition_lag_records", "offsets", gauge, perPartition,
			"Offsets between the committed one and the end of committed data, as the last fetch that brought records, or the last question about the end, told.",
			of(func(p *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool) {
				return float64(status.Lag(q, p.Logs)), true
			})},
		{"aggrun_partition_reread_records", "offsets", gauge, perPartition,
			"Committed offsets that are still to be read again, to rebuild open windows.",
			of(func(_ *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool) {
				return float64(max(q.Committed-q.Applied, 0)), q.Committed != pipeline.None
			})},
		{"aggrun_partition_largest_event_timestamp_seconds", "seconds", gauge, perPartition,
			"The largest event time read, as seconds since 1970.",
			of(func(_ *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool) { return since1970(q.Largest) })},
		{"aggrun_partition_paused", "0 or 1", gauge, perPartition,
			"1 while reading is paused because the partition is far ahead of the slowest of its shard.",
			of(func(_ *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool) { return truth(q.Paused), true })},
		{"aggrun_partition_idle", "0 or 1", gauge, perPartition,
			"1 while the partition has no say in the watermark, since it is silent.",
			of(func(_ *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool) { return truth(q.Idle), true })},
		{"aggrun_partition_retention_headroom_records", "offsets", gauge, perPartition,
			"Offsets that retention may remove before it takes what open windows need to be read again: warn long before 0. As of the last fetch that brought records.",
			of(func(p *status.Pipeline, q *pipeline.PartitionStatus) (float64, bool) {
				log, known := p.Logs[q.Partition]
				return float64(q.Replay - log.Start), known
			})},
	}
}

// shards are how the shards stand of which a partition is with this worker.
func shards() []metric {
	of := func(value func(p *status.Pipeline, s *pipeline.ShardStatus, now time.Time) (float64, bool)) func(*status.Pipeline, time.Time, *values) {
		return func(p *status.Pipeline, now time.Time, out *values) {
			for i := range p.Worker.Shards {
				s := &p.Worker.Shards[i]
				if v, ok := value(p, s, now); ok {
					out.add(v, s.Sink, s.Shard)
				}
			}
		}
	}
	return []metric{
		{"aggrun_shard_state", "0 or 1", gauge, append(slices.Clone(perShard), "state"),
			"1 of the state that the shard is in: ok, replaying (what open windows need is read again), torn (part of it is with another worker), " +
				"stalled (nothing moved for a minute though there is something to do), or stopped (alone, the others go on).",
			func(p *status.Pipeline, now time.Time, out *values) {
				for i := range p.Worker.Shards {
					s := &p.Worker.Shards[i]
					is := stateOf(p, s, now)
					for _, state := range shardStates {
						out.add(truth(is == state), s.Sink, s.Shard, state)
					}
				}
			}},
		{"aggrun_shard_closed_through_timestamp_seconds", "seconds", gauge, perShard,
			"C, as seconds since 1970: every window that ends by then is decided and committed.",
			of(func(_ *status.Pipeline, s *pipeline.ShardStatus, _ time.Time) (float64, bool) {
				return since1970(s.Decided)
			})},
		{"aggrun_shard_event_time_lag_seconds", "seconds", gauge, perShard,
			"How far C is behind the clock: grace, idle and the window's own size are part of it.",
			of(func(_ *status.Pipeline, s *pipeline.ShardStatus, now time.Time) (float64, bool) {
				at, known := since1970(s.Decided)
				return float64(now.UnixNano())/1e9 - at, known
			})},
		{"aggrun_shard_watermark_timestamp_seconds", "seconds", gauge, perShard,
			"The watermark, as seconds since 1970: the event time that the slowest partition with a say has reached.",
			of(func(_ *status.Pipeline, s *pipeline.ShardStatus, _ time.Time) (float64, bool) {
				return since1970(s.Watermark)
			})},
		{"aggrun_shard_open_cells", "cells", gauge, perShard,
			"Groups of panes and partitions that open windows hold.",
			of(func(_ *status.Pipeline, s *pipeline.ShardStatus, _ time.Time) (float64, bool) {
				return float64(s.Cells), true
			})},
		{"aggrun_shard_open_panes", "panes", gauge, perShard,
			"Panes of partitions that open windows hold: where windows do not overlap, a window is one of each partition.",
			of(func(_ *status.Pipeline, s *pipeline.ShardStatus, _ time.Time) (float64, bool) {
				return float64(s.Panes), true
			})},
		{"aggrun_shard_unmoved_seconds", "seconds", gauge, perShard,
			"How long the shard has had something to read or to commit without moving; 0 where it has nothing to do.",
			of(func(p *status.Pipeline, s *pipeline.ShardStatus, now time.Time) (float64, bool) {
				g := p.Progress[s.Shard]
				if !g.Busy {
					return 0, true
				}
				return max(float64(p.Clock(now)-g.Since)/1e9, 0), true
			})},
		{"aggrun_shard_moved_timestamp_seconds", "seconds", gauge, perShard,
			"When a commit last moved an offset of the shard, or C, or it was taken up: to the second, as seconds since 1970.",
			of(func(p *status.Pipeline, s *pipeline.ShardStatus, _ time.Time) (float64, bool) {
				g, known := p.Progress[s.Shard]
				return float64(g.Moved) / 1e9, known
			})},
		{"aggrun_open_samples", "values", gauge, nil,
			"Values that exact quantiles keep in open windows, of max_samples.",
			one(func(p *status.Pipeline) float64 { return float64(p.Worker.Samples) })},
	}
}

// The states of a shard, the gravest last.
const (
	stateOK        = "ok"
	stateReplaying = "replaying"
	stateTorn      = "torn"
	stateStalled   = "stalled"
	stateStopped   = "stopped"
)

var shardStates = []string{stateOK, stateReplaying, stateTorn, stateStalled, stateStopped}

func stateOf(p *status.Pipeline, s *pipeline.ShardStatus, now time.Time) string {
	_, stalled := Stalled(p.Progress[s.Shard], p.Clock(now))
	switch {
	case s.Stopped.Reason != "":
		return stateStopped
	case stalled:
		return stateStalled
	case s.Torn != pipeline.None:
		return stateTorn
	case s.Replaying:
		return stateReplaying
	}
	return stateOK
}
