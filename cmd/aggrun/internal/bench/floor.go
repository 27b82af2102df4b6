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
		kgo.FetchMaxBytes(floorFetch),
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

// How much the floor fetches at a time, of a partition and altogether, bytes.
// Tried on Kafka 4.2.1, 3 million records of 93 bytes, 2 processors, medians of
// nine in millions of records/s: 3.8 with a client's own 1 MiB of a partition, 4.7
// with 2 and 4, 4.7 to 5.1 from 6 to 16, and 5.4 with 8 of a partition and 16
// altogether. From 2 on the spreads overlap (4.2 to 6.1 for the last): what counts
// is not to fetch less, and the last takes no more memory than 4 does.
const (
	floorPartition = 8 << 20
	floorFetch     = 16 << 20
)
