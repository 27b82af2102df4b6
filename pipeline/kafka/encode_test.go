package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// encodingRun starts a run with two sinks, of one field and of three.
func encodingRun(t *testing.T) *run {
	w := newWorld(t, 30, twoTopics())
	w.describeWide("src-b", 3)
	cfg := w.config("w")
	cfg.Timing = cfg.Timing.withDefaults()
	r, err := newRun(cfg, w.plan(nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	if err := r.prepare(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

// resultsOf are made-up results of both sinks, of the fields there are or fewer.
func resultsOf(g *rand.Rand, n int) []pipeline.Result {
	results := make([]pipeline.Result, n)
	for i := range results {
		r := &results[i]
		sink, width := "src-a-aggregated", 1
		if g.IntN(3) == 0 {
			sink, width = "src-b-aggregated", g.IntN(4)
		}
		start := epochMS*1e6 + g.Int64N(1e9)
		*r = pipeline.Result{Sink: sink, Key: strconv.Itoa(g.Int()), Start: start, End: start + 1e9, Count: g.Int64N(1e6), Fields: [][]float64{make([]float64, width)}}
		for j := range r.Fields[0] {
			r.Fields[0][j] = g.NormFloat64()
		}
	}
	return results
}

// encodePlainly is encode without memory of its own.
func encodePlainly(t *testing.T, s *shards, results []pipeline.Result) (all []*kgo.Record) {
	for _, r := range results {
		encoder, err := s.encoding(context.Background(), s.bySink[r.Sink])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &kgo.Record{
			Topic: r.Sink, Key: []byte(r.Key), Value: encoder.Append(nil, &r), Timestamp: time.Unix(0, (r.Start+r.End)/2),
			Headers: []kgo.RecordHeader{
				{Key: headerPipeline, Value: []byte(s.plan.Spec.Name)},
				{Key: headerWindowEnd, Value: []byte(fmt.Sprint(r.End / 1e6))},
			},
		})
	}
	return all
}

// A commit's records are those of its results, whatever commits were before it in
// the same memory, and whatever becomes of the results afterwards.
func TestEncodeInto(t *testing.T) {
	r := encodingRun(t)
	g := rand.New(rand.NewPCG(30, 1))
	var out outgoing
	for _, n := range []int{10, 3, 500, 0, 40, 501} {
		results := resultsOf(g, n)
		want := encodePlainly(t, r.shards, results)
		if err := r.shards.encode(context.Background(), results, &out); err != nil {
			t.Fatal(err)
		}
		for i := range results {
			for _, f := range results[i].Fields {
				clear(f)
			}
		}
		clear(results)
		if !slices.EqualFunc(out.all, want, func(a, b *kgo.Record) bool { return reflect.DeepEqual(a, b) }) {
			t.Fatalf("%d results are written otherwise", n)
		}
		for _, rec := range out.all {
			rec.Offset, rec.Context = 77, context.Background() // as kgo leaves them
		}
	}
}

// In memory that is large enough nothing is allocated for a result.
func TestEncodeAllocatesNothing(t *testing.T) {
	r := encodingRun(t)
	results := resultsOf(rand.New(rand.NewPCG(30, 2)), 1000)
	var out outgoing
	allocated := testing.AllocsPerRun(20, func() {
		if err := r.shards.encode(context.Background(), results, &out); err != nil {
			t.Fatal(err)
		}
	})
	if allocated > 5 {
		t.Errorf("%v allocations for a commit of 1000 results", allocated)
	}
}
