package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
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
		r := b.Record(i).(*kgo.Record)
		if want := string(pipeline.AppendKeyText(nil, r.Key)); r.Offset != b.Offsets[i] || r.Key != nil && want != string(b.Texts[key][i]) {
			t.Fatalf("row %d is of offset %d and key %q, its record of %d and %q", i, b.Offsets[i], b.Texts[key][i], r.Offset, want)
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

// What was decoded of a partition before it was lost is not applied, even where it
// has been assigned and taken up again since; what is beside it in the piece is.
func TestLeases(t *testing.T) {
	id := func(n int32) pipeline.Partition { return pipeline.Partition{Topic: "t", ID: n} }
	s := &session{
		run: &run{}, ctx: t.Context(), clock: clock{time.Now()}, timer: time.NewTimer(0),
		decoded: make(chan *piece, 1), spare: &spare{count: make(chan struct{}, 20)},
		leases: map[pipeline.Partition]lease{}, places: map[pipeline.Partition]place{},
		readers: []*reader{{}, {}},
	}
	s.queue.told = s.tell
	poll := func(what string, req pipeline.Request, want ...int32) {
		t.Helper()
		f, err := s.Poll(req)
		var got []int32
		for _, b := range f.Batches {
			got = append(got, b.Partition.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: batches of %v, want %v; %v", what, got, want, err)
		}
	}
	decoded := func(leases ...int64) {
		p := &piece{leases: leases}
		for n := range leases {
			p.batches = append(p.batches, pipeline.Batch{Partition: id(int32(n))})
		}
		s.decoded <- p
	}
	assigned := func(at int64, ids ...int32) (e pipeline.Assigned) {
		for _, n := range ids {
			e.Positions = append(e.Positions, pipeline.Position{Partition: id(n), Checkpoint: pipeline.Checkpoint{Replay: at + int64(n)}})
		}
		return e
	}

	s.queue.add(assigned(7, 0, 1, 2))
	poll("assigned", pipeline.Request{})
	poll("taken up", pipeline.Request{Resume: []pipeline.Partition{id(0), id(1), id(2)}})
	decoded(1, 2, 3)
	poll("read", pipeline.Request{}, 0, 1, 2)
	decoded(1, 2, 3)
	s.queue.add(pipeline.Lost{Partitions: []pipeline.Partition{id(0)}})
	poll("lost", pipeline.Request{}, 1, 2)
	s.queue.add(assigned(5, 0))
	decoded(1)
	poll("assigned again", pipeline.Request{})
	decoded(1, 2)
	poll("taken up again", pipeline.Request{Resume: []pipeline.Partition{id(0)}}, 1)
	decoded(4, 2, 3)
	poll("read again", pipeline.Request{Pause: []pipeline.Partition{id(0)}}, 0, 1, 2)
	decoded(4)
	s.queue.add(pipeline.Joining{Owned: []pipeline.Partition{id(1)}})
	poll("joining", pipeline.Request{Resume: []pipeline.Partition{id(0)}})

	fails := func(lease int64, want error) {
		t.Helper()
		wrong := errors.New("gone")
		s.decoded <- &piece{failure: &failure{id(1), lease, wrong}}
		if _, err := s.Poll(pipeline.Request{}); (err == wrong) != (want != nil) {
			t.Errorf("a failure under lease %d: %v", lease, err)
		}
	}
	fails(1, nil)
	fails(2, errors.New("told"))

	of := &polled{}
	of.pieces.Store(1)
	s.spare.put(&piece{of: of})
	s.places[id(1)] = place{7, backlog}
	for s.empty = 0; s.empty < emptyPolls; {
		poll("nothing", pipeline.Request{})
	}
	if of.pieces.Load() != 0 || s.behind() != 0 || s.places[id(1)].offset != 7 {
		t.Errorf("idle: %d pieces of a poll are held, and %d records to read", of.pieces.Load(), s.behind())
	}

	var told []change
	for _, r := range s.readers {
		told = append(told, r.changes...)
	}
	want := []change{
		{beginReading, id(0), 1, 7}, {beginReading, id(2), 3, 9}, {kind: endReading, id: id(0)},
		{beginReading, id(0), 4, 5}, {kind: pauseReading, id: id(0)}, {kind: resumeReading, id: id(0)},
	}
	if rest := told[len(want):]; !slices.Equal(told[:len(want)], want) || len(rest) != 3 {
		t.Errorf("readers were told %+v\nwant %+v", told, want)
	}
	if s.readers[0].count+s.readers[1].count != 1 || len(s.leases) != 1 {
		t.Errorf("%d and %d leases counted, %d there", s.readers[0].count, s.readers[1].count, len(s.leases))
	}
}

// Reading that began elsewhere than it was to is found out by its first records.
func TestMoved(t *testing.T) {
	for name, c := range map[string]struct {
		at, first, start int64
		want             bool
	}{
		"as told":              {5, 5, 0, false},
		"at the log's start":   {5, 5, 5, false},
		"after a gap":          {5, 9, 0, false},
		"after a gap, trimmed": {5, 9, 5, false},
		"moved to the start":   {5, 9, 9, true},
		"beyond it":            {5, 12, 9, true},
		"read, then trimmed":   {5, 5, 9, false},
		"moved to the end":     {50, 9, 0, true},
		"start unknown":        {5, 9, -1, false},
	} {
		l := &reading{at: c.at}
		if got := l.moved(kgo.FetchPartition{LogStartOffset: c.start, Records: []*kgo.Record{{Offset: c.first}}}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What keeps up is read by one client, and a backlog by two, of about as many
// partitions each.
func TestReaders(t *testing.T) {
	w := newWorld(t, 6, map[string]int32{"src-a": 5})
	for ahead, want := range map[int64][]int{0: {5}, backlog/5 - 1: {5}, backlog / 5: {2, 3}, 1 << 40: {2, 3}} {
		r, err := newRun(w.config("w"), w.plan(nil))
		if err != nil {
			t.Fatal(err)
		}
		s, err := r.join(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []pipeline.Partition
		for n := range int32(5) {
			id := pipeline.Partition{Topic: "src-a", ID: n}
			ids, s.places[id] = append(ids, id), place{0, ahead}
		}
		s.resume(ids)
		var counts []int
		for _, r := range s.readers {
			counts = append(counts, r.count)
		}
		if slices.Sort(counts); !slices.Equal(counts, want) {
			t.Errorf("%d records ahead: readers of %v partitions, want %v", ahead, counts, want)
		}
		s.close()
		r.close()
	}
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
