package kafka

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// What is checked of the world before the first record is read, beside the
// topics themselves: each refusal says what to do.

// settle reads what the group has committed, and refuses to begin anew over the
// results of a group that is gone.
func (r *run) settle(ctx context.Context) error {
	commits, err := r.commits(ctx)
	if err != nil {
		return err
	}
	ids, err := r.partitions(ctx, r.topics.names())
	if err != nil {
		return err
	}
	known := hasAny(commits, ids)
	l := logs{ctx, r.admin, clock{time.Now()}}
	r.origin.Now = l.clock.now() // there may have been a long wait
	if !known {
		if err := r.warnOfHistory(ctx, ids, l); err != nil {
			return err
		}
		r.origin.Present = map[pipeline.Partition]bool{}
		for _, id := range ids {
			r.origin.Present[id] = true
		}
		if r.cfg.Start == nil {
			if err := r.checkSinks(ctx); err != nil {
				return r.unlessBegun(ctx, ids, err)
			}
		}
	}
	if r.origin.UntilEnd {
		ends, err := l.ends(ids)
		if err != nil {
			return err
		}
		r.origin.Stops = map[pipeline.Partition]int64{}
		for id, end := range ends {
			r.origin.Stops[id] = end.Stable
		}
	}
	return r.checkReplay(ids, l)
}

// hasAny tells that there is a commit of one of the partitions.
func hasAny(commits map[pipeline.Partition]pipeline.Committed, ids []pipeline.Partition) bool {
	return slices.ContainsFunc(ids, func(id pipeline.Partition) bool {
		c, ok := commits[id]
		return ok && c.Offset >= 0
	})
}

// unlessBegun is a refusal to begin, unless another worker has begun since the
// commits were read: the results are its own, and its commits are there by now.
func (r *run) unlessBegun(ctx context.Context, ids []pipeline.Partition, refusal error) error {
	commits, err := r.stable(ctx, ids)
	if err != nil {
		return err
	}
	if !hasAny(commits, ids) {
		return refusal
	}
	r.origin.Present = nil
	return r.settle(ctx)
}

// checkSources refuses topics that cannot be read twice.
func (r *run) checkSources(ctx context.Context, all []*adoption) {
	var names []string
	for _, a := range all {
		names = append(names, a.Topic)
	}
	found := r.settings(ctx, names)
	for _, a := range all {
		if s := found[a.Topic]; s.err != nil {
			a.err = s.err
		} else {
			a.err = r.checkSource(s.value)
		}
	}
}

func (r *run) checkSource(value map[string]string) error {
	if strings.Contains(value[cleanupPolicy], "compact") {
		return stop("it is compacted (cleanup.policy=%s): records that open windows need would vanish before they are read again; aggregate from a topic with cleanup.policy=delete", value[cleanupPolicy])
	}
	need := 4 * (r.plan.Spec.Window.Size + r.plan.Spec.Window.Grace)
	if kept, limited := retention(value); limited && kept < need {
		return stop("its retention.ms is %d, less than 4 x (window.size + window.grace) = %d: records could be removed before they are read again; raise retention.ms, or use a smaller window", kept.Milliseconds(), need.Milliseconds())
	}
	return nil
}

// settings are those of topics, with our word for what keeps us from asking.
func (r *run) settings(ctx context.Context, names []string) map[string]settings {
	if len(names) == 0 {
		return nil
	}
	all := r.admin.settings(ctx, names)
	for name, s := range all {
		if s.err != nil {
			all[name] = settings{err: r.denied(s.err, "describe the configuration of topic "+name)}
		}
	}
	return all
}

// retention is how long a topic keeps records by their timestamps; limited is
// false where it keeps them for ever.
func retention(configs map[string]string) (kept time.Duration, limited bool) {
	ms, err := strconv.ParseInt(configs[retentionMS], 10, 64)
	if err != nil || ms < 0 || ms > math.MaxInt64/int64(time.Millisecond) {
		return 0, false
	}
	return time.Duration(ms) * time.Millisecond, true
}

