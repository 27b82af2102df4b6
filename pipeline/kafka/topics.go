package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/aggrun/aggrun/pipeline"
)

// topics are the source topics found so far.
type topics struct {
	mu    sync.Mutex
	found map[string]bool
}

func (t *topics) names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var names []string
	for name := range t.found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (t *topics) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.found == nil {
		t.found = map[string]bool{}
	}
	t.found[name] = true
}

func (t *topics) has(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.found[name]
}

// prepare checks the world before the first record is read: topics, sinks,
// schemas, what the group has. It waits for a topic to match.
func (r *run) prepare(ctx context.Context) error {
	if err := r.anchor(ctx); err != nil {
		return err
	}
	if err := r.createTopic(ctx, r.plan.DeadLetter(), 1, nil); err != nil {
		return err
	}
	for {
		added, err := r.discover(ctx)
		if err != nil {
			return err
		}
		if len(added) > 0 {
			break
		}
		if r.cfg.UntilEnd {
			return stop("no topic matches the source, and with --until-end none is waited for")
		}
		r.log.Warn("no topic matches the source yet; waiting")
		if err := pause(ctx, r.cfg.Timing.Discover); err != nil {
			return err
		}
	}
	if err := r.checkListed(); err != nil {
		return err
	}
	r.schemas, r.prepared = nil, true
	return r.settle(ctx)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// anchor fixes where topics without a commit begin.
func (r *run) anchor(ctx context.Context) error {
	r.origin = pipeline.Origin{
		Start: r.plan.Spec.Start, Now: time.Now().UnixNano(),
		AcceptOffsets: r.cfg.Accept, UntilEnd: r.cfg.UntilEnd,
	}
	if r.cfg.Start != nil {
		r.origin.Start = *r.cfg.Start
	}
	for _, name := range r.plan.Exact() {
		list, err := r.admin.ListTopics(ctx, name)
		if err != nil {
			return r.denied(err, "list topics")
		}
		if d := list[name]; errors.Is(d.Err, kerr.UnknownTopicOrPartition) {
			return stop("topic %s does not exist: create it, or name it by a glob to wait for it", name)
		}
	}
	return nil
}

// discover takes up the topics that match the source and were not known.
func (r *run) discover(ctx context.Context) (added []string, err error) {
	list, err := r.admin.ListTopics(ctx)
	if err != nil {
		return nil, r.denied(err, "list topics")
	}
	for _, name := range list.Names() {
		if r.topics.has(name) || !r.plan.Matches(name, r.all) {
			continue
		}
		if err := r.adopt(ctx, list[name]); err != nil {
			return added, fmt.Errorf("topic %s: %w", name, err)
		}
		r.topics.add(name)
		added = append(added, name)
	}
	return added, nil
}

// adopt checks a source topic and makes its sink ready.
func (r *run) adopt(ctx context.Context, topic kadm.TopicDetail) error {
	if topic.Err != nil {
		return r.denied(topic.Err, "describe topic "+topic.Topic)
	}
	sink := r.plan.Sink(topic.Topic)
	for _, other := range r.all {
		if other != r.plan && r.writesSame(other, sink, topic.Topic) {
			return stop("pipelines %s and %s both write %s: give one of them another sink.topic", r.plan.Spec.Name, other.Spec.Name, sink)
		}
	}
	if err := r.checkSource(ctx, topic.Topic); err != nil {
		return err
	}
	s := r.plan.Spec.Sink
	if !s.Create {
		if err := r.mustExist(ctx, sink); err != nil {
			return err
		}
	} else if err := r.createTopic(ctx, sink, s.Partitions, s.Config); err != nil {
		return err
	}
	schema, err := r.newest(ctx, topic.Topic)
	if err != nil {
		return err
	}
	if schema != nil && !r.prepared {
		r.schemas = append(r.schemas, schema)
	}
	return r.shards.describe(ctx, topic.Topic, schema)
}

// writesSame tells that another plan writes the sink too, from this topic or by
// a fixed name.
func (r *run) writesSame(other *pipeline.Plan, sink, topic string) bool {
	return other.Sink(topic) == sink && (other.Matches(topic, r.all) || other.Sink("") == sink)
}

// checkSource refuses a topic that cannot be read twice.
func (r *run) checkSource(ctx context.Context, topic string) error {
	value, err := r.configs(ctx, topic)
	if err != nil {
		return err
	}
	if strings.Contains(value["cleanup.policy"], "compact") {
		return stop("it is compacted (cleanup.policy=%s): records that open windows need would vanish before they are read again; aggregate from a topic with cleanup.policy=delete", value["cleanup.policy"])
	}
	need := 4 * (r.plan.Spec.Window.Size + r.plan.Spec.Window.Grace)
	if kept, limited := retention(value); limited && kept < need {
		return stop("its retention.ms is %d, less than 4 x (window.size + window.grace) = %d: records could be removed before they are read again; raise retention.ms, or use a smaller window", kept.Milliseconds(), need.Milliseconds())
	}
	return nil
}

// configs are the settings of a topic.
func (r *run) configs(ctx context.Context, topic string) (map[string]string, error) {
	configs, err := r.admin.DescribeTopicConfigs(ctx, topic)
	if err == nil {
		err = configs[0].Err
	}
	if err != nil {
		return nil, r.denied(err, "describe the configuration of topic "+topic)
	}
	value := map[string]string{}
	for _, c := range configs[0].Configs {
		if c.Value != nil {
			value[c.Key] = *c.Value
		}
	}
	return value, nil
}

// retention is how long a topic keeps records by their timestamps; limited is
// false where it keeps them for ever.
func retention(configs map[string]string) (kept time.Duration, limited bool) {
	ms, err := strconv.ParseInt(configs["retention.ms"], 10, 64)
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
	for sink, at := range oldest {
		value, err := r.configs(ctx, sink)
		if err != nil {
			return err
		}
		if kept, limited := retention(value); limited && time.Since(time.Unix(0, at)) > kept {
			r.log.Warn("the sink's retention.ms is shorter than the history to be read: the broker will remove results as they are written; "+
				"set sink.config.retention.ms", "sink", sink, "retention", kept, "oldest_record", time.Unix(0, at).UTC())
		}
	}
	return nil
}

func (r *run) mustExist(ctx context.Context, topic string) error {
	list, err := r.admin.ListTopics(ctx, topic)
	if err != nil {
		return r.denied(err, "list topics")
	}
	if d := list[topic]; d.Err != nil {
		return stop("sink topic %s: %v; create it, or set sink.create: true", topic, d.Err)
	}
	return nil
}

// createTopic makes a topic unless it exists.
func (r *run) createTopic(ctx context.Context, topic string, partitions int, config map[string]string) error {
	replication := int16(-1)
	configs := map[string]*string{}
	if topic != r.plan.DeadLetter() {
		replication = int16(r.plan.Spec.Sink.Replication)
	}
	for k, v := range config {
		configs[k] = &v
	}
	list, err := r.admin.ListTopics(ctx, topic)
	if err != nil {
		return r.denied(err, "list topics")
	}
	if list[topic].Err == nil {
		return nil
	}
	resp, err := r.admin.CreateTopic(ctx, int32(partitions), replication, configs, topic)
	if err == nil {
		err = resp.Err
	}
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return r.denied(err, "create topic "+topic)
	}
	return nil
}

