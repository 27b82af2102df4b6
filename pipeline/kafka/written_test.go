package kafka

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// What a sink that is shared holds of a pipeline is found however much others wrote
// after it, and a sink that holds nothing is without.
func TestWritten(t *testing.T) {
	const others = 3000
	random := rand.New(rand.NewPCG(1, 2))
	w := newWorld(t, 15, map[string]int32{"shared": 2, "strange": 1, "empty": 1})
	produce := func(topic string, partition int32, name string, end int64) {
		w.client.Produce(context.Background(), &kgo.Record{Topic: topic, Partition: partition, Value: []byte("x"), Headers: []kgo.RecordHeader{
			{Key: headerPipeline, Value: []byte(name)}, {Key: headerWindowEnd, Value: strconv.AppendInt(nil, end, 10)},
		}}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	var want int64
	for i := range int64(50) {
		end := 1000 + i*10 - random.Int64N(5)*10 // of several shards
		produce("shared", int32(i%2), "t", end)
		want = max(want, end)
	}
	for i := range int64(others) {
		produce("shared", int32(i%2), "other", 1e6+i)
		produce("strange", 0, "other", 1e6+i)
	}
	if err := w.client.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	r, err := newRun(w.config("w"), w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	sinks := []string{"shared", "strange", "empty"}
	found, err := r.written(context.Background(), sinks, time.Minute)
	if err != nil || len(found) != 1 || found["shared"] != want*1e6 {
		t.Errorf("%v, %v, want %d of shared alone", found, err, want*1e6)
	}
	_, err = r.written(context.Background(), sinks, 0)
	if err == nil || !strings.Contains(err.Error(), `sinks ["shared" "strange"] cannot be looked through for results of this pipeline within 0s: `) ||
		!strings.Contains(err.Error(), "if it has none there, say by --start where it begins") {
		t.Error(err)
	}
	wantOnce(t, r)
}

// wantOnce holds that partitions are read from their offsets to their ends, and that
// what lies behind is left out.
func wantOnce(t *testing.T, r *run) {
	t.Helper()
	from := map[string]map[int32]kgo.Offset{"shared": {0: kgo.NewOffset().At(100), 1: kgo.NewOffset().At(7)}}
	ends := map[pipeline.Partition]int64{{Topic: "shared", ID: 0}: 1200, {Topic: "shared", ID: 1}: 8}
	seen := map[int32][]int64{}
	failed, err := r.read(context.Background(), time.Minute, from, ends, func(rec *kgo.Record) {
		seen[rec.Partition] = append(seen[rec.Partition], rec.Offset)
	})
	if err != nil || len(failed)+len(ends) > 0 || len(seen[0]) != 1100 || seen[0][0] != 100 || seen[0][1099] != 1199 || len(seen[1]) != 1 || seen[1][0] != 7 {
		t.Errorf("%v, %v: left %v, %d and %d records", failed, err, ends, len(seen[0]), len(seen[1]))
	}
}