// warnOfHistory says that results of what is there to be read are older than
// their topic keeps records: the broker would remove them as they are written.
func (r *run) warnOfHistory(ctx context.Context, ids []pipeline.Partition, l logs) error {
	first, err := l.AtTime(ids, 0)
	if err != nil {
		return err
	}
	oldest := map[string]int64{} // ns, by sink
	for id, f := range first {
		sink := r.plan.Sink(id.Topic)
		if at, ok := oldest[sink]; f.Time != pipeline.None && (!ok || f.Time < at) {
			oldest[sink] = f.Time
		}
	}
	sinks := slices.Sorted(maps.Keys(oldest))
	found := r.settings(ctx, sinks)
	for _, sink := range sinks {
		if err := found[sink].err; err != nil {
			return err
		}
		at := time.Unix(0, oldest[sink])
		if kept, limited := retention(found[sink].value); limited && time.Since(at) > kept {
			r.log.Warn("the sink's retention.ms is shorter than the history to be read: the broker will remove results as they are written; "+
				"set sink.config.retention.ms", "sink", sink, "retention", kept, "oldest_record", at.UTC())
		}
	}
	return nil
}

// checkReplay refuses a shard of which a restart would read too much again: what
// the newest size + grace of event time holds.
func (r *run) checkReplay(ids []pipeline.Partition, l logs) error {
	newest, err := l.Newest(ids)
	if err != nil {
		return err
	}
	span := int64(r.plan.Spec.Window.Size + r.plan.Spec.Window.Grace)
	bounds, err := l.Bounds(ids)
	if err != nil {
		return err
	}
	since := map[pipeline.Partition]int64{}
	for id, t := range newest {
		if t != pipeline.None {
			since[id] = t - span
		}
	}
	from, err := l.atTimes(since)
	if err != nil {
		return err
	}
	again := map[string]int64{}
	for id := range since {
		again[r.plan.Shard(id)] += max(0, bounds[id].End.High-from[id].Offset)
	}
	for shard, n := range again {
		if n > r.plan.Spec.MaxReplay {
			return stop("shard %s: a restart would read about %d records again, those of window.size + window.grace, more than max_replay (%d); "+
				"use a smaller window, or raise max_replay", shard, n, r.plan.Spec.MaxReplay)
		}
	}
	return nil
}

// checkFields finds the fields that the spec names and no topic has, or not of a
// type that will do.
func (r *run) checkFields() error {
	return r.plan.CheckFields(func(source int) []pipeline.Schema {
		all := make([]pipeline.Schema, len(r.schemas[source]))
		for i, s := range r.schemas[source] {
			all[i] = described{s}
		}
		return all
	})
}

// described is a writer schema as the core asks about it.
type described struct{ *codec.Schema }

// Describe implements pipeline.Schema.
func (d described) Describe(path string, form pipeline.Form) (typ string, fits, ok bool) {
	info, ok, err := d.Field(path)
	if err != nil {
		return err.Error(), false, true
	}
	return info.Type, info.Forms.Has(form), ok
}

// Known implements pipeline.Schema.
func (d described) Known() []string {
	var paths []string
	for _, f := range d.Fields() {
		paths = append(paths, f.Path)
	}
	return paths
}

// checkSinks refuses to begin anew over the results of a group whose offsets are
// gone: every window would be written twice.
func (r *run) checkSinks(ctx context.Context) error {
	var sinks []string
	for _, topic := range r.topics.names() {
		if sink := r.plan.Sink(topic); !slices.Contains(sinks, sink) {
			sinks = append(sinks, sink)
		}
	}
	tails := r.tails(ctx, sinks)
	for _, sink := range sinks {
		if err := tails[sink].err; err != nil {
			return err
		}
		if end, ours := lastWindow(tails[sink].records, r.plan.Spec.Name); ours {
			return stop("the offsets of group %s are gone, and sink %s has results of this pipeline to %s; "+
				"use --start to begin from a time after that, or another sink (--resume-from-sink is not built yet)",
				r.group, sink, end.UTC().Format(time.RFC3339Nano))
		}
	}
	return nil
}

// lastWindow is the largest window end among a pipeline's results.
func lastWindow(records []*kgo.Record, name string) (end time.Time, ours bool) {
	for _, r := range records {
		var pipelineName, windowEnd string
		for _, h := range r.Headers {
			switch h.Key {
			case headerPipeline:
				pipelineName = string(h.Value)
			case headerWindowEnd:
				windowEnd = string(h.Value)
			}
		}
		ms, err := strconv.ParseInt(windowEnd, 10, 64)
		if pipelineName != name || err != nil {
			continue
		}
		if t := time.UnixMilli(ms); !ours || t.After(end) {
			end, ours = t, true
		}
	}
	return end, ours
}
