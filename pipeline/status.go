package pipeline

// This file tells where a worker stands, as plain data: for metrics and health, which
// ask now and then. Nothing here changes anything.

// Status is where a worker stands. Times are ns, None where there is none.
type Status struct {
	Now     int64 // of the last poll
	Joined  bool  // the leader has assigned, and all that it assigned is taken up
	Cells   int   // that open windows hold: groups of panes and partitions
	Samples int64 // values that exact quantiles keep in them
	Shards  []ShardStatus
}

// ShardStatus is where a shard stands of which a partition is here.
type ShardStatus struct {
	Shard, Sink string
	Need, Owned int     // partitions: of the shard, and how many of them the leader assigned here
	Torn        int64   // since when these differ
	Closed      int64   // how far windows are closed: C of the next commit is the end of the last of them
	Decided     int64   // C that is committed
	Watermark   int64   // the least event time of the partitions that have a say, or the largest of all
	Replaying   bool    // records that were committed are read again
	Panes       int     // that are open, of all partitions
	Cells       int     // in them
	Results     int     // that wait for a commit, about
	Letters     int     // dead letters that wait for one
	Stopped     Stopped // while the others go on; without a Reason it is not
	Partitions  []PartitionStatus
}

// PartitionStatus is where a partition stands that is here.
type PartitionStatus struct {
	Partition
	Committed int64 // the offset that the group has; None before the first commit
	Applied   int64 // the next offset to apply
	Replay    int64 // the first offset that open windows need
	Largest   int64 // event time read
	Active    int64 // when the last record came, or it became active again
	End       End   // as it was last told
	Stop      int64 // under --until-end, what counts as the end; None
	Idle      bool  // it has no say in the watermark
	Paused    bool  // it is too far ahead of the others, or its shard is stopped
	Asks      bool  // it is silent, and its end is asked for
}

// Status is where the worker stands.
func (w *Worker) Status() Status {
	s := Status{
		Now: w.now, Joined: w.synced && !w.lacking, Cells: w.cells.held, Samples: w.cells.samples,
		Shards: make([]ShardStatus, 0, len(w.order)),
	}
	for _, t := range w.order {
		s.Joined = s.Joined && len(t.parts) == t.owned
		s.Shards = append(s.Shards, t.status(w.now))
	}
	return s
}

func (t *task) status(now int64) ShardStatus {
	s := ShardStatus{
		Shard: t.shard, Sink: t.sink, Need: t.need, Owned: t.owned, Torn: t.torn,
		Closed: t.closed, Decided: t.saved, Watermark: t.watermark(now),
		Partitions: make([]PartitionStatus, 0, len(t.parts)),
	}
	s.Results, _ = t.waits()
	if t.stopped != nil {
		s.Stopped = t.stopped.of(t)
	}
	for _, p := range t.parts {
		s.Replaying = s.Replaying || p.replaying()
		s.Panes += len(p.open)
		s.Cells += p.held
		s.Letters += len(p.dead)
		s.Partitions = append(s.Partitions, t.partitionStatus(p, now))
	}
	return s
}

func (t *task) partitionStatus(p *part, now int64) PartitionStatus {
	return PartitionStatus{
		Partition: p.id, Committed: p.saved.offset, Applied: p.applied, Replay: p.needed(t.saved, t.plan.windows),
		Largest: p.largest, Active: p.active, End: p.ends, Stop: p.stop,
		Idle: t.leaves(p, now), Paused: p.paused, Asks: t.asks(p, now),
	}
}

// watermark is what C follows.
func (t *task) watermark(now int64) int64 {
	low, high, active := int64(None), int64(None), false
	for _, p := range t.parts {
		high = max(high, p.largest)
		switch {
		case t.leaves(p, now):
		case !active:
			low, active = p.largest, true
		default:
			low = min(low, p.largest)
		}
	}
	if active {
		return low
	}
	return high
}
