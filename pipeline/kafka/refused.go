package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// This file says which topics refused a transaction's records, and what that means:
// a sink that refuses results stops its shards alone, and for dead letters the
// pipeline waits.

// promises are those of a transaction's records.
type promises struct {
	wait    sync.WaitGroup
	mu      sync.Mutex
	err     error            // the first
	byTopic map[string]error // the first of each
}

func (p *promises) keep(r *kgo.Record, err error) {
	if err != nil {
		p.mu.Lock()
		if p.err == nil {
			p.err, p.byTopic = err, map[string]error{}
		}
		if p.byTopic[r.Topic] == nil {
			p.byTopic[r.Topic] = err
		}
		p.mu.Unlock()
	}
	p.wait.Done()
}

// refusals are the errors by which a topic refuses a record as often as it is tried,
// until somebody mends that, and how. Some are of the topic, whatever is written.
var refusals = []struct {
	err    error
	all    bool
	remedy string
}{
	{kerr.TopicAuthorizationFailed, true, "no permission to write there: grant our user Write on the topic (aggrun acls prints what is needed)"},
	{kerr.MessageTooLarge, false, "raise the topic's max.message.bytes, or have the spec compute less of a window"},
	{kerr.RecordListTooLarge, false, "raise the topic's segment.bytes"},
	{kerr.UnknownTopicOrPartition, true, "create the topic again"},
	{kerr.InvalidTimestamp, false, "raise the topic's message.timestamp.before.max.ms and message.timestamp.after.max.ms: a result has the time of its window's middle"},
	{kerr.InvalidRecord, false, "look at the topic's settings, and at what its brokers log"},
	{kerr.UnsupportedForMessageFormat, true, "raise the topic's message.format.version"},
}

// whyRefused says why a topic refuses records, and what to do; without a Reason for
// what may pass.
func whyRefused(topic string, err error) pipeline.Refusal {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return pipeline.Refusal{Reason: fmt.Sprintf("topic %s refuses what is written to it: %v; %s", topic, err, r.remedy), All: r.all}
		}
	}
	return pipeline.Refusal{}
}

// isPermanent tells that no record will be taken, of whatever topic.
func isPermanent(err error) bool {
	return errors.Is(err, kerr.TransactionalIDAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed)
}

// judge says what it means that topics refused records: Refused where sinks did; nil
// where the same may be tried again, after a wait. A sink that was made anew is
// known as such to a new session only.
func (s *session) judge(failed map[string]error) error {
	sinks := map[string]pipeline.Refusal{}
	for _, topic := range slices.Sorted(maps.Keys(failed)) {
		why := whyRefused(topic, failed[topic])
		switch {
		case errors.Is(failed[topic], kerr.UnknownTopicID):
			return fmt.Errorf("topic %s: %w", topic, failed[topic])
		case topic != s.plan.DeadLetter() && why.Reason != "":
			sinks[topic] = why
		case why.Reason != "" && !isAbsent(failed[topic]):
			return stop("dead letters cannot be written: %s", why.Reason)
		}
	}
	if len(sinks) > 0 {
		return &pipeline.Refused{Sinks: sinks}
	}
	for topic, err := range failed {
		s.log.Warn("cannot be written to; the pipeline waits", "topic", topic, "error", err, "do", whyRefused(topic, err).Reason)
	}
	s.refused.sleep(s.ctx)
	return nil
}

// isAbsent tells that a topic is not there, or not for us.
func isAbsent(err error) bool {
	return errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.UnknownTopicOrPartition)
}

// errBlocked ends a session whose producer is of no use any more.
var errBlocked = errors.New("the producer has to begin anew, for topics that may not be written to")

// errUnnamed ends a session as errBlocked does, and the next one finds out more.
var errUnnamed = errors.New("results cannot be written, and the broker does not say to which topic: grant our user Write on the sinks and on the dead-letter topic")

// judgeAll is judge where the brokers take part in no transaction one of whose topics
// may not be written to, as they do before transaction.version 2: every record fails
// with the same error, and the producer with them. The topics are asked for, and
// remembered, since they must not be in a transaction again. The broker that answers
// may know a permission later than the one that refused, or longer.
func (s *session) judgeAll(failed map[string]error) error {
	denied, err := s.admin.unwritable(s.ctx, slices.Collect(maps.Keys(failed)))
	switch {
	case err != nil:
		return err
	case len(denied) == 0:
		return errUnnamed
	case s.forbidden == nil:
		s.forbidden = map[string]error{}
	}
	maps.Copy(s.forbidden, denied)
	return fmt.Errorf("%w: %v", errBlocked, slices.Sorted(maps.Keys(denied)))
}

// blocked tells that topics which were denied are still, and what that means (judge).
func (s *session) blocked(c *pipeline.Commit) (bool, error) {
	if len(s.forbidden) == 0 {
		return false, nil
	}
	var topics []string
	for _, r := range c.Results {
		if s.forbidden[r.Sink] != nil && !slices.Contains(topics, r.Sink) {
			topics = append(topics, r.Sink)
		}
	}
	if name := s.plan.DeadLetter(); len(c.DeadLetters) > 0 && s.forbidden[name] != nil {
		topics = append(topics, name)
	}
	still, err := s.admin.unwritable(s.ctx, topics)
	if err != nil {
		return true, err
	}
	for _, topic := range topics {
		if still[topic] == nil {
			delete(s.forbidden, topic)
		}
	}
	if len(still) == 0 {
		return false, nil
	}
	return true, s.judge(still)
}

// tellStopped logs which shards stop, and which are no longer stopped, once.
func (r *run) tellStopped(was, are []pipeline.Stopped) {
	missing := func(from []pipeline.Stopped, s pipeline.Stopped) bool {
		return !slices.ContainsFunc(from, func(o pipeline.Stopped) bool { return o.Shard == s.Shard })
	}
	for _, s := range are {
		if missing(was, s) {
			r.log.Error("a shard is stopped, and the others go on: its sink refuses results; it is tried again, later each time, to about every minute", "shard", s.Shard, "reason", s.Reason)
		}
	}
	for _, s := range was {
		if missing(are, s) {
			r.log.Info("a shard is no longer stopped", "shard", s.Shard)
		}
	}
}
