package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// groupPrefix is what aggrun puts before a pipeline's name in its group.
const groupPrefix = "trial"

const (
	partitions = 4 // of every source topic
	fields     = 10
)

// pattern matches the trial's source topics, and none of its sinks, as a glob and as a regular expression.
func (s *stage) pattern() string { return s.name + "-[0-9][0-9][0-9]" }

// topics are the names of n source topics, whose names begin with name.
func topics(name string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("%s-%03d", name, i))
	}
	return names
}

// makeTopics makes n source topics. A broker tells that a topic is made before it takes records for all of its partitions:
// what a producer then holds up for seconds would be late.
func (s *stage) makeTopics(ctx context.Context, name string, n int) ([]string, error) {
	_, err := s.run(ctx, "init-example", s.binary, "init-example", "--brokers", s.brokers, "--source-registry", s.sourceRegistry,
		"--name", name, "--topics", strconv.Itoa(n), "--partitions", strconv.Itoa(partitions), "--fields", strconv.Itoa(fields))
	if err != nil {
		return nil, err
	}
	made := topics(name, n)
	return made, await(ctx, 30*time.Second, "every partition has a leader", func() (bool, error) {
		ends, err := s.admin.ListEndOffsets(ctx, made...)
		return err == nil && ends.Error() == nil, nil
	})
}

// produce starts aggrun produce over n topics, whose names begin with name.
func (s *stage) produce(name string, n int, more ...string) (*process, error) {
	args := []string{"produce", "--brokers", s.brokers, "--source-registry", s.sourceRegistry,
		"--name", name, "--topics", strconv.Itoa(n), "--seed", strconv.FormatInt(s.seed, 10)}
	return s.aggrun("produce", append(args, more...)...)
}

// produced runs aggrun produce to its end.
func (s *stage) produced(ctx context.Context, name string, n int, more ...string) error {
	p, err := s.produce(name, n, more...)
	if err != nil {
		return err
	}
	return p.wait(ctx)
}

// record is what a trial wants to know of a record it reads.
type record = *kgo.Record

// read gives every committed record of topics, up to the ends they have now, to do.
func (s *stage) read(ctx context.Context, topics []string, do func(record)) error {
	ends, err := s.admin.ListCommittedOffsets(ctx, topics...)
	if err != nil {
		return err
	}
	if err := ends.Error(); err != nil {
		return err
	}
	waiting := map[string]map[int32]int64{}
	from := map[string]map[int32]kgo.Offset{}
	for _, topic := range topics {
		waiting[topic], from[topic] = map[int32]int64{}, map[int32]kgo.Offset{}
		for id, end := range ends[topic] {
			if end.Offset > 0 {
				waiting[topic][id], from[topic][id] = end.Offset, kgo.NewOffset().At(0)
			}
		}
		if len(from[topic]) == 0 {
			delete(from, topic)
			delete(waiting, topic)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	client, err := kgo.NewClient(s.readOptions(kgo.ConsumePartitions(from))...)
	if err != nil {
		return err
	}
	defer client.Close()
	for len(waiting) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(r record) {
			if r.Offset < waiting[r.Topic][r.Partition] && !r.Attrs.IsControl() {
				do(r)
			}
			if r.Offset >= waiting[r.Topic][r.Partition]-1 {
				delete(waiting[r.Topic], r.Partition)
			}
			if len(waiting[r.Topic]) == 0 {
				delete(waiting, r.Topic)
			}
		})
	}
	return nil
}

// readOptions read what is committed; control records tell of ends that hold no other.
func (s *stage) readOptions(more ...kgo.Opt) []kgo.Opt {
	return s.options(append([]kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchMaxWait(200_000_000), // ns
	}, more...)...)
}
