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
	headerTimestamp = "aggrun-timestamp" // of the original, ms since the epoch; or outOfRange
	headerError     = "aggrun-error"
	headerTruncated = "aggrun-truncated" // the original's length, bytes, where the value is only its beginning
)

const (
	maxDeadLetter = 900 << 10 // a topic takes 1 MiB by default, all included
	keptOfLarger  = 64 << 10  // of the value, and of the key
	maxHeaders    = 64 << 10  // of the original, in a letter that is too large
)

// deadLetter sets a record aside with its bytes and where it came from. Its
// timestamp is now: the original's may be what is wrong with it. Of one that its
// topic would refuse the beginnings are kept, and it says so: the coordinates
// lead to the original.
func (s *session) deadLetter(d pipeline.DeadLetter) *kgo.Record {
	original := d.Record.(*kgo.Record)
	own := []kgo.RecordHeader{
		header(headerPipeline, s.plan.Spec.Name),
		header(headerTopic, d.Partition.Topic),
		header(headerPartition, strconv.Itoa(int(d.Partition.ID))),
		header(headerOffset, strconv.FormatInt(d.Offset, 10)),
		header(headerTimestamp, timestamp(original)),
		header(headerError, d.Reason),
	}
	letter := &kgo.Record{Topic: s.plan.DeadLetter(), Key: original.Key, Value: original.Value, Headers: slices.Clone(original.Headers)}
	if headers := size(original.Headers); len(letter.Value)+len(letter.Key)+headers > maxDeadLetter {
		own = append(own, header(headerTruncated, strconv.Itoa(len(letter.Value))))
		letter.Value = letter.Value[:min(len(letter.Value), keptOfLarger)]
		letter.Key = letter.Key[:min(len(letter.Key), keptOfLarger)]
		if headers > maxHeaders {
			letter.Headers = nil
		}
	}
	letter.Headers = append(letter.Headers, own...)
	return letter
}

// outOfRange is the timestamp of a record whose own is not known.
const outOfRange = "out of range"

func timestamp(r *kgo.Record) string {
	if !whole(r) {
		return outOfRange
	}
	return strconv.FormatInt(r.Timestamp.UnixMilli(), 10)
}

func size(headers []kgo.RecordHeader) int {
	n := 0
	for _, h := range headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}
