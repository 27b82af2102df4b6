package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// drain is the floor: a client that reads the topics, iterates the records and
// does no more than look at their lengths. It reads what is committed, as
// pipelines do.
func (j Job) drain(ctx context.Context, m *meter) (Sample, time.Time, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(j.Brokers...),
		kgo.ConsumeTopics(j.Topics...),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxPartitionBytes(floorPartition),
		kgo.WithHooks(m),
	)
	if err != nil {
		return Sample{}, time.Time{}, err
	}
	defer client.Close()
	var s Sample
	var read int64
	for read < j.Records {
		fetches := client.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fetches.Err()); err != nil {
			return s, time.Time{}, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			read++
			s.Bytes += int64(len(r.Key) + len(r.Value))
		})
	}
	last := time.Now()
	if read != j.Records {
		return s, last, fmt.Errorf("the floor read %d records, not %d", read, j.Records)
	}
	return s, last, nil
}

// floorPartition is how much of a partition the floor fetches at a time, bytes.
const floorPartition = 8 << 20
