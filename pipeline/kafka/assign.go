package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// offsetsFetched keeps the group's commits for assign, which kgo calls next, in
// the same goroutine.
func (s *session) offsetsFetched(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	s.fetched = resp
	return nil
}

// assign says where the partitions that this member was given are read from, and
// brings them to the worker. They stay paused until the worker has taken them
// up: no record of this assignment can come before.
func (s *session) assign(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	asked := make(map[string][]int32, len(offsets))
	for topic, ps := range offsets {
		for p := range ps {
			asked[topic] = append(asked[topic], p)
		}
	}
	if len(asked) == 0 {
		return offsets, nil
	}
	s.tx.Client().PauseFetchPartitions(asked)
	positions, err := s.locate(ctx, partitions(asked))
	if err != nil {
		// kgo would only try again: the worker's next poll tells it.
		s.queue.fail(err)
		return nil, err
	}
	for _, pos := range positions {
		offsets[pos.Topic][pos.ID] = kgo.NewOffset().At(pos.Checkpoint.Replay)
	}
	again := int64(0)
	for _, pos := range positions {
		again += pos.Offset - pos.Checkpoint.Replay
	}
	s.log.Info("took up partitions", "partitions", len(positions), "records_to_read_again", again)
	s.queue.add(pipeline.Assigned{Positions: positions})
	return offsets, nil
}

// locate finds the places to take partitions up, from what the group keeps.
func (s *session) locate(ctx context.Context, asked []pipeline.Partition) ([]pipeline.Position, error) {
	committed := map[pipeline.Partition]pipeline.Committed{}
	s.read(s.fetched, committed)
	for _, id := range asked {
		if c, ok := committed[id]; !ok || c.Offset < 0 {
			// A fresh partition begins at its shard's C, which its siblings hold.
			if err := s.siblings(ctx, committed); err != nil {
				return nil, err
			}
			break
		}
	}
	positions, err := s.plan.Locate(asked, committed, s.origin, logs{ctx, s.admin, s.clock})
	if err != nil {
		return nil, err
	}
	if len(positions) != len(asked) {
		return nil, fmt.Errorf("located %d of %d partitions", len(positions), len(asked))
	}
	return positions, nil
}

// read takes an answer apart.
func (s *session) read(resp *kmsg.OffsetFetchResponse, into map[pipeline.Partition]pipeline.Committed) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			if t.TopicID != [16]byte{} {
				s.topicIDs[t.Topic] = t.TopicID
			}
			for _, p := range t.Partitions {
				c := pipeline.Committed{Offset: p.Offset, Epoch: p.LeaderEpoch}
				if p.Metadata != nil {
					c.Metadata = *p.Metadata
				}
				into[pipeline.Partition{Topic: t.Topic, ID: p.Partition}] = c
			}
		}
	}
}

// siblings adds the commits of every partition of the group.
func (s *session) siblings(ctx context.Context, into map[pipeline.Partition]pipeline.Committed) error {
	all, err := s.commits(ctx)
	if err != nil {
		return err
	}
	for id, c := range all {
		if _, ok := into[id]; !ok {
			into[id] = c
		}
	}
	return nil
}

// commits are the group's commits, none of them pending in a transaction.
func (r *run) commits(ctx context.Context) (map[pipeline.Partition]pipeline.Committed, error) {
	wait := backoff{least: r.cfg.Timing.MetadataMin / 10, most: r.cfg.Timing.MetadataMin}
	for {
		resp, err := r.admin.FetchOffsets(kadm.RequireStable(ctx), r.group)
		if err == nil {
			err = resp.Error()
		}
		switch {
		case err == nil:
			commits := map[pipeline.Partition]pipeline.Committed{}
			for topic, ps := range resp {
				for id, o := range ps {
					commits[pipeline.Partition{Topic: topic, ID: id}] = pipeline.Committed{Offset: o.At, Epoch: o.LeaderEpoch, Metadata: o.Metadata}
				}
			}
			return commits, nil
		case isMissingGroup(err):
			return nil, nil
		case !isUnstable(err):
			return nil, fmt.Errorf("offsets of group %s: %w", r.group, err)
		}
		if wait.sleep(ctx); ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}
