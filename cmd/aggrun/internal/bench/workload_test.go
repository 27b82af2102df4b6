package bench

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline/codec"
	"github.com/aggrun/aggrun/spec"
)

// Records are what their schema says, in the opinion of another library.
func TestRecords(t *testing.T) {
	for _, l := range []Load{{Fields: 3}, {Fields: 20, Mixed: true}, {Fields: 2, Keys: 300}} {
		t.Run(fmt.Sprintf("%+v", l), func(t *testing.T) {
			schema, err := avro.Parse(l.schema())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := codec.ParseSchema(l.schema()); err != nil {
				t.Fatal(err)
			}
			e := encoder{7, l.Keys > 0, l.fields(), rand.New(rand.NewPCG(1, 2))}
			for i := range int64(1000) {
				id, body, err := codec.Header(e.append(nil, 1_700_000_000_000+i, i%300))
				if err != nil || id != 7 {
					t.Fatal(id, err)
				}
				var found map[string]any
				rest, err := schema.Decode(body, &found)
				if err != nil || len(rest) > 0 {
					t.Fatalf("record %d: %d bytes too many, %v", i, len(rest), err)
				}
				if at := found["time"].(float64); math.Round(at*1e3) != float64(1_700_000_000_000+i) {
					t.Fatalf("record %d: time %v", i, at)
				}
				if l.Keys > 0 && reflect.ValueOf(found[keyField]).Int() != i%300 {
					t.Fatalf("record %d: %s %v", i, keyField, found[keyField])
				}
				for _, f := range l.fields() {
					if v, ok := found[f.name].(float64); ok && math.Abs(v-f.offset) > 1 {
						t.Fatalf("record %d: %s is %v", i, f.name, v)
					}
				}
			}
		})
	}
}

// Each topic has its part of the records, its event time ascends in steps of the
// rate but where disorder is wanted, and a key is in one partition.
func TestSchedule(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	l := Load{Records: 4000, Fields: 1, Partitions: 4, Topics: 2, Rate: 2000, Keys: 10, Disorder: 0.25, DisorderBy: 0.1}
	f := newFiller(l, []string{"a", "b"}, []int32{1, 2}, now)
	partition, back := map[string]int32{}, 0
	for i := range int64(2000) {
		r := f.record(1, i)
		want := f.start + int64(math.Round(float64(i)/2))
		late := want - r.Timestamp.UnixMilli()
		if late < 0 || late > 100 || r.Topic != "b" {
			t.Fatalf("record %d: %s, %d ms late", i, r.Topic, late)
		}
		if late > 0 {
			back++
		}
		if p, ok := partition[string(r.Key)]; ok && p != r.Partition || !bytes.HasPrefix(r.Key, []byte("key-")) {
			t.Fatalf("record %d: key %s in partitions %d and %d", i, r.Key, p, r.Partition)
		}
		partition[string(r.Key)] = r.Partition
		if r.Timestamp.After(now.Add(-old + time.Second)) {
			t.Fatalf("record %d is of %v", i, r.Timestamp)
		}
	}
	if len(partition) != 10 || back < 400 || back > 600 {
		t.Errorf("%d keys, %d records late", len(partition), back)
	}
}

// A batch of the size that is computed holds the records that were asked for, as a
// real producer fills it.
func TestBatchBytes(t *testing.T) {
	for _, n := range []int{1, 2, 10, 100, 1000} {
		l := Load{Records: 1, Fields: 3, Partitions: 4, Topics: 1, Rate: 1000, Batch: n}
		f := newFiller(l, []string{"a"}, []int32{1}, time.UnixMilli(1_700_000_000_000))
		limit, size := int(f.batchBytes()), 65
		for i := range n + 1 {
			if size > limit {
				t.Fatalf("%d records do not fit", i)
			}
			size += wireLength(f.record(0, int64(4*i)), i, f.start)
		}
		if size <= limit {
			t.Errorf("%d records fit, not %d", n+1, n)
		}
	}
}

// wireLength is the record's length in Kafka's format, byte by byte.
func wireLength(r *kgo.Record, offset int, first int64) int {
	varint := func(x int64) (n int) {
		for u := uint64(x<<1) ^ uint64(x>>63); ; u >>= 7 {
			n++
			if u < 0x80 {
				return n
			}
		}
	}
	body := 1 + varint(r.Timestamp.UnixMilli()-first) + varint(int64(offset)) + 1 + len(r.Key) + varint(int64(len(r.Value))) + len(r.Value) + 1
	return varint(int64(body)) + body
}

// A pipeline keeps what it does, and neither reads nor writes the user's topics.
func TestOnto(t *testing.T) {
	source := func(topics ...string) spec.Source { return spec.Source{Topics: topics, Exclude: []string{"x"}} }
	for _, c := range []struct {
		sink       string
		sources    []spec.Source
		topics     []string
		want       [][]string
		wantedSink string
	}{
		{"{topic}-aggregated", []spec.Source{source("mine")}, []string{"b-000"}, [][]string{{"b-000"}}, "r-{topic}"},
		{"fixed", []spec.Source{source("mine-*")}, []string{"b-000", "b-001"}, [][]string{{"b-???"}}, "r-results"},
		{"{1}", []spec.Source{{Regex: "mine-(.*)"}, source("y")}, []string{"b-000", "b-001", "b-002"}, [][]string{{"b-000", "b-002"}, {"b-001"}}, "r-{topic}"},
	} {
		p, err := onto(spec.Pipeline{Name: "mine", Sources: c.sources, Sink: spec.Sink{Topic: c.sink, Replication: 3}}, "r", "r", c.topics)
		if err != nil {
			t.Fatal(err)
		}
		var found [][]string
		for _, s := range p.Sources {
			if found = append(found, s.Topics); s.Regex != "" || s.Exclude != nil {
				t.Errorf("%s: source %+v", c.sink, s)
			}
		}
		if !reflect.DeepEqual(found, c.want) || p.Name != "r" || p.Sink.Topic != c.wantedSink || p.Sink.Replication != -1 {
			t.Errorf("%s: pipeline %s reads %v and writes %+v", c.sink, p.Name, found, p.Sink)
		}
	}
	if _, err := onto(spec.Pipeline{Sources: make([]spec.Source, 2)}, "r", "r", []string{"b-000"}); err == nil {
		t.Error("two sources share a topic")
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want Spread
	}{{[]float64{3}, Spread{3, 3, 3}}, {[]float64{5, 1}, Spread{1, 3, 5}}, {[]float64{9, 1, 2}, Spread{1, 2, 9}}} {
		if got := spread(c.of); got != c.want {
			t.Errorf("got %v, want %v", got, c.want)
		}
	}
}