// denied makes a missing permission and a refused request a Stop.
func (r *run) denied(err error, what string) error {
	var auth *kadm.AuthError
	switch {
	case errors.As(err, &auth), errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed), errors.Is(err, kerr.GroupAuthorizationFailed):
		return stop("no permission to %s: %v", what, err)
	case errors.Is(err, kerr.InvalidReplicationFactor), errors.Is(err, kerr.InvalidPartitions), errors.Is(err, kerr.InvalidConfig),
		errors.Is(err, kerr.PolicyViolation), errors.Is(err, kerr.InvalidTopicException), errors.Is(err, kerr.InvalidRequest):
		return stop("cannot %s: %v", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// settle reads what the group has committed, and refuses to begin anew over the
// results of a group that is gone.
func (r *run) settle(ctx context.Context) error {
	commits, err := r.commits(ctx)
	if err != nil {
		return err
	}
	ids, err := r.partitions(ctx)
	if err != nil {
		return err
	}
	known := false
	for _, id := range ids {
		if c, ok := commits[id]; ok && c.Offset >= 0 {
			known = true
		}
	}
	l := logs{ctx, r.admin, clock{time.Now()}}
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
				return err
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

// partitions are those of all source topics.
func (r *run) partitions(ctx context.Context) ([]pipeline.Partition, error) {
	list, err := r.admin.ListTopics(ctx, r.topics.names()...)
	if err != nil {
		return nil, r.denied(err, "list topics")
	}
	var ids []pipeline.Partition
	for _, d := range list.Sorted() {
		for _, p := range d.Partitions.Sorted() {
			ids = append(ids, pipeline.Partition{Topic: d.Topic, ID: p.Partition})
		}
	}
	return ids, nil
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
	byTime := map[int64][]pipeline.Partition{}
	for _, id := range ids {
		if t := newest[id]; t != pipeline.None {
			byTime[t-span] = append(byTime[t-span], id)
		}
	}
	again := map[string]int64{}
	for t, ids := range byTime {
		from, err := l.AtTime(ids, t)
		if err != nil {
			return err
		}
		for _, id := range ids {
			again[r.plan.Sink(id.Topic)] += max(0, bounds[id].End.High-from[id].Offset)
		}
	}
	for sink, n := range again {
		if n > r.plan.Spec.MaxReplay {
			return stop("sink %s: a restart would read about %d records again, those of window.size + window.grace, more than max_replay (%d); "+
				"use a smaller window, or raise max_replay", sink, n, r.plan.Spec.MaxReplay)
		}
	}
	return nil
}
