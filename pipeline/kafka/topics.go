package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/aggrun/aggrun/pipeline"
)

// visibleLimit bounds the wait for a topic that was made.
const visibleLimit = 30 * time.Second

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
	if err := r.checkFields(); err != nil {
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
		if slices.ContainsFunc(r.cfg.Writers, func(p *pipeline.Plan) bool { return p.Writes(name) }) {
			continue // it will be made
		}
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
	var errs []error
	for _, name := range list.Names() {
		if r.topics.has(name) || !r.plan.Matches(name, r.cfg.Writers) {
			continue
		}
		if err := r.adopt(ctx, list[name]); err != nil {
			errs = append(errs, about(name, err))
			continue
		}
		r.topics.add(name)
		added = append(added, name)
	}
	return added, errors.Join(errs...)
}

// about gives an error its topic; a Stop stays one.
func about(topic string, err error) error {
	if s := (*pipeline.Stop)(nil); errors.As(err, &s) {
		return stop("topic %s: %s", topic, s.Msg)
	}
	return fmt.Errorf("topic %s: %w", topic, err)
}

// adopt checks a source topic and makes its sink ready.
func (r *run) adopt(ctx context.Context, topic kadm.TopicDetail) error {
	if topic.Err != nil {
		return r.denied(topic.Err, "describe topic "+topic.Topic)
	}
	if err := r.plan.CheckTopic(topic.Topic); err != nil {
		return err
	}
	sink := r.plan.Sink(topic.Topic)
	for _, other := range r.cfg.Writers {
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
	if source, _ := r.plan.SourceOf(topic.Topic); schema != nil && !r.prepared {
		r.schemas[source] = append(r.schemas[source], schema)
	}
	return r.shards.describe(ctx, topic.Topic, len(topic.Partitions), schema)
}

// writesSame tells that another plan writes the sink too, from this topic or by
// a fixed name.
func (r *run) writesSame(other *pipeline.Plan, sink, topic string) bool {
	return other.Sink(topic) == sink && (other.Matches(topic, r.cfg.Writers) || other.Sink("") == sink)
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
	return r.visible(ctx, topic)
}

// visible waits until the brokers tell of a topic that was made: they learn of it
// one after the other.
func (r *run) visible(ctx context.Context, topic string) error {
	ctx, cancel := context.WithTimeout(ctx, visibleLimit)
	defer cancel()
	wait := backoff{least: 10 * time.Millisecond, most: time.Second}
	for {
		_, err := r.configs(ctx, topic)
		if err == nil || !errors.Is(err, kerr.UnknownTopicOrPartition) || ctx.Err() != nil {
			return err
		}
		wait.sleep(ctx)
	}
}

// denied makes a missing permission and a refused request a Stop.
func (r *run) denied(err error, what string) error {
	var auth *kadm.AuthError
	switch {
	case errors.As(err, &auth), errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed),
		errors.Is(err, kerr.GroupAuthorizationFailed), errors.Is(err, kerr.TransactionalIDAuthorizationFailed):
		return stop("no permission to %s: %v", what, err)
	case errors.Is(err, kerr.InvalidReplicationFactor), errors.Is(err, kerr.InvalidPartitions), errors.Is(err, kerr.InvalidConfig),
		errors.Is(err, kerr.PolicyViolation), errors.Is(err, kerr.InvalidTopicException), errors.Is(err, kerr.InvalidRequest):
		return stop("cannot %s: %v", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// partitions are those of some topics.
func (r *run) partitions(ctx context.Context, names []string) ([]pipeline.Partition, error) {
	list, err := r.admin.ListTopics(ctx, names...)
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
