package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// logOf is what a reader of committed records sees of some topics.
type logOf struct {
	records []*kgo.Record // in the order of each partition's offsets, each once
	next    map[pipeline.Partition]int64
	aborts  int // transactions that aborted, by partition
}

// read reads topics from their beginnings to their ends. Where it has read is its
// own: it never begins anew by itself.
func (w *world) read(topics ...string) (*logOf, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*bound)
	defer cancel()
	ends, err := w.stableEnds(ctx, topics)
	if err != nil {
		return nil, err
	}
	out, from, left := &logOf{next: map[pipeline.Partition]int64{}}, map[string]map[int32]kgo.Offset{}, 0
	for topic, ps := range ends {
		from[topic] = map[int32]kgo.Offset{}
		for p, end := range ps {
			out.next[pipeline.Partition{Topic: topic, ID: p}] = 0
			if end.Offset > 0 {
				from[topic][p] = kgo.NewOffset().At(0)
				left++
			}
		}
	}
	if left == 0 {
		return out, nil
	}
	client, err := kgo.NewClient(append(w.plain(), kgo.ConsumePartitions(from), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("read %v: %w", topics, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			id := pipeline.Partition{Topic: r.Topic, ID: r.Partition}
			end := ends[id.Topic][id.ID].Offset
			if r.Offset < out.next[id] || r.Offset >= end {
				return
			}
			if out.next[id] = r.Offset + 1; out.next[id] >= end {
				left--
			}
			out.add(r)
		})
	}
	return out, nil
}

func (l *logOf) add(r *kgo.Record) {
	if !r.Attrs.IsControl() {
		l.records = append(l.records, r)
	} else if len(r.Key) >= 4 && r.Key[3] == 0 {
		l.aborts++
	}
}

// stableEnds are where topics end, once no transaction is open in them: what a dead
// worker left behind hides what comes after it until the broker aborts it.
func (w *world) stableEnds(ctx context.Context, topics []string) (kadm.ListedOffsets, error) {
	for ; ; time.Sleep(tick) {
		stable, err := w.admin.ListCommittedOffsets(ctx, topics...)
		high, also := w.admin.ListEndOffsets(ctx, topics...)
		if err = errors.Join(err, also, stable.Error(), high.Error()); err != nil {
			return nil, err
		}
		open := 0
		high.Each(func(o kadm.ListedOffset) {
			if s, _ := stable.Lookup(o.Topic, o.Partition); s.Offset < o.Offset {
				open++
			}
		})
		if open == 0 {
			return stable, nil
		}
	}
}
