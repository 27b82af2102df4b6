package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// commits are all the group's commits, whatever transactions are under way.
func (r *run) commits(ctx context.Context) (map[pipeline.Partition]pipeline.Committed, error) {
	commits := map[pipeline.Partition]pipeline.Committed{}
	err := r.untilLoaded(ctx, func() error {
		resp, err := r.admin.FetchOffsets(ctx, r.group)
		if err == nil {
			err = resp.Error()
		}
		for topic, ps := range resp {
			for id, o := range ps {
				commits[pipeline.Partition{Topic: topic, ID: id}] = pipeline.Committed{Offset: o.At, Epoch: o.LeaderEpoch, Metadata: o.Metadata}
			}
		}
		return err
	})
	return commits, err
}

// stable are the group's commits of some partitions, once none of them is pending
// in a transaction (KIP-447). It asks for these alone: what other members have
// under way does not keep it waiting.
func (r *run) stable(ctx context.Context, ids []pipeline.Partition) (map[pipeline.Partition]pipeline.Committed, error) {
	list, err := r.described(ctx, topicsOf(ids))
	if err != nil {
		return nil, err
	}
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = r.group
	for topic, numbers := range byTopic(ids) {
		t := kmsg.NewOffsetFetchRequestGroupTopic()
		t.Topic, t.TopicID, t.Partitions = topic, list[topic].ID, numbers
		group.Topics = append(group.Topics, t)
	}
	req := kmsg.NewPtrOffsetFetchRequest()
	req.RequireStable = true
	req.Groups = append(req.Groups, group)
	commits := map[pipeline.Partition]pipeline.Committed{}
	err = r.untilLoaded(ctx, func() error {
		resp, err := req.RequestWith(ctx, r.client)
		if err != nil {
			return err
		}
		return answer(resp, commits)
	})
	return commits, err
}

// answer takes an OffsetFetch's answer apart.
func answer(resp *kmsg.OffsetFetchResponse, into map[pipeline.Partition]pipeline.Committed) error {
	errs := []error{kerr.ErrorForCode(resp.ErrorCode)}
	for _, g := range resp.Groups {
		errs = append(errs, kerr.ErrorForCode(g.ErrorCode))
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				errs = append(errs, kerr.ErrorForCode(p.ErrorCode))
				into[pipeline.Partition{Topic: t.Topic, ID: p.Partition}] = committed(p)
			}
		}
	}
	return errors.Join(errs...)
}

// untilLoaded asks until the coordinator is ready to answer. A group that is not
// there has committed nothing.
func (r *run) untilLoaded(ctx context.Context, ask func() error) error {
	wait := backoff{least: r.cfg.Timing.MetadataMin / 10, most: r.cfg.Timing.MetadataMin}
	for {
		err := ask()
		switch {
		case err == nil, errors.Is(err, kerr.GroupIDNotFound):
			return nil
		case !isUnstable(err):
			return r.denied(err, fmt.Sprintf("read the offsets of group %s", r.group))
		}
		if wait.sleep(ctx); ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
}

func isUnstable(err error) bool {
	for _, e := range []error{
		kerr.UnstableOffsetCommit, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.CoordinatorNotAvailable,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
