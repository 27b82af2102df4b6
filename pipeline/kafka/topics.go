package kafka

import (
	"context"
	"errors"
	"slices"
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
	if err := r.createDeadLetter(ctx); err != nil {
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
	return r.expect(ctx, r.plan.Exact())
}

// expect refuses names of topics that are not there, unless one of the plans will
// make them.
func (r *run) expect(ctx context.Context, names []string) error {
	names = slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(r.cfg.Writers, func(p *pipeline.Plan) bool { return p.Writes(name) })
	})
	missing, errs := r.missing(ctx, names)
	for _, name := range names {
		switch {
		case errs[name] != nil:
			return errs[name]
		case errors.Is(missing[name], kerr.UnknownTopicOrPartition):
			return stop("topic %s does not exist: create it, or name it by a glob to wait for it", name)
		}
	}
	return nil
}

// discover takes up the topics that match the source and were not known.
func (r *run) discover(ctx context.Context) (added []string, err error) {
	list, err := r.common.list(ctx, r.cfg.Timing.Discover/4)
	if err != nil {
		return nil, r.denied(err, "list topics")
	}
	var found []*adoption
	for _, name := range list.Names() {
		if !r.topics.has(name) && r.plan.Matches(name, r.cfg.Writers) {
			source, _ := r.plan.SourceOf(name)
			found = append(found, &adoption{TopicDetail: list[name], sink: r.plan.Sink(name), source: source})
		}
	}
	r.adopt(ctx, found, list)
	var errs []error
	for _, a := range found {
		if a.err != nil {
			errs = append(errs, about(a.Topic, a.err))
			continue
		}
		r.topics.add(a.Topic)
		added = append(added, a.Topic)
	}
	return added, errors.Join(errs...)
}

// partitions are those of some topics.
func (r *run) partitions(ctx context.Context, names []string) ([]pipeline.Partition, error) {
	list, err := r.described(ctx, names)
	if err != nil {
		return nil, err
	}
	var ids []pipeline.Partition
	for _, d := range list.Sorted() {
		for _, p := range d.Partitions.Sorted() {
			ids = append(ids, pipeline.Partition{Topic: d.Topic, ID: p.Partition})
		}
	}
	return ids, nil
}

// described lists topics, and fails where a broker cannot tell of one just now: its
// commits must not seem not to be there.
func (r *run) described(ctx context.Context, names []string) (kadm.TopicDetails, error) {
	list, err := r.admin.ListTopics(ctx, names...)
	if err != nil {
		return nil, r.denied(err, "list topics")
	}
	for _, d := range list.Sorted() {
		if d.Err != nil {
			return nil, r.denied(d.Err, "describe topic "+d.Topic)
		}
	}
	return list, nil
}
