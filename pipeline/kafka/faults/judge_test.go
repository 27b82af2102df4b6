package faults

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/pipeline"
)

// This file holds what came out against what went in.

// judge reads the sinks and the dead letters. Each source record has to be in one
// window's result, or one dead letter, or left out by the condition.
func (w *world) judge(source *logOf) error {
	letters, err := w.read(pipe + "-dead-letter")
	if err != nil {
		return err
	}
	sinks, err := w.read(w.sinks()...)
	if err != nil {
		return err
	}
	all := w.entries(source)
	lateOnes, badOnes := w.letters(letters.records)
	skipped := w.skipped(all, lateOnes, badOnes)
	all = slices.DeleteFunc(all, func(e entry) bool { return skipped[e.place] })
	accepted := w.sortOut(all, lateOnes, badOnes)
	results, err := w.decode(sinks.records)
	if err != nil {
		return err
	}
	w.compareWindows(results, aggregate(accepted))
	w.checkCounts(source, all, lateOnes, len(sinks.records), skipped)
	w.add("source records", len(all))
	w.add("records from before added partitions' beginnings", len(skipped))
	w.add("windows", len(results))
	w.add("late records", len(lateOnes))
	w.add("bad records", len(badOnes))
	w.add("transactions aborted, by partition", letters.aborts+sinks.aborts)
	return nil
}

