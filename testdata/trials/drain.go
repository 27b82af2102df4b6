package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// drainArgument has this program be the process that reads a topic and does nothing with it: drain HOST:PORT,... TOPIC.
const drainArgument = "drain"

// drain reads a topic to the end it has now, with the fetch sizes that are best for it.
func drain(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want %s HOST:PORT,... TOPIC", drainArgument)
	}
	topic := args[1]
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(args[0], ",")...),
		kgo.ConsumeTopics(topic),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxPartitionBytes(8<<20),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	var left, read int64
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	for read < left {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) { read++ })
	}
	fmt.Println(read, "records")
	return nil
}
