package kafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// newest is the schema that a topic's plan starts from: the latest of its
// subject, or where there is none that of its newest record; nil when it has
// neither.
func (r *run) newest(ctx context.Context, topic string) (*codec.Schema, error) {
	schema, err := r.source.latest(ctx, topic+"-value")
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
	return r.source.byID(ctx, id)
}

// checkListed finds the fields that the spec names and no topic has.
func (r *run) checkListed() error {
	for i, field := range r.plan.Spec.Source.Fields {
		if !slices.Contains(r.plan.Listed(), field) {
			continue
		}
		if err := r.checkField(i, field); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) checkField(i int, field string) error {
	typed, described := "", false
	var known []string
	for _, schema := range r.schemas {
		described = true
		typ, numeric, ok := schema.FieldType(field)
		if ok && numeric {
			return nil
		}
		if ok {
			typed = typ
		}
		for _, f := range schema.Fields() {
			known = append(known, f.Path)
		}
	}
	at := fmt.Sprintf("source.fields[%d]", i)
	switch {
	case !described:
		return nil
	case typed != "":
		return &pipeline.Stop{Msg: r.plan.Spec.Errorf(at, "field %s is %s, not a number", field, typed).Error()}
	}
	return &pipeline.Stop{Msg: r.plan.Spec.Errorf(at, "no source topic has a field %s%s", field, pipeline.DidYouMean(field, known)).Error()}
}

// checkSinks refuses to begin anew over the results of a group whose offsets are
// gone: every window would be written twice.
func (r *run) checkSinks(ctx context.Context) error {
	seen := map[string]bool{}
	for _, topic := range r.topics.names() {
		sink := r.plan.Sink(topic)
		if seen[sink] {
			continue
		}
		seen[sink] = true
		records, err := r.tail(ctx, sink)
		if err != nil {
			return err
		}
		if end, ours := lastWindow(records, r.plan.Spec.Name); ours {
			return stop("the offsets of group %s are gone, and sink %s has results of this pipeline to %s; "+
				"use --start to begin from a time after that, or another sink (--resume-from-sink is not built yet)",
				r.group, sink, end.UTC().Format(time.RFC3339Nano))
		}
	}
	return nil
}

// lastWindow is the largest window end among a pipeline's results.
func lastWindow(records []*kgo.Record, name string) (end time.Time, ours bool) {
	for _, r := range records {
		var pipelineName, windowEnd string
		for _, h := range r.Headers {
			switch h.Key {
			case headerPipeline:
				pipelineName = string(h.Value)
			case headerWindowEnd:
				windowEnd = string(h.Value)
			}
		}
		ms, err := strconv.ParseInt(windowEnd, 10, 64)
		if pipelineName != name || err != nil {
			continue
		}
		if t := time.UnixMilli(ms); !ours || t.After(end) {
			end, ours = t, true
		}
	}
	return end, ours
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
