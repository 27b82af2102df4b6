package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// What sees to it that topics are there: sinks, and that of dead letters. Each
// function takes the names of topics and gives the errors of those that failed.

// visibleLimit bounds the wait for topics that were made.
const visibleLimit = 30 * time.Second

// readySinks sees to it that the sinks are there; list is what topics there are. It
// gives those that were not there before.
func (r *run) readySinks(ctx context.Context, all []*adoption, list kadm.TopicDetails) (made []string) {
	var missing []string
	for _, a := range all {
		if d, ok := list[a.sink]; !ok || d.Err != nil {
			missing = append(missing, a.sink)
		}
	}
	slices.Sort(missing)
	ready := r.mustExist
	if r.plan.Spec.Sink.Create {
		ready = r.createSinks
	}
	missing = slices.Compact(missing)
	errs := ready(ctx, missing)
	for _, a := range all {
		a.err = errs[a.sink]
	}
	return slices.DeleteFunc(missing, func(name string) bool { return errs[name] != nil })
}

func (r *run) mustExist(ctx context.Context, names []string) map[string]error {
	missing, errs := r.missing(ctx, names)
	for name, err := range missing {
		errs[name] = stop("sink topic %s: %v; create it, or set sink.create: true", name, err)
	}
	return errs
}

func (r *run) createSinks(ctx context.Context, names []string) map[string]error {
	sink := r.plan.Spec.Sink
	like := kmsg.NewCreateTopicsRequestTopic()
	like.NumPartitions, like.ReplicationFactor = int32(sink.Partitions), int16(sink.Replication)
	for name, value := range sink.Config {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = name, &value
		like.Configs = append(like.Configs, c)
	}
	return r.createTopics(ctx, names, like)
}

func (r *run) createDeadLetter(ctx context.Context) error {
	name := r.plan.DeadLetter()
	like := kmsg.NewCreateTopicsRequestTopic()
	like.NumPartitions, like.ReplicationFactor = 1, -1
	return r.createTopics(ctx, []string{name}, like)[name]
}

// mostCreated bounds the partitions that one request makes: brokers refuse too
// many.
const mostCreated = 1000

// createTopics makes the topics that are not there, all like one.
func (r *run) createTopics(ctx context.Context, names []string, like kmsg.CreateTopicsRequestTopic) map[string]error {
	missing, errs := r.missing(ctx, names)
	var wanted []kmsg.CreateTopicsRequestTopic
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		like.Topic = name
		wanted = append(wanted, like)
	}
	var made []string
	for some := range slices.Chunk(wanted, max(1, mostCreated/max(1, int(like.NumPartitions)))) {
		for name, err := range r.admin.create(ctx, some) {
			if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
				errs[name] = r.denied(err, "create topic "+name)
			} else {
				made = append(made, name)
			}
		}
	}
	maps.Copy(errs, r.visible(ctx, made))
	return errs
}

// missing are the topics that are not there, and why they seem so.
func (r *run) missing(ctx context.Context, names []string) (missing, errs map[string]error) {
	missing, errs = map[string]error{}, map[string]error{}
	if len(names) == 0 {
		return missing, errs
	}
	found, err := r.admin.exist(ctx, names)
	for _, name := range names {
		switch {
		case err != nil || isDenial(found[name]):
			errs[name] = r.denied(cmp.Or(err, found[name]), "list topics")
		case found[name] != nil:
			missing[name] = found[name]
		}
	}
	return missing, errs
}

// visible waits until the brokers tell of topics that were made: they learn of
// them one after the other.
func (r *run) visible(ctx context.Context, names []string) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, visibleLimit)
	defer cancel()
	errs := map[string]error{}
	wait := backoff{least: 10 * time.Millisecond, most: time.Second}
	for len(names) > 0 {
		var unseen []string
		for name, s := range r.settings(ctx, names) {
			switch {
			case errors.Is(s.err, kerr.UnknownTopicOrPartition) && ctx.Err() == nil:
				unseen = append(unseen, name)
			case s.err != nil:
				errs[name] = s.err
			}
		}
		if names = unseen; len(names) > 0 {
			wait.sleep(ctx)
		}
	}
	return errs
}

// leaderLimit bounds the wait for the leaders of topics that were made.
const leaderLimit = 10 * time.Second

// awaitLeaders waits until the brokers lead the partitions of topics that were
// made, which takes them a moment after they tell of the topics, 5 ms a partition on
// a slow disk: the client would find that out with the first transaction, and look
// for other leaders meanwhile.
func (r *run) awaitLeaders(ctx context.Context, names []string) {
	ctx, cancel := context.WithTimeout(ctx, leaderLimit)
	defer cancel()
	wait := backoff{least: 10 * time.Millisecond, most: 100 * time.Millisecond}
	for len(names) > 0 && ctx.Err() == nil {
		if r.led(ctx, names) {
			return
		}
		wait.sleep(ctx)
	}
}

// led tells that each partition's leader answers as one. The client knows topics for
// a while as they were, so it is told first that they are there now. Leaders are asked
// one by one: the client would try those again by itself that are not ready, later
// each time.
func (r *run) led(ctx context.Context, names []string) bool {
	missing, errs := r.missing(ctx, names)
	if len(missing)+len(errs) > 0 {
		return false
	}
	list, err := r.admin.ListTopics(ctx, names...)
	if err != nil {
		return false
	}
	at := map[int32]map[pipeline.Partition]int64{} // by leader
	for _, d := range list {
		if d.Err != nil || len(d.Partitions) == 0 {
			return false
		}
		for _, p := range d.Partitions {
			if at[p.Leader] == nil {
				at[p.Leader] = map[pipeline.Partition]int64{}
			}
			at[p.Leader][pipeline.Partition{Topic: d.Topic, ID: p.Partition}] = atEnd
		}
	}
	for leader, ids := range at {
		if !leads(ctx, r.client.Broker(int(leader)), ids) {
			return false
		}
	}
	return true
}

// leads tells that a broker lists the partitions' offsets.
func leads(ctx context.Context, broker *kgo.Broker, at map[pipeline.Partition]int64) bool {
	resp, err := offsetsRequest(readUncommitted, at).RequestWith(ctx, broker)
	if err != nil {
		return false
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return false
			}
		}
	}
	return true
}

// denied makes a missing permission and a refused request a Stop.
func (r *run) denied(err error, what string) error {
	switch {
	case isDenial(err):
		return stop("no permission to %s: %v", what, err)
	case errors.Is(err, kerr.InvalidReplicationFactor), errors.Is(err, kerr.InvalidPartitions), errors.Is(err, kerr.InvalidConfig),
		errors.Is(err, kerr.PolicyViolation), errors.Is(err, kerr.InvalidTopicException), errors.Is(err, kerr.InvalidRequest):
		return stop("cannot %s: %v", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// isDenial tells that we have no permission.
func isDenial(err error) bool {
	return errors.As(err, new(*kadm.AuthError)) ||
		errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed) ||
		errors.Is(err, kerr.GroupAuthorizationFailed) || errors.Is(err, kerr.TransactionalIDAuthorizationFailed)
}
