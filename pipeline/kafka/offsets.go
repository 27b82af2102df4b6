package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/aggrun/aggrun/pipeline"
)

// logs answers pipeline.Locate from the broker.
type logs struct {
	ctx   context.Context
	admin *kadm.Client
	clock clock
}

// Bounds gives the ends first and the starts after, so that no start lies
// beyond its end.
func (l logs) Bounds(ids []pipeline.Partition) (map[pipeline.Partition]pipeline.Bounds, error) {
	ends, err := l.ends(ids)
	if err != nil {
		return nil, err
	}
	starts, err := l.list(ids, l.admin.ListStartOffsets)
	if err != nil {
		return nil, err
	}
	bounds := map[pipeline.Partition]pipeline.Bounds{}
	for _, id := range ids {
		bounds[id] = pipeline.Bounds{Start: starts[id].Offset, End: ends[id]}
	}
	return bounds, nil
}

// ends asks where partitions end for readers of committed data, and in all.
func (l logs) ends(ids []pipeline.Partition) (map[pipeline.Partition]pipeline.End, error) {
	asked := l.clock.now()
	stable, err := l.list(ids, l.admin.ListCommittedOffsets)
	if err != nil {
		return nil, err
	}
	high, err := l.list(ids, l.admin.ListEndOffsets)
	if err != nil {
		return nil, err
	}
	ends := map[pipeline.Partition]pipeline.End{}
	for _, id := range ids {
		ends[id] = pipeline.End{Stable: stable[id].Offset, High: high[id].Offset, Asked: asked}
	}
	return ends, nil
}

// AtTime looks offsets up by time; Kafka's times are milliseconds.
func (l logs) AtTime(ids []pipeline.Partition, t int64) (map[pipeline.Partition]pipeline.TimedOffset, error) {
	ms := ceilDiv(t, 1e6)
	found, err := l.list(ids, func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
		return l.admin.ListOffsetsAfterMilli(ctx, ms, topics...)
	})
	if err != nil {
		return nil, err
	}
	out := map[pipeline.Partition]pipeline.TimedOffset{}
	for id, o := range found {
		out[id] = pipeline.TimedOffset{Offset: o.Offset, Time: nanoseconds(o.Timestamp)}
	}
	return out, nil
}

// Newest asks for the largest timestamps (KIP-734); brokers before 3.0 cannot
// tell, and now is taken for them.
func (l logs) Newest(ids []pipeline.Partition) (map[pipeline.Partition]int64, error) {
	out := map[pipeline.Partition]int64{}
	found, err := l.list(ids, l.admin.ListMaxTimestampOffsets)
	if errors.Is(err, kerr.UnsupportedVersion) {
		for _, id := range ids {
			out[id] = l.clock.now()
		}
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for id, o := range found {
		out[id] = nanoseconds(o.Timestamp)
	}
	return out, nil
}

type lister func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error)

// list asks for all partitions of the topics and picks the ones wanted.
func (l logs) list(ids []pipeline.Partition, ask lister) (map[pipeline.Partition]kadm.ListedOffset, error) {
	answer, err := ask(l.ctx, topicsOf(ids)...)
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	out := make(map[pipeline.Partition]kadm.ListedOffset, len(ids))
	for _, id := range ids {
		o, ok := answer.Lookup(id.Topic, id.ID)
		if !ok {
			return nil, fmt.Errorf("list offsets of %s/%d: no answer", id.Topic, id.ID)
		}
		if o.Err != nil {
			return nil, fmt.Errorf("list offsets of %s/%d: %w", id.Topic, id.ID, o.Err)
		}
		out[id] = o
	}
	return out, nil
}

func topicsOf(ids []pipeline.Partition) []string {
	var topics []string
	for _, id := range ids {
		topics = append(topics, id.Topic)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// nanoseconds turns a timestamp of Kafka's into ours; -1 is none.
func nanoseconds(ms int64) int64 {
	if ms < 0 {
		return pipeline.None
	}
	return ms * 1e6
}

func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

func isOutOfRange(err error) bool { return errors.Is(err, kerr.OffsetOutOfRange) }
