package kafka

import (
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// Headers of dead letters, beside the original's own.
const (
	headerTopic     = "aggrun-topic"
	headerPartition = "aggrun-partition"
	headerOffset    = "aggrun-offset"
	headerTimestamp = "aggrun-timestamp" // of the original, ms since the epoch
	headerError     = "aggrun-error"
	headerTruncated = "aggrun-truncated" // the original's length, bytes, where the value is only its beginning
)

const (
	maxDeadLetter = 900 << 10 // a topic takes 1 MiB by default, headers included
	keptOfLarger  = 64 << 10
)

// deadLetter sets a record aside with its bytes and where it came from. Its
// timestamp is now: the original's may be what is wrong with it.
func (s *session) deadLetter(d pipeline.DeadLetter) *kgo.Record {
	original := d.Record.(*kgo.Record)
	headers := append(slices.Clone(original.Headers),
		header(headerPipeline, s.plan.Spec.Name),
		header(headerTopic, d.Partition.Topic),
		header(headerPartition, strconv.Itoa(int(d.Partition.ID))),
		header(headerOffset, strconv.FormatInt(d.Offset, 10)),
		header(headerTimestamp, strconv.FormatInt(original.Timestamp.UnixMilli(), 10)),
		header(headerError, d.Reason),
	)
	value := original.Value
	if len(value)+len(original.Key) > maxDeadLetter {
		headers = append(headers, header(headerTruncated, strconv.Itoa(len(value))))
		value = value[:min(len(value), keptOfLarger)]
	}
	return &kgo.Record{Topic: s.plan.DeadLetter(), Key: original.Key, Value: value, Headers: headers}
}

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}
