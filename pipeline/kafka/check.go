package kafka

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// What is checked of the world before the first record is read, beside the
// topics themselves: each refusal says what to do.

// settle reads what the group has committed, and refuses to begin anew over the
// results of a group that is gone, or to take over what it may not.
func (r *run) settle(ctx context.Context) error {
	commits, err := r.commits(ctx)
	if err != nil {
		return err
	}
	ids, err := r.partitions(ctx, r.topics.names())
	if err != nil {
		return err
	}
	fresh := r.uncommitted(ids, commits)
	known := false
	for _, id := range ids {
		known = known || begun(commits, id)
	}
	l := logs{ctx, r.admin, clock{time.Now()}}
	r.origin.Now = l.clock.now() // there may have been a long wait
	if err := r.plan.CheckTakeover(ids, commits, r.origin, l); err != nil {
		return err
	}
	if !known {
		if err := r.warnOfHistory(ctx, ids, l); err != nil {
			return err
		}
		r.origin.Present = map[pipeline.Partition]bool{}
		for _, id := range ids {
			r.origin.Present[id] = true
		}
	}
	if r.cfg.Start == nil {
		another, err := r.checkSinks(ctx, ids, fresh)
		if err != nil {
			return err
		}
		if another {
			r.origin.Present = nil
			return r.settle(ctx)
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
