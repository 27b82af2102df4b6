package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// newest finds the schemas that topics' plans start from: the latest of its
// subject, or where there is none that of the topic's newest record; a topic that
// has neither is left without.
func (r *run) newest(ctx context.Context, all []*adoption) {
	each(all, func(a *adoption) {
		a.schema, a.err = r.source[a.source].latest(ctx, a.Topic+"-value")
	})
	var without []*adoption
	var names []string
	for _, a := range usable(all) {
		if a.schema == nil {
			without, names = append(without, a), append(names, a.Topic)
		}
	}
	tails := r.tails(ctx, names)
	each(without, func(a *adoption) {
		t := tails[a.Topic]
		if a.err = t.err; a.err != nil {
			return
		}
		if id, ok := newestID(t.records); ok {
			a.schema, a.err = r.source[a.source].byID(ctx, id)
		}
	})
}

// newestID is the schema id of the newest of some records. What is wrong with a
// record without one is for the worker to say.
func newestID(records []*kgo.Record) (id int32, ok bool) {
	var last *kgo.Record
	for _, rec := range records {
		if rec.Value != nil && (last == nil || rec.Timestamp.After(last.Timestamp)) {
			last = rec
		}
	}
	if last == nil {
		return 0, false
	}
	id, _, err := codec.Header(last.Value)
	return id, err == nil
}

// tailLimit bounds the wait for records that are there: compaction may have
// removed the last of them.
const tailLimit = 10 * time.Second

// tail is the last committed records of a topic, a few of each partition.
type tail struct {
	records []*kgo.Record
	err     error
}

// tails reads those of several topics.
func (r *run) tails(ctx context.Context, topics []string) map[string]*tail {
	const few = 16
	tails := map[string]*tail{}
	for _, topic := range topics {
		tails[topic] = &tail{}
	}
	from, ends, err := r.last(ctx, topics, few)
	var failed map[string]error
	if err == nil {
		failed, err = r.read(ctx, tailLimit, from, ends, func(rec *kgo.Record) {
			tails[rec.Topic].records = append(tails[rec.Topic].records, rec)
		})
	}
	for topic, t := range tails {
		if t.err = failed[topic]; t.err == nil {
			t.err = err
		}
	}
	return tails
}

// last is where the last few records of each partition begin, and where they end;
// those that have none are left out.
func (r *run) last(ctx context.Context, topics []string, few int64) (from map[string]map[int32]kgo.Offset, ends map[pipeline.Partition]int64, err error) {
	bounds, err := r.bounds(ctx, topics)
	from, ends = lastOf(bounds, few)
	return from, ends, err
}

// bounds are those of all partitions of topics.
func (r *run) bounds(ctx context.Context, topics []string) (map[pipeline.Partition]pipeline.Bounds, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	ids, err := r.partitions(ctx, topics)
	if err != nil {
		return nil, err
	}
	return logs{ctx, r.admin, clock{time.Now()}}.Bounds(ids)
}

func lastOf(bounds map[pipeline.Partition]pipeline.Bounds, few int64) (from map[string]map[int32]kgo.Offset, ends map[pipeline.Partition]int64) {
	from, ends = map[string]map[int32]kgo.Offset{}, map[pipeline.Partition]int64{}
	for id, b := range bounds {
		if b.End.Stable <= b.Start {
			continue
		}
		if from[id.Topic] == nil {
			from[id.Topic] = map[int32]kgo.Offset{}
		}
		from[id.Topic][id.ID] = kgo.NewOffset().At(max(b.Start, b.End.Stable-few))
		ends[id] = b.End.Stable
	}
	return from, ends
}

// read gives the committed records of partitions from their offsets to their ends, for
// so long: the ends that are left were not reached. failed are the topics that cannot be
// read, which have no ends any more.
func (r *run) read(ctx context.Context, limit time.Duration, from map[string]map[int32]kgo.Offset, ends map[pipeline.Partition]int64, use func(*kgo.Record)) (failed map[string]error, err error) {
	if len(ends) == 0 {
		return nil, nil
	}
	batch, err := newDecompressor()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(r.cfg.Brokers...),
		kgo.ConsumePartitions(from),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.WithDecompressor(batch), kgo.FetchMaxBytes(fetchBytes), kgo.FetchMaxPartitionBytes(fetchBytes),
	}, r.cfg.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	defer client.Close()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	failed = map[string]error{}
	for len(ends) > 0 {
		fetches := client.PollFetches(limited)
		batch.polled()
		if limited.Err() != nil {
			return failed, ctx.Err()
		}
		for _, fe := range fetches.Errors() {
			switch {
			case errors.Is(fe.Err, errEnough):
			case from[fe.Topic] == nil:
				return failed, r.denied(fe.Err, "read the last records")
			default:
				failed[fe.Topic] = r.denied(fe.Err, "read topic "+fe.Topic)
				maps.DeleteFunc(ends, func(id pipeline.Partition, _ int64) bool { return id.Topic == fe.Topic })
			}
		}
		fetches.EachPartition(func(f kgo.FetchTopicPartition) {
			id := pipeline.Partition{Topic: f.Topic, ID: f.Partition}
			end, ok := ends[id]
			for _, rec := range f.Records {
				if ok && rec.Offset < end && !rec.Attrs.IsControl() {
					use(rec)
				}
			}
			if n := len(f.Records); ok && n > 0 && f.Records[n-1].Offset+1 >= end {
				delete(ends, id)
				client.PauseFetchPartitions(byTopic([]pipeline.Partition{id}))
			}
		})
	}
	return failed, nil
}
