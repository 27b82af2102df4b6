package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

const piecesSpec = `
pipelines:
  p:
    source: {topics: [t], fields: ["*"]%s}
    window: 1s
    group_by: [$key]
    operations: [sum]
`

// writers are the schemas by id of the records that pieces are tried on; the last
// cannot be used.
var writers = []string{
	`{"name":"at","type":"long"},{"name":"x","type":"double"}`,
	`{"name":"at","type":"long"},{"name":"x","type":"double"},{"name":"y","type":["null","float"]}`,
	`{"name":"y","type":"int"},{"name":"at","type":"long"}`,
	``,
}

func appendDouble(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

// newPieces are shards that know the writers' schemas.
func newPieces(t testing.TB, source string) *shards {
	t.Helper()
	plan := compilePlan(t, fmt.Sprintf(piecesSpec, source))
	s := newShards(plan, []*registry{nil}, nil, slog.New(slog.NewTextHandler(io.Discard, nil)))
	top := s.of("t")
	for _, text := range writers[:3] {
		if err := s.grow(top, parsed(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	for id, text := range writers[:3] {
		d := &decoder{}
		if d.codec, d.reason = s.project(top, parsed(t, text), int32(id)); d.reason != "" {
			t.Fatal(d.reason)
		}
		top.decoders[0][int32(id)] = d
	}
	top.decoders[0][3] = &decoder{reason: "no use", unknown: time.Now()}
	return s
}

func parsed(t testing.TB, fields string) *codec.Schema {
	t.Helper()
	schema, err := codec.ParseSchema(record(fields))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// row is what a record becomes; bad is why it becomes none.
type row struct {
	offset, time int64
	schema       int32
	x, y         uint64 // bits; those of NaN are one
	key, bad     string
	unknown      bool
}

func bits(v float64) uint64 {
	if v != v {
		return 1
	}
	return math.Float64bits(v)
}

// random makes a record and what is to become of it.
func random(rng *rand.Rand, offset int64, timed bool) (*kgo.Record, row) {
	at := int64(1_700_000_000_000) + rng.Int64N(1000)
	r := &kgo.Record{Topic: "t", Offset: offset, Timestamp: time.UnixMilli(at)}
	if rng.IntN(3) > 0 {
		r.Key = fmt.Appendf(nil, "k%d", rng.IntN(5))
	}
	want := row{offset: offset, time: at * 1e6, schema: int32(rng.IntN(3)), x: 1, y: 1}
	if rng.IntN(50) == 0 {
		want.schema = 3
	}
	if offset%1000 < 500 { // long runs of one schema
		want.schema = 0
	}
	if r.Key != nil {
		want.key = string(pipeline.AppendKeyText(nil, string(r.Key)))
	}
	x, y := rng.Float64(), float64(float32(rng.Float64()))
	body := codec.AppendHeader(nil, want.schema)
	if timed {
		at -= rng.Int64N(5000)
		want.time = at * 1e6
	}
	ahead := timed && rng.IntN(40) == 0
	if ahead {
		at += 3600_000
	}
	switch want.schema {
	case 0:
		body = appendDouble(binary.AppendVarint(body, at), x)
		want.x = bits(x)
	case 1:
		body = appendDouble(binary.AppendVarint(body, at), x)
		want.x = bits(x)
		if rng.IntN(2) == 0 {
			body = append(body, 0)
		} else {
			body = binary.LittleEndian.AppendUint32(append(body, 2), math.Float32bits(float32(y)))
			want.y = bits(y)
		}
	case 2:
		n := rng.Int64N(1000)
		body = binary.AppendVarint(binary.AppendVarint(body, n), at)
		want.y = bits(float64(n))
	default:
		want.bad, want.unknown = "no use", true
	}
	r.Value = body
	switch {
	case rng.IntN(60) == 0:
		r.Value = body[:3]
		want.bad, want.unknown = "value of 3 bytes, shorter than the 5 of a schema id's header", false
	case !timed && rng.IntN(60) == 0:
		r.Timestamp = time.UnixMilli(-1)
		want.bad, want.unknown = "the record has no timestamp", false
	case want.bad == "" && rng.IntN(60) == 0:
		r.Value = append(body, 0)
		want.bad = fmt.Sprintf("body is not of its schema: at byte %d of %d: bytes follow the record's end", len(body)-5, len(body)-4)
	case want.bad == "" && ahead:
		want.bad = "event time is more than max_future (5m0s) ahead of the record's timestamp"
	}
	return r, want
}

// Records become the same rows, however a poll is cut into pieces and whatever
// stands between them.
func TestPieces(t *testing.T) {
	for _, timed := range []bool{false, true} {
		source := ""
		if timed {
			source = ", time: {field: at, unit: ms}"
		}
		s := newPieces(t, source)
		seen := map[string]int{}
		for seed := range uint64(60) {
			rng := rand.New(rand.NewPCG(seed, 1))
			var records []*kgo.Record
			var want []row
			for i := range rng.IntN(2000) + 1 {
				r, w := random(rng, int64(2*i), timed)
				records, want = append(records, r), append(want, w)
				seen[w.bad]++
			}
			got := readPieces(t, s, rng, records)
			for i, w := range want {
				if w.bad != "" {
					want[i] = row{offset: w.offset, bad: w.bad, unknown: w.unknown}
				}
			}
			if !reflect.DeepEqual(got, want) {
				for i := range want {
					if i >= len(got) || got[i] != want[i] {
						t.Fatalf("seed %d, timed %v, record %d: got %+v\nwant %+v", seed, timed, i, got[min(i, len(got)-1)], want[i])
					}
				}
				t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(want))
			}
		}
		if len(seen) < 5 {
			t.Errorf("of the ways to be bad only %v occurred", seen)
		}
	}
}

// readPieces decodes records in runs of random lengths, several of them to a piece.
func readPieces(t *testing.T, s *shards, rng *rand.Rand, records []*kgo.Record) (all []row) {
	t.Helper()
	p := &piece{}
	for len(records) > 0 {
		p.empty()
		p.reserve(1 + rng.IntN(700))
		for p.room() > 0 && len(records) > 0 {
			n := min(1+rng.IntN(300), p.room(), len(records))
			if err := s.decode(t.Context(), pipeline.Partition{Topic: "t"}, records[:n], p); err != nil {
				t.Fatal(err)
			}
			records = records[n:]
			if rng.IntN(5) == 0 {
				break
			}
		}
		for i := range p.batches {
			all = append(all, rowsOf(t, s, &p.batches[i])...)
		}
	}
	return all
}

func rowsOf(t *testing.T, s *shards, b *pipeline.Batch) (all []row) {
	t.Helper()
	slots, key := map[string]int{}, 0
	for _, f := range b.Fields {
		slots[f.Path] = f.Slot
	}
	for _, c := range s.of("t").layouts[0].Columns {
		if c.Path == keyPath {
			key = c.Slot
		}
	}
	for i := range b.Offsets {
		if r := b.Record(i).(*kgo.Record); r.Offset != b.Offsets[i] {
			t.Fatalf("row %d is of offset %d, its record of %d", i, b.Offsets[i], r.Offset)
		}
		all = append(all, row{
			offset: b.Offsets[i], time: b.Times[i], schema: b.Schemas[i],
			x: bits(b.Numbers[slots["x"]][i]), y: bits(b.Numbers[slots["y"]][i]), key: string(b.Texts[key][i]),
		})
	}
	for _, bad := range b.Bad {
		if r := bad.Record.(*kgo.Record); r.Offset != bad.Offset {
			t.Fatalf("the bad record of offset %d is that of %d", bad.Offset, r.Offset)
		}
		all = append(all, row{offset: bad.Offset, bad: bad.Reason, unknown: bad.Unknown})
	}
	slices.SortFunc(all, func(a, b row) int { return int(a.offset - b.offset) })
	return all
}

// A partition that was lost and assigned again while it was polled ends the session,
// in whichever piece its records are.
func TestAssignedAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, before := range []int{0, 10, 2 * pieceRows} {
		for _, again := range []bool{false, true} {
			s := &session{
				run: &run{shards: newPieces(t, "")}, clock: clock{time.Now()}, ctx: t.Context(),
				decoded: make(chan *piece, pieces), free: make(chan *piece, pieces),
			}
			s.queue.told = func() {}
			for range pieces {
				s.free <- &piece{}
			}
			fetch := kgo.FetchTopic{Topic: "t", Partitions: []kgo.FetchPartition{{Partition: 1}, {Partition: 0}}}
			for i := range before + 10 {
				r, _ := random(rng, int64(i), false)
				f := &fetch.Partitions[0]
				if i >= before {
					f = &fetch.Partitions[1]
				}
				f.Records = append(f.Records, r)
			}
			if again {
				id := pipeline.Partition{Topic: "t"}
				s.queue.add(pipeline.Lost{Partitions: []pipeline.Partition{id}})
				s.queue.add(pipeline.Assigned{Positions: []pipeline.Position{{Partition: id}}})
			}
			goes := s.deal(&polled{fetches: kgo.Fetches{{Topics: []kgo.FetchTopic{fetch}}}})
			if first := <-s.decoded; goes == again || (first.err == pipeline.ErrEarly) != again {
				t.Errorf("%d records before it, again %v: goes on %v, %v", before, again, goes, first.err)
			}
		}
	}
}

// Polls and transactions take turns, and a poll that waits gives way.
func TestTurns(t *testing.T) {
	turns := turns{token: make(chan struct{}, 1)}
	var inside atomic.Int32
	alone := func(run func()) {
		if inside.Add(1) != 1 {
			t.Error("a poll and a transaction overlap")
		}
		run()
		inside.Add(-1)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			turns.poll(ctx, time.Hour, func(ctx context.Context) { alone(func() { <-ctx.Done() }) })
		}
	})
	for range 200 {
		turns.take(func() { alone(func() {}) })
		turns.wake()
	}
	cancel()
	wg.Wait()
}

// BenchmarkDecodePieces decodes what a poll brings: 4,096 records of 10 doubles.
func BenchmarkDecodePieces(b *testing.B) {
	fields := ""
	for i := range 10 {
		fields += fmt.Sprintf(`,{"name":"value%d","type":"double"}`, i)
	}
	body := codec.AppendDoubles(nil, 0, make([]float64, 10)...)
	plan := compilePlan(b, sums1s)
	s := newShards(plan, []*registry{nil}, nil, slog.New(slog.NewTextHandler(io.Discard, nil)))
	top, schema := s.of("mount"), parsed(b, fields[1:])
	if err := s.grow(top, schema); err != nil {
		b.Fatal(err)
	}
	d := &decoder{}
	if d.codec, d.reason = s.project(top, schema, 0); d.reason != "" {
		b.Fatal(d.reason)
	}
	top.decoders[0][0] = d
	records := make([]*kgo.Record, pieceRows)
	for i := range records {
		records[i] = &kgo.Record{Topic: "mount", Offset: int64(i), Timestamp: time.UnixMilli(int64(i)), Value: slices.Clone(body)}
	}
	p := &piece{}
	b.ReportAllocs()
	for b.Loop() {
		p.empty()
		p.reserve(len(records))
		if err := s.decode(b.Context(), pipeline.Partition{Topic: "mount"}, records, p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pieceRows), "ns/record")
}
