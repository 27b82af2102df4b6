package kafka

import (
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

// This file tells of versions of a pipeline: which one is at work, and what the one
// here takes over from another.

// atWork says once that this process stands by, and once that it no longer does. A
// leader that is older than versions are tells none.
func (r *run) atWork(version string) {
	own := r.plan.Fingerprint.String()
	stands := version != "" && version != own
	if r.stands.Swap(stands) == stands {
		return
	}
	r.watch.supersedes(stands)
	if !stands {
		r.log.Info("no newer version of this pipeline is at work any more: taking part again")
		return
	}
	other, err := pipeline.ParseFingerprint(version)
	if err != nil {
		r.log.Warn("another version of this pipeline, which was loaded later, is at work in the group: standing by", "version", version)
		return
	}
	r.log.Warn("another version of this pipeline, which was loaded later, is at work in the group: standing by", "differs_in", r.plan.Fingerprint.Changed(other))
}

// tellTakeover names what has changed in a pipeline whose shards are taken over from
// another version, and the windows that retention leaves incomplete.
func (r *run) tellTakeover(positions []pipeline.Position) {
	told := map[string]bool{}
	for _, pos := range positions {
		shard, t := r.plan.Shard(pos.Partition), pos.Takeover
		if t == nil || told[shard] {
			continue
		}
		told[shard] = true
		if len(t.Changed) > 0 {
			r.log.Info("taking over from another version of this pipeline: windows that end later are this one's", "shard", shard,
				"differs_in", t.Changed, "closed_through", moment(t.Closed))
		} else {
			r.log.Info("beginning after the last result in the sink", "sink", shard, "closed_through", moment(t.Closed))
		}
	}
	for shard, end := range lacking(r.plan, positions) {
		r.log.Warn("retention has removed records of windows that are still to be written: they are made of what is left", "shard", shard,
			"of_windows_that_end_to", moment(end))
	}
}

// lacking is the end of the last incomplete window of each shard that has one.
func lacking(plan *pipeline.Plan, positions []pipeline.Position) map[string]int64 {
	ends := map[string]int64{}
	for _, pos := range positions {
		if t := pos.Takeover; t != nil && t.Lacking != pipeline.None {
			shard := plan.Shard(pos.Partition)
			ends[shard] = max(ends[shard], t.Lacking)
		}
	}
	return ends
}

// moment is a time as logs show it.
func moment(ns int64) string {
	if ns == pipeline.None {
		return "none"
	}
	return time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
}
