package kafka

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/aggrun/aggrun/pipeline"
)

// logs answers pipeline.Locate from the broker.
type logs struct {
	ctx   context.Context
	admin *admin
	clock clock
}

// Bounds gives the ends first and the starts after, so that no start lies
// beyond its end.
func (l logs) Bounds(ids []pipeline.Partition) (map[pipeline.Partition]pipeline.Bounds, error) {
	ends, err := l.ends(ids)
	if err != nil {
		return nil, err
	}
	starts, err := l.list(ids, readUncommitted, atStart)
	if err != nil {
		return nil, err
	}
	bounds := map[pipeline.Partition]pipeline.Bounds{}
	for _, id := range ids {
		bounds[id] = pipeline.Bounds{Start: starts[id].offset, End: ends[id]}
	}
	return bounds, nil
}

// ends asks where partitions end for readers of committed data, and in all.
func (l logs) ends(ids []pipeline.Partition) (map[pipeline.Partition]pipeline.End, error) {
	asked := l.clock.now()
	stable, err := l.list(ids, readCommitted, atEnd)
	if err != nil {
		return nil, err
	}
	high, err := l.list(ids, readUncommitted, atEnd)
	if err != nil {
		return nil, err
	}
	ends := map[pipeline.Partition]pipeline.End{}
	for _, id := range ids {
		ends[id] = pipeline.End{Stable: stable[id].offset, High: high[id].offset, Asked: asked}
	}
	return ends, nil
}

// AtTime looks offsets up by time.
func (l logs) AtTime(ids []pipeline.Partition, t int64) (map[pipeline.Partition]pipeline.TimedOffset, error) {
	at := make(map[pipeline.Partition]int64, len(ids))
	for _, id := range ids {
		at[id] = t
	}
	return l.atTimes(at)
}

// atTimes looks offsets up by a time of each partition, ns; Kafka's times are
// milliseconds. Where there is none the end is asked for.
func (l logs) atTimes(at map[pipeline.Partition]int64) (map[pipeline.Partition]pipeline.TimedOffset, error) {
	ms := make(map[pipeline.Partition]int64, len(at))
	for id, t := range at {
		ms[id] = ceilDiv(t, 1e6)
	}
	found := l.admin.offsets(l.ctx, readUncommitted, ms)
	if err := failed(found); err != nil {
		return nil, err
	}
	var beyond []pipeline.Partition
	for id, o := range found {
		if o.offset < 0 && ms[id] >= 0 {
			beyond = append(beyond, id)
		}
	}
	ends, err := l.list(beyond, readUncommitted, atEnd)
	if err != nil {
		return nil, err
	}
	maps.Copy(found, ends)
	out := make(map[pipeline.Partition]pipeline.TimedOffset, len(found))
	for id, o := range found {
		out[id] = pipeline.TimedOffset{Offset: o.offset, Time: nanoseconds(o.timestamp)}
	}
	return out, nil
}

// Newest asks for the largest timestamps; brokers before 3.0 cannot tell, and now
// is taken for them.
func (l logs) Newest(ids []pipeline.Partition) (map[pipeline.Partition]int64, error) {
	out := map[pipeline.Partition]int64{}
	found, err := l.list(ids, readUncommitted, atNewest)
	if errors.Is(err, kerr.UnsupportedVersion) {
		for _, id := range ids {
			out[id] = l.clock.now()
		}
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for id, o := range found {
		out[id] = nanoseconds(o.timestamp)
	}
	return out, nil
}

// list asks the same of all partitions.
func (l logs) list(ids []pipeline.Partition, isolation int8, at int64) (map[pipeline.Partition]listed, error) {
	all := make(map[pipeline.Partition]int64, len(ids))
	for _, id := range ids {
		all[id] = at
	}
	found := l.admin.offsets(l.ctx, isolation, all)
	return found, failed(found)
}

func topicsOf(ids []pipeline.Partition) []string {
	var topics []string
	for _, id := range ids {
		topics = append(topics, id.Topic)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// nanoseconds turns a timestamp of Kafka's into ours; -1 is none. What a producer
// stamps may be beyond what ns have room for.
func nanoseconds(ms int64) int64 {
	if ms < 0 {
		return pipeline.None
	}
	return min(ms, math.MaxInt64/1_000_000) * 1e6
}

func ceilDiv(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

func isOutOfRange(err error) bool { return errors.Is(err, kerr.OffsetOutOfRange) }
