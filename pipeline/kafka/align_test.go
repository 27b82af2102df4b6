package kafka

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// fetched counts the records of a topic that come to a client, whether they are
// polled or not.
type fetched struct {
	topic string
	n     atomic.Int64
}

func (f *fetched) OnFetchRecordBuffered(r *kgo.Record) {
	if r.Topic == f.topic {
		f.n.Add(1)
	}
}

// feedEvenly writes records to a partition, so many in each second of event time,
// in batches of so many.
func (w *world) feedEvenly(id pipeline.Partition, seconds, each, batch int) {
	var records []*kgo.Record
	for i := range seconds * each {
		at := epochMS + int64(i)*1000/int64(each)
		records = append(records, &kgo.Record{
			Topic: id.Topic, Partition: id.ID, Timestamp: time.UnixMilli(at),
			Value: codec.AppendDoubles(nil, w.ids[id.Topic], float64(at)/1000, 1),
		})
		k := window{id.Topic + "-aggregated", (at/sizeMS + 1) * sizeMS}
		s := w.truth[k]
		w.truth[k] = sums{s.count + 1, s.sum + 1}
	}
	for len(records) > 0 {
		n := min(batch, len(records))
		if err := w.client.ProduceSync(context.Background(), records[:n]...).FirstErr(); err != nil {
			w.t.Fatal(err)
		}
		records = records[n:]
	}
}

// A topic is read from its beginning, of which one partition has a hundred times
// the records of the others in the same event time: those would be read to their
// ends long before it. They are paused, so that open windows are bounded, and what
// pauses cost is fetched again. Beyond the bound comes what was polled of a partition
// when it was paused, applied or read ahead: in pieces and by readers, each poll of two
// partitions.
func TestSkewedTopic(t *testing.T) {
	const seconds, bound, fetch = 2000, 100, 120
	const records = seconds * 103
	for _, c := range []struct {
		name        string
		cells       int
		least, most int // cells held
	}{{"without", math.MaxInt, 3 * seconds / 2, math.MaxInt}, {"with", bound, 2 * bound, 2*bound + bound/4 + (pieces+2*maxReaders+2)*2*fetch}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 21, map[string]int32{"src-a": 4})
			for id := range int32(4) {
				each, batch := 1, 20
				if id == 0 {
					each, batch = 100, 200
				}
				w.feedEvenly(pipeline.Partition{Topic: "src-a", ID: id}, seconds, each, batch)
			}
			count := &fetched{topic: "src-a"}
			cfg := w.config("w")
			cfg.UntilEnd, cfg.CloseOpen = true, true
			cfg.Options = []kgo.Opt{kgo.WithHooks(count), kgo.FetchMaxPartitionBytes(2000)} // some 120 records at most
			held := w.mostHeld(cfg, c.cells)
			w.check(w.results(w.topics()...), math.MaxInt64)
			again := count.n.Load() - records
			t.Logf("%s alignment: %d cells held at most, %d of %d records fetched twice (%.1f %%)", c.name, held, again, records, 100*float64(again)/records)
			if held < c.least || held > c.most || again < 0 || again*20 > records {
				t.Errorf("held %d cells, want %d to %d; %d of %d records fetched twice", held, c.least, c.most, again, records)
			}
		})
	}
}

// mostHeld runs a worker to the end of what is there, as session does, and gives
// the most cells that it held open.
func (w *world) mostHeld(cfg Config, cells int) (most int) {
	w.t.Helper()
	plan, err := pipeline.Compile(w.plan(nil).Spec, pipeline.Options{Cells: cells, Results: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cfg.Writers = []*pipeline.Plan{plan}
	r, err := newRun(cfg, plan)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.close()
	if err := r.prepare(ctx); err != nil {
		w.t.Fatal(err)
	}
	s, err := r.join(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.close()
	worker := pipeline.NewWorker(plan, s, cfg.CloseOpen)
	for !worker.Finished() {
		if err := worker.Step(); err != nil {
			w.t.Fatal(err)
		}
		most = max(most, worker.Held())
	}
	return most
}
