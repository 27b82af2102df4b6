package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// offsetsFetched keeps the group's commits for assign, which kgo calls next, in
// the same goroutine.
func (s *session) offsetsFetched(_ context.Context, client *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	s.fetched = resp
	s.consumer.Store(client)
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
	s.consumer.Load().PauseFetchPartitions(asked) // s.tx may not be set yet
	positions, counts, err := s.locate(ctx, partitions(asked))
	if err != nil {
		// kgo would only join again: the worker's next poll tells it. Where a
		// rebalance cut the look-up short, kgo asks again by itself.
		if ctx.Err() == nil {
			s.queue.fail(err)
		}
		return nil, err
	}
	for _, pos := range positions {
		offsets[pos.Topic][pos.ID] = kgo.NewOffset().At(pos.Checkpoint.Replay)
	}
	again := int64(0)
	for _, pos := range positions {
		again += pos.Offset - pos.Checkpoint.Replay
	}
	s.tellTakeover(positions)
	s.log.Info("took up partitions", "partitions", len(positions), "records_to_read_again", again)
	s.queue.add(pipeline.Assigned{Positions: positions, Counts: counts})
	return offsets, nil
}

// locate finds the places to take partitions up, from what the group keeps for
// them and for the rest of their shards.
func (s *session) locate(ctx context.Context, asked []pipeline.Partition) ([]pipeline.Position, map[string]int32, error) {
	ids, err := s.siblings(ctx, asked)
	if err != nil {
		return nil, nil, err
	}
	committed, err := s.stable(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	s.read(s.fetched, committed)
	positions, err := s.plan.Locate(asked, committed, s.origin, logs{ctx, s.admin, s.clock})
	if err != nil {
		return nil, nil, err
	}
	if len(positions) != len(asked) {
		return nil, nil, fmt.Errorf("located %d of %d partitions", len(positions), len(asked))
	}
	counts, err := s.kept(ctx)
	return positions, counts, err
}

// kept are the partitions of each topic that the group has commits of, met here or
// not: a shard is not whole without what another member, of another version perhaps,
// has read of it. What topics that are gone have left behind does not count.
func (s *session) kept(ctx context.Context) (map[string]int32, error) {
	commits, err := s.commits(ctx)
	if err != nil {
		return nil, err
	}
	counts := s.plan.Counts(commits, s.cfg.Writers)
	unmet := slices.DeleteFunc(slices.Sorted(maps.Keys(counts)), s.topics.has)
	missing, errs := s.missing(ctx, unmet)
	for _, name := range unmet {
		switch {
		case errs[name] != nil:
			return nil, errs[name]
		case errors.Is(missing[name], kerr.UnknownTopicOrPartition):
			delete(counts, name)
		default:
			s.log.Warn("another member has read a topic that was not found here yet: its shard waits for it", "topic", name)
		}
	}
	return counts, nil
}

// siblings are all partitions of the shards that the asked ones belong to.
func (s *session) siblings(ctx context.Context, asked []pipeline.Partition) ([]pipeline.Partition, error) {
	if s.plan.Spec.Shard == spec.ShardPartition {
		return asked, nil
	}
	sinks, names := map[string]bool{}, topicsOf(asked)
	for _, name := range names {
		sinks[s.plan.Sink(name)] = true
	}
	for _, name := range s.topics.names() {
		if sinks[s.plan.Sink(name)] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return s.partitions(ctx, names)
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
				into[pipeline.Partition{Topic: t.Topic, ID: p.Partition}] = committed(p)
			}
		}
	}
}

func committed(p kmsg.OffsetFetchResponseGroupTopicPartition) pipeline.Committed {
	c := pipeline.Committed{Offset: p.Offset, Epoch: p.LeaderEpoch}
	if p.Metadata != nil {
		c.Metadata = *p.Metadata
	}
	return c
}
