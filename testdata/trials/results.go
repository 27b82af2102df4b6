package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// window names one result: a window of a series.
type window struct {
	topic string // the source topic
	key   string
	end   int64 // ms since the epoch
}

func (w window) String() string { return fmt.Sprintf("%s %s to %d", w.topic, w.key, w.end) }

// result is a record of an aggregated topic.
type result struct {
	window
	at    string // partition:offset
	time  int64  // the record's timestamp, ms
	size  int64  // of the window, ms
	body  []byte // the Avro record without the schema's id, which another sink's has another of
	count int64
}

const headerWindowEnd = "aggrun-window-end"

// wireHeader is the magic byte and the schema's id.
const wireHeader = 5

// newResult reads what a trial needs: a result begins with time and window_size, doubles, and count.
func newResult(topic string, r record) (result, error) {
	n := slices.IndexFunc(r.Headers, func(h kgo.RecordHeader) bool { return h.Key == headerWindowEnd })
	if n < 0 || len(r.Value) < wireHeader+17 {
		return result{}, fmt.Errorf("%s at %d:%d is no result", r.Topic, r.Partition, r.Offset)
	}
	end, err := strconv.ParseInt(string(r.Headers[n].Value), 10, 64)
	if err != nil {
		return result{}, err
	}
	body := r.Value[wireHeader:]
	size := math.Float64frombits(binary.LittleEndian.Uint64(body[8:]))
	count, _ := binary.Varint(body[16:])
	return result{
		window: window{topic, string(r.Key), end}, at: fmt.Sprintf("%d:%d", r.Partition, r.Offset),
		time: r.Timestamp.UnixMilli(), size: int64(math.Round(size * 1000)), body: body, count: count,
	}, nil
}

// set is the results of one pipeline.
type set struct {
	windows map[window]result
	twice   []string // windows that are there more than once
	counted int64    // sum of counts, repeated windows included
}

// results reads the sinks of a pipeline.
func (s *stage) results(ctx context.Context, p *pipeline, topics []string) (*set, error) {
	all := &set{windows: map[window]result{}}
	for _, topic := range topics {
		var failed error
		err := s.read(ctx, []string{p.sink(topic)}, func(r record) {
			found, err := newResult(topic, r)
			if err != nil {
				failed = cmp.Or(failed, err)
				return
			}
			all.add(found)
		})
		if err = cmp.Or(err, failed); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *set) add(r result) {
	if other, ok := s.windows[r.window]; ok {
		s.twice = append(s.twice, fmt.Sprintf("%v: at %s and %s", r.window, other.at, r.at))
	}
	s.windows[r.window] = r
	s.counted += r.count
}

// differences lists the windows that one set has and the other has not, or has with other bits; but for those excused.
func differences(a, b *set, excused func(window) bool) (lines []string) {
	for _, w := range union(a.windows, b.windows) {
		x, inA := a.windows[w]
		y, inB := b.windows[w]
		switch {
		case excused != nil && excused(w):
		case !inB:
			lines = append(lines, fmt.Sprintf("%v: in the first set alone, with %d records", w, x.count))
		case !inA:
			lines = append(lines, fmt.Sprintf("%v: in the second set alone, with %d records", w, y.count))
		case x.count != y.count:
			lines = append(lines, fmt.Sprintf("%v: %d records in the first set, %d in the second", w, x.count, y.count))
		case x.time != y.time || !bytes.Equal(x.body, y.body):
			lines = append(lines, fmt.Sprintf("%v: other bits of %d records", w, x.count))
		}
	}
	return lines
}

// union is the windows of both, in order.
func union(a, b map[window]result) (all []window) {
	for w := range a {
		all = append(all, w)
	}
	for w := range b {
		if _, ok := a[w]; !ok {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(v, w window) int {
		return cmp.Or(cmp.Compare(v.topic, w.topic), cmp.Compare(v.end, w.end), cmp.Compare(v.key, w.key))
	})
	return all
}

// list prints the first lines of many.
func (s *stage) list(lines []string) {
	const most = 10
	for _, line := range lines[:min(most, len(lines))] {
		s.say("       %s", line)
	}
	if len(lines) > most {
		s.say("       and %d more", len(lines)-most)
	}
}
