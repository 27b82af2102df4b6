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
	ends, err := r.written(ctx, sinks)
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

// Each read of sinks takes writtenMore times as many records of a partition as the
// one before, until there is one of this pipeline, and no longer than writtenLimit.
const (
	writtenFew   = 16
	writtenMore  = 16
	writtenLimit = time.Minute
)

// written gives the end of the last window that sinks hold a result of, ns; those
// without any are left out. A pipeline's results in a partition are in the order of
// their windows' ends, so that of each partition the last ones tell: what other
// pipelines wrote after them, or did not commit, is passed over.
func (r *run) written(ctx context.Context, sinks []string) (map[string]int64, error) {
	left, err := r.decided(ctx, sinks, writtenLimit)
	if err != nil {
		return nil, err
	}
	found := map[string]int64{}
	for few := int64(writtenFew); len(left) > 0; few *= writtenMore {
		from, ends := lastOf(left, few)
		tails := map[string]*tail{}
		for _, sink := range sinks {
			tails[sink] = &tail{}
		}
		if err := r.read(ctx, writtenLimit, from, ends, tails); err != nil {
			return nil, err
		}
		if len(ends) > 0 {
			return nil, stop("the last results in %q cannot be read within %v; use --start with a time after them, or other sinks", topicsOf(slices.Collect(maps.Keys(ends))), writtenLimit)
		}
		maps.DeleteFunc(left, func(_ pipeline.Partition, b pipeline.Bounds) bool { return b.End.Stable-few <= b.Start })
		for sink, t := range tails {
			if t.err != nil {
				return nil, t.err
			}
			for _, rec := range t.records {
				if end, ours := windowEnd(rec, r.plan.Spec.Name); ours {
					known, ok := found[sink]
					found[sink] = end
					if ok {
						found[sink] = max(known, end)
					}
					delete(left, pipeline.Partition{Topic: rec.Topic, ID: rec.Partition})
				}
			}
		}
	}
	return found, nil
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
