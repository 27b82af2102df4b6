package faults

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// This file is the other opinion on what the windows hold: it reads the source log
// once, and knows nothing of the code that it judges.

// place is where a record is.
type place struct {
	pipeline.Partition
	offset int64
}

func (p place) String() string { return fmt.Sprintf("%s/%d@%d", p.Topic, p.ID, p.offset) }

// window names one result.
type window struct {
	sink string
	end  int64 // ms
}

// entry is a source record.
type entry struct {
	place
	sink   string
	at     int64     // ms
	values []float64 // of value0 and value1; nil: a bad record
	passes bool      // the condition
}

// end is that of its window.
func (e entry) end() int64 { return (e.at/size.Milliseconds() + 1) * size.Milliseconds() }

// entries are the source records, in the order of the log.
func (w *world) entries(source *logOf) (all []entry) {
	for _, r := range source.records {
		e := entry{place: place{pipeline.Partition{Topic: r.Topic, ID: r.Partition}, r.Offset}, sink: w.sinkOf(r.Topic), at: r.Timestamp.UnixMilli()}
		if e.values = w.valuesOf(r); e.values != nil {
			e.passes = !w.where || e.values[0] >= least
		}
		all = append(all, e)
	}
	return all
}

func (w *world) sinkOf(topic string) string {
	if w.oneSink {
		return "all-aggregated"
	}
	return topic + "-aggregated"
}

// valuesOf takes a record apart: a byte 0, the schema's id, and doubles, of which the
// first is a time.
func (w *world) valuesOf(r *kgo.Record) (values []float64) {
	if len(r.Value) < 5 || r.Value[0] != 0 || r.Timestamp.After(w.began.Add(maxFuture*2)) {
		return nil
	}
	for _, t := range w.feed.topics {
		n := slices.Index(t.schemas, int32(binary.BigEndian.Uint32(r.Value[1:])))
		if t.name != r.Topic || n < 0 || len(r.Value) != 5+8*(n+2) {
			continue
		}
		for at := 13; at < len(r.Value); at += 8 {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(r.Value[at:])))
		}
	}
	return values
}

// truth is what a window has to hold: its count, and by the result's fields.
type truth struct {
	count  int64
	fields map[string]float64 // those that have a value
	places []place            // of its records; or of the result
}

// aggregate gives the windows of entries.
func aggregate(all []entry) map[window]truth {
	values := map[window][][]float64{}
	places := map[window][]place{}
	for _, e := range all {
		k := window{e.sink, e.end()}
		places[k] = append(places[k], e.place)
		if values[k] == nil {
			values[k] = make([][]float64, 2)
		}
		for i, v := range e.values {
			values[k][i] = append(values[k][i], v)
		}
	}
	truths := map[window]truth{}
	for k, at := range places {
		t := truth{int64(len(at)), map[string]float64{}, at}
		for i, vs := range values[k] {
			if len(vs) == 0 {
				continue
			}
			sum := 0. // of integers: it is exact
			for _, v := range vs {
				sum += v
			}
			t.fields[fmt.Sprintf("min_value%d", i)] = slices.Min(vs)
			t.fields[fmt.Sprintf("max_value%d", i)] = slices.Max(vs)
			t.fields[fmt.Sprintf("sum_value%d", i)] = sum
			t.fields[fmt.Sprintf("mean_value%d", i)] = sum / float64(len(vs))
		}
		truths[k] = t
	}
	return truths
}

func (t truth) equal(o truth) bool {
	return t.count == o.count && maps.EqualFunc(t.fields, o.fields, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
}

// mayBeLate are the entries whose window may have been closed when they were read: C
// is never beyond what any partition with a say has read, less the grace. A partition
// has no say as long as no worker knows of it; and where there is an idle time, if it
// was silent for that, or has had no record yet.
func (w *world) mayBeLate(all []entry) map[place]bool {
	may, largest, mute := map[place]bool{}, map[pipeline.Partition]int64{}, map[pipeline.Partition]bool{}
	for _, e := range all {
		if e.values == nil {
			continue
		}
		p := w.partOf(e.Partition)
		most, ok := largest[e.Partition]
		if !ok {
			mute[e.Partition] = p.added || w.idle && !(p.early && p.inFirst(e.offset))
		}
		if ok && e.end() <= most-grace.Milliseconds() || mute[e.Partition] || w.idle && p.wasSilent(e.offset, w.began) {
			may[e.place] = true
		}
		largest[e.Partition] = max(cmp.Or(most, e.at), e.at)
	}
	return may
}

func (w *world) partOf(id pipeline.Partition) *fedPart {
	i := slices.IndexFunc(w.feed.topics, func(t *fedTopic) bool { return t.name == id.Topic })
	return w.feed.topics[i].parts[id.ID]
}

// inFirst tells that an offset is of the first append.
func (p *fedPart) inFirst(offset int64) bool {
	return len(p.appends) < 2 || offset < p.appends[1].first
}

// wasSilent tells that a partition was silent for so long that it had no say, at some
// time before a record came.
func (p *fedPart) wasSilent(offset int64, began time.Time) bool {
	from := began
	for _, s := range p.appends {
		if s.first > offset {
			break
		}
		if s.to.Sub(from) >= idleAfter {
			return true
		}
		from = s.from
	}
	return false
}

// skipped are the entries from before the beginnings of partitions that were added:
// where a shard has a C, they begin with what its first undecided window needs.
func (w *world) skipped(all []entry, lateOnes, badOnes map[place]bool) map[place]bool {
	begins := map[pipeline.Partition]int64{}
	for id, b := range w.begins {
		if begins[id] = b.most; !w.partOf(id).added {
			begins[id] = b.least
		}
	}
	for _, letters := range []map[place]bool{lateOnes, badOnes} {
		for p := range letters {
			begins[p.Partition] = min(begins[p.Partition], p.offset)
		}
	}
	skipped := map[place]bool{}
	for _, e := range all {
		switch b := w.begins[e.Partition]; {
		case e.offset >= begins[e.Partition]:
			continue
		case !w.partOf(e.Partition).added || e.end() > b.closed:
			w.wrong("%v was not read: its partition begins at %d, with C %d", e.place, begins[e.Partition], b.closed)
		}
		skipped[e.place] = true
	}
	return skipped
}

// targets is how far C has to come, ms by sink: every window of a silent source is
// written, and of another those that ended a grace ago: C is where the last of them did.
func (w *world) targets(all []entry) map[string]int64 {
	targets := map[string]int64{}
	for _, e := range all {
		switch {
		case e.values == nil:
		case !w.idle:
			most := w.feed.newest - grace.Milliseconds()
			targets[e.sink] = most - most%size.Milliseconds()
		case e.passes:
			targets[e.sink] = max(targets[e.sink], e.end())
		}
	}
	return targets
}

// closed is C of each sink, ms, as the group has committed it.
func (w *world) closed() map[string]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	closed := map[string]int64{}
	for id, c := range w.commits {
		sink := w.sinkOf(id.Topic)
		closed[sink] = max(closed[sink], c.closed/time.Millisecond.Nanoseconds())
	}
	return closed
}