// sinks are those of the topics.
func (w *world) sinks() (names []string) {
	for _, t := range w.feed.topics {
		names = append(names, w.sinkOf(t.name))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// letters are the places of the records that were set aside.
func (w *world) letters(records []*kgo.Record) (lateOnes, badOnes map[place]bool) {
	lateOnes, badOnes = map[place]bool{}, map[place]bool{}
	for _, r := range records {
		partition, err1 := strconv.Atoi(headerOf(r, "aggrun-partition"))
		offset, err2 := strconv.ParseInt(headerOf(r, "aggrun-offset"), 10, 64)
		p := place{pipeline.Partition{Topic: headerOf(r, "aggrun-topic"), ID: int32(partition)}, offset}
		if err1 != nil || err2 != nil {
			w.wrong("dead letter %d says not where it is from: %v", r.Offset, r.Headers)
		}
		if lateOnes[p] || badOnes[p] {
			w.wrong("%v is there twice as a dead letter", p)
		}
		if strings.HasPrefix(headerOf(r, "aggrun-error"), "late") {
			lateOnes[p] = true
		} else {
			badOnes[p] = true
		}
	}
	return lateOnes, badOnes
}

// sortOut gives the entries that have to be in windows, and finds those that were set
// aside wrongly, or not.
func (w *world) sortOut(all []entry, lateOnes, badOnes map[place]bool) (accepted []entry) {
	may, known := w.mayBeLate(all), map[place]bool{}
	for _, e := range all {
		known[e.place] = true
		switch {
		case (e.values == nil) != badOnes[e.place]:
			w.wrong("%v: bad %v, a dead letter %v", e.place, e.values == nil, badOnes[e.place])
		case lateOnes[e.place] && !e.passes:
			w.wrong("%v is left out, and a late record", e.place)
		case lateOnes[e.place] && !may[e.place]:
			w.wrong("%v was called late, and was in time", e.place)
		case e.passes && !lateOnes[e.place]:
			accepted = append(accepted, e)
		}
	}
	for _, set := range []map[place]bool{lateOnes, badOnes} {
		for p := range set {
			if !known[p] {
				w.wrong("%v is a dead letter, and was never committed", p)
			}
		}
	}
	return accepted
}

// decode reads the results by the registry's schemas. Each window is there once.
func (w *world) decode(records []*kgo.Record) (map[window]truth, error) {
	schemas, results := map[uint32]*avro.Schema{}, map[window]truth{}
	for _, r := range records {
		id := binary.BigEndian.Uint32(r.Value[1:])
		if schemas[id] == nil {
			var err error
			if schemas[id], err = w.schema(id); err != nil {
				return nil, err
			}
		}
		var v map[string]any
		if _, err := schemas[id].Decode(r.Value[5:], &v); err != nil {
			return nil, fmt.Errorf("%s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err)
		}
		end, err := strconv.ParseInt(headerOf(r, "aggrun-window-end"), 10, 64)
		if err != nil {
			return nil, err
		}
		k := window{r.Topic, end}
		if _, ok := results[k]; ok {
			w.wrong("window %v is there twice", k)
		}
		results[k] = truthOf(v, place{pipeline.Partition{Topic: r.Topic, ID: r.Partition}, r.Offset})
	}
	return results, nil
}

// schema asks the sink registry, once nothing troubles it.
func (w *world) schema(id uint32) (*avro.Schema, error) {
	client, err := sr.NewClient(sr.URLs(w.sink.server.URL))
	if err != nil {
		return nil, err
	}
	found, err := client.SchemaByID(context.Background(), int(id))
	if err != nil {
		return nil, err
	}
	return avro.Parse(found.Schema)
}

// truthOf is a result in the oracle's form.
func truthOf(v map[string]any, at place) truth {
	t := truth{fields: map[string]float64{}, places: []place{at}}
	for name, value := range v {
		switch x := value.(type) {
		case int64:
			t.count = x
		case float64:
			if name != "time" && name != "window_size" {
				t.fields[name] = x
			}
		}
	}
	return t
}

// compareWindows holds results against the truth. Windows beyond C are open.
func (w *world) compareWindows(results, truths map[window]truth) {
	closed := w.closed()
	for k, got := range results {
		if want := truths[k]; !got.equal(want) {
			w.wrong("window %v: got %+v, want %+v", k, got, want)
		}
		if k.end > closed[k.sink] {
			w.wrong("window %v is written, and C is %d", k, closed[k.sink])
		}
	}
	for k, want := range truths {
		if _, ok := results[k]; !ok && (k.end <= closed[k.sink] || w.untilEnd) {
			w.wrong("window %v is missing: %+v", k, want)
		}
	}
}

// checkCounts holds what workers told of their offsets against what became of them. A
// worker that was killed tells nothing, and one that ended while it did not know
// whether its last commit counts leaves that out; where nothing failed, nothing is
// missing. Nothing is counted twice; but a worker whose commit was refused takes it for
// its own where its successor has committed the very same, and then both count it.
func (w *world) checkCounts(source *logOf, all []entry, lateOnes map[place]bool, results int, skipped map[place]bool) {
	want := map[pipeline.Partition]pipeline.Counts{}
	for id, end := range source.next {
		want[id] = pipeline.Counts{Other: end}
	}
	for p := range skipped {
		c := want[p.Partition]
		c.Other--
		want[p.Partition] = c
	}
	for _, e := range all {
		c := want[e.Partition]
		c.Other--
		switch {
		case e.values == nil:
			c.Bad++
		case !e.passes:
			c.Filtered++
		case lateOnes[e.place]:
			c.Late++
		default:
			c.Aggregated++
		}
		want[e.Partition] = c
	}
	w.mu.Lock()
	n, have, told := w.count.numbers, w.counts, w.results
	twice := n["aborts that were none"] > 0
	exact := w.calm && n["sessions begun again"]+n["processes ended by themselves"] == 0
	w.mu.Unlock()
	if exact {
		w.add("runs with exact counts", 1)
	}
	for id, c := range want {
		h := have[id]
		if b := w.begins[id]; c.Other-h.Other <= b.most {
			h.Other = max(h.Other, c.Other) // markers and such from before the beginning were not read
		}
		if exact && h != c || !twice && beyond(h, c) {
			w.wrong("%v: workers counted %+v, of %+v", id, h, c)
		}
	}
	if !twice && int(told) > results || exact && int(told) != results {
		w.wrong("workers wrote %d results, of %d", told, results)
	}
}

// beyond tells that more was counted than there was.
func beyond(have, all pipeline.Counts) bool {
	return have.Aggregated > all.Aggregated || have.Filtered > all.Filtered || have.Late > all.Late ||
		have.Bad > all.Bad || have.Other > all.Other || have.Skipped > all.Skipped
}
