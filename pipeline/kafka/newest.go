package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// newest is the schema that a topic's plan starts from: the latest of its
// subject, or where there is none that of its newest record; nil when it has
// neither.
func (r *run) newest(ctx context.Context, topic string) (*codec.Schema, error) {
	source, _ := r.plan.SourceOf(topic)
	schema, err := r.source[source].latest(ctx, topic+"-value")
	if schema != nil || err != nil {
		return schema, err
	}
	records, err := r.tail(ctx, topic)
	if err != nil {
		return nil, err
	}
	var last *kgo.Record
	for _, rec := range records {
		if rec.Value != nil && (last == nil || rec.Timestamp.After(last.Timestamp)) {
			last = rec
		}
	}
	if last == nil {
		return nil, nil
	}
	id, _, err := codec.Header(last.Value)
	if err != nil {
		return nil, nil // the worker will say what is wrong with the record
	}
	r.shards.mu.Lock()
	defer r.shards.mu.Unlock()
	return r.source[source].byID(ctx, id)
}

// tailLimit bounds the wait for records that are there: compaction may have
// removed the last of them.
const tailLimit = 10 * time.Second

// tail reads the last committed records of each partition, a few of each.
func (r *run) tail(ctx context.Context, topic string) ([]*kgo.Record, error) {
	const few = 16
	list, err := r.admin.ListTopics(ctx, topic)
	if err != nil {
		return nil, r.denied(err, "list topics")
	}
	var ids []pipeline.Partition
	for _, p := range list[topic].Partitions.Sorted() {
		ids = append(ids, pipeline.Partition{Topic: topic, ID: p.Partition})
	}
	bounds, err := logs{ctx, r.admin, clock{time.Now()}}.Bounds(ids)
	if err != nil {
		return nil, err
	}
	from, left := map[int32]kgo.Offset{}, map[int32]int64{}
	for _, id := range ids {
		if b := bounds[id]; b.End.Stable > b.Start {
			from[id.ID] = kgo.NewOffset().At(max(b.Start, b.End.Stable-few))
			left[id.ID] = b.End.Stable
		}
	}
	return r.read(ctx, topic, from, left)
}

// read consumes a topic's partitions from their offsets to their ends.
func (r *run) read(ctx context.Context, topic string, from map[int32]kgo.Offset, left map[int32]int64) ([]*kgo.Record, error) {
	if len(left) == 0 {
		return nil, nil
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(r.cfg.Brokers...),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
	}, r.cfg.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	defer client.Close()
	var records []*kgo.Record
	limited, cancel := context.WithTimeout(ctx, tailLimit)
	defer cancel()
	for len(left) > 0 {
		fetches := client.PollFetches(limited)
		if limited.Err() != nil {
			return records, ctx.Err()
		}
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, r.denied(errs[0].Err, "read topic "+topic)
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			if rec.Offset+1 >= left[rec.Partition] {
				delete(left, rec.Partition)
			}
			if !rec.Attrs.IsControl() {
				records = append(records, rec)
			}
		})
	}
	return records, nil
}
