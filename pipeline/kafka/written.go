package kafka

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// This file finds what sinks hold of a pipeline whose group has lost its offsets.

// begun tells that the group has committed a partition.
func begun(commits map[pipeline.Partition]pipeline.Committed, id pipeline.Partition) bool {
	c, ok := commits[id]
	return ok && c.Offset >= 0
}

// uncommitted are the sinks no partition of whose topics has a commit.
func (r *run) uncommitted(ids []pipeline.Partition, commits map[pipeline.Partition]pipeline.Committed) []string {
	fresh := map[string]bool{}
	for _, id := range ids {
		sink := r.plan.Sink(id.Topic)
		without, met := fresh[sink]
		fresh[sink] = (without || !met) && !begun(commits, id)
	}
	maps.DeleteFunc(fresh, func(_ string, without bool) bool { return !without })
	return slices.Sorted(maps.Keys(fresh))
}

// checkSinks refuses to begin anew over the results of a group whose offsets are
// gone: every window would be written twice. Under FromSink the shards go on after
// their last results instead. another tells that some other member has begun one of the
// sinks since its commits were read: it commits before its results can be seen.
func (r *run) checkSinks(ctx context.Context, ids []pipeline.Partition, sinks []string) (another bool, err error) {
	ends, err := r.written(ctx, sinks, writtenLimit)
	if err != nil || len(ends) == 0 {
		return false, err
	}
	commits, err := r.stable(ctx, ids)
	if err != nil {
		return false, err
	}
	fresh := r.uncommitted(ids, commits)
	for sink := range ends {
		if !slices.Contains(fresh, sink) {
			return true, nil
		}
	}
	for _, sink := range slices.Sorted(maps.Keys(ends)) {
		end := moment(ends[sink])
		switch {
		case !r.cfg.FromSink:
			return false, stop("the offsets of group %s are gone%s, and sink %s has results of this pipeline to %s; "+
				"use --resume-from-sink to go on after them, --start to begin from a time of your own, or another sink", r.group, which(ids, commits), sink, end)
		case r.plan.Spec.Shard == spec.ShardPartition:
			return false, stop("--resume-from-sink cannot tell how far each shard of sink %s has come: under shard: partition there are several, and its results, "+
				"to %s, do not say which is whose; use --start with a time after that, or another sink", sink, end)
		}
	}
	r.origin.Written = ends
	return false, nil
}

// which says of which topics offsets are gone, where the group has others.
func which(ids []pipeline.Partition, commits map[pipeline.Partition]pipeline.Committed) string {
	if slices.ContainsFunc(ids, func(id pipeline.Partition) bool { return begun(commits, id) }) {
		return " for the topics of one sink (were they deleted and made anew?)"
	}
	return ""
}

// Each read of sinks goes writtenMore times as far back in a partition as the one
// before, until there is a record of this pipeline, and all take no longer than
// writtenLimit.
const (
	writtenFew   = 16
	writtenMore  = 16
	writtenLimit = 2 * time.Minute
)

// written gives the end of the last window that sinks hold a result of, ns; those
// without any are left out. A pipeline's results in a partition are in the order of
// their windows' ends, so that of each partition the last ones tell: what other
// pipelines wrote after them, or did not commit, is passed over. No record is kept, and
// none is read twice. A sink of which nothing of ours is known counts as without only
// once it was read whole.
func (r *run) written(ctx context.Context, sinks []string, limit time.Duration) (map[string]int64, error) {
	left, err := r.decided(ctx, sinks, limit)
	if err != nil {
		return nil, err
	}
	found := map[pipeline.Partition]int64{}
	passed, deadline := 0, time.Now().Add(limit)
	for few := int64(writtenFew); len(left) > 0; few *= writtenMore {
		from, ends := lastOf(left, few)
		failed, err := r.read(ctx, time.Until(deadline), from, ends, func(rec *kgo.Record) {
			passed++
			if end, ours := windowEnd(rec, r.plan.Spec.Name); ours {
				later(found, pipeline.Partition{Topic: rec.Topic, ID: rec.Partition}, end)
			}
		})
		if err != nil {
			return nil, err
		}
		for _, err := range failed {
			return nil, err
		}
		if len(ends) > 0 {
			return nil, stop("sinks %q cannot be looked through for results of this pipeline within %v: their last %d records were looked at; "+
				"if it has none there, say by --start where it begins; else use --start with a time after them, or other sinks", topicsOf(slices.Collect(maps.Keys(ends))), limit, passed)
		}
		for id, b := range left {
			_, ok := found[id]
			if b.End.Stable -= few; ok || b.End.Stable <= b.Start {
				delete(left, id)
			} else {
				left[id] = b
			}
		}
	}
	last := map[string]int64{}
	for id, end := range found {
		later(last, id.Topic, end)
	}
	return last, nil
}

// later keeps the last end of each.
func later[K comparable](ends map[K]int64, of K, end int64) {
	if known, ok := ends[of]; !ok || end > known {
		ends[of] = end
	}
}

// windowEnd is the window end of a pipeline's result, ns.
func windowEnd(r *kgo.Record, name string) (end int64, ours bool) {
	var pipelineName, text string
	for _, h := range r.Headers {
		switch h.Key {
		case headerPipeline:
			pipelineName = string(h.Value)
		case headerWindowEnd:
			text = string(h.Value)
		}
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	return ms * 1e6, pipelineName == name && err == nil
}
