package pipeline

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// row is one record of the twin's input.
type row struct {
	at     int64
	values [2]float64
}

// twin computes one window the dumb way.
func twin(parts [][]row, start, size int64) (count int64, mean, median, first float64) {
	var all []row
	for _, p := range parts {
		for _, r := range p {
			if r.at >= start && r.at < start+size {
				all = append(all, r)
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at < all[j].at })
	var vs []float64
	for _, r := range all {
		if v := r.values[1]; v == v {
			vs = append(vs, v)
		}
	}
	if len(vs) == 0 {
		return int64(len(all)), math.NaN(), math.NaN(), math.NaN()
	}
	sum := 0.0
	for _, v := range vs {
		sum += v
	}
	first = vs[0]
	slices.Sort(vs)
	median = (vs[(len(vs)-1)/2] + vs[len(vs)/2]) / 2
	if len(vs) == 1 {
		return int64(len(all)), first, first, first // below min_sample_size
	}
	return int64(len(all)), sum / float64(len(vs)), median, first
}

func randomParts(r *rand.Rand, n int) [][]row {
	parts := make([][]row, n)
	for p := range parts {
		at := int64(0)
		for range r.IntN(60) {
			at += r.Int64N(300e6)
			rec := row{at: max(0, at-r.Int64N(200e6)), values: [2]float64{float64(r.IntN(100)), float64(r.IntN(1000))}}
			if r.IntN(5) == 0 {
				rec.values[1] = math.NaN()
			}
			parts[p] = append(parts[p], rec)
		}
	}
	return parts
}

// feed gives the partitions' rows to a task, cut and interleaved at random.
func feed(r *rand.Rand, t *task, parts [][]row) {
	next := make([]int, len(parts))
	for left := true; left; {
		left = false
		for p := range parts {
			if next[p] == len(parts[p]) {
				continue
			}
			left = true
			n := min(1+r.IntN(10), len(parts[p])-next[p])
			b := &Batch{Partition: t.parts[p].id, Next: int64(next[p] + n)}
			lay(t.plan, b, 2)
			for i := next[p]; i < next[p]+n; i++ {
				b.Offsets = append(b.Offsets, int64(i))
				b.Times = append(b.Times, parts[p][i].at)
				b.Schemas = append(b.Schemas, 1)
				for c := range b.Numbers {
					b.Numbers[c] = append(b.Numbers[c], parts[p][i].values[c])
				}
			}
			next[p] += n
			if err := t.apply(t.parts[p], b, 1e18); err != nil {
				panic(err)
			}
		}
	}
}

// lay gives a batch the columns of a shard whose topic has n fields.
func lay(plan *Plan, b *Batch, n int) {
	l := plan.NewLayout(0)
	for i := range n {
		if err := l.Add(Field{Path: fmt.Sprint("v", i), Name: fmt.Sprint("v", i)}); err != nil {
			panic(err)
		}
	}
	b.Fields, b.Numbers, b.Texts = l.Fields, make([][]float64, l.Numbers), make([][][]byte, l.Texts)
}

func emptyTask(plan *Plan, parts int) *task {
	t := newTask(plan, "mount-az-aggregated", "mount-az-aggregated", newCells(plan))
	for p := range parts {
		t.install(Position{Partition: Partition{"mount-az", int32(p)}, Stop: None,
			Checkpoint: Checkpoint{Largest: None, Closed: None, Skipped: None, Forgotten: None}}, 0)
	}
	return t
}

func bits(rs []Result) string {
	s := ""
	for _, r := range rs {
		s += fmt.Sprint(r.Start, r.End, r.Count, r.Sink, r.Key)
		for _, v := range slices.Concat(slices.Concat(r.Fields...), r.Aggregates) {
			s += fmt.Sprintf(" %x", math.Float64bits(v))
		}
		s += "\n"
	}
	return s
}

// However the input is cut and interleaved, the bits are the same, and they are
// the twin's.
func TestTaskRechunked(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) {
		p.Operations = []string{"mean", "median", "count", "first", "stdev"}
		p.Window.Size = time.Second
	})
	r := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		parts := randomParts(r, 1+r.IntN(4))
		want := ""
		for try := range 3 {
			task := emptyTask(plan, len(parts))
			feed(r, task, parts)
			task.closed = math.MaxInt64
			rs := task.results(math.MaxInt)
			if try == 0 {
				want = bits(rs)
				compareTwin(t, rs, parts)
			} else if got := bits(rs); got != want {
				t.Fatalf("another cut gave\n%s\nnot\n%s", got, want)
			}
		}
	}
}

func compareTwin(t *testing.T, rs []Result, parts [][]row) {
	t.Helper()
	seen := int64(0)
	for _, res := range rs {
		count, mean, median, _ := twin(parts, res.Start, res.End-res.Start)
		seen += count
		v := res.Fields[0][5:] // the second field's
		if res.Count != count || !same(v[0], mean) || !same(v[1], median) {
			t.Fatalf("window %d: count %d mean %v median %v, want %d %v %v", res.Start, res.Count, v[0], v[1], count, mean, median)
		}
	}
	all := 0
	for _, p := range parts {
		all += len(p)
	}
	if seen != int64(all) {
		t.Fatalf("windows hold %d of %d records", seen, all)
	}
}

func same(a, b float64) bool {
	return a == b || a != a && b != b || math.Abs(a-b) < 1e-12*math.Abs(b)
}

// Below min_sample_size an operation gives the value with the earliest event
// time, whatever partition holds it, or none.
func TestSmallSample(t *testing.T) {
	parts := [][]row{{{at: 500e6, values: [2]float64{1, 50}}}, {{at: 200e6, values: [2]float64{2, 20}}, {at: 300e6, values: [2]float64{3, math.NaN()}}}}
	for _, c := range []struct {
		small spec.SmallSample
		want  string
	}{{spec.FirstValue, "[2 3 20 2]"}, {spec.NullValue, "[2 3 NaN 2]"}} {
		plan := compiled(t, func(p *spec.Pipeline) {
			p.Operations, p.MinSample, p.SmallSample = []string{"mean", "count"}, 3, c.small
		})
		task := emptyTask(plan, 2)
		feed(rand.New(rand.NewPCG(1, 1)), task, parts)
		task.closed = math.MaxInt64
		if got := fmt.Sprint(task.results(math.MaxInt)[0].Fields[0]); got != c.want {
			t.Errorf("%s: got %s, want %s", c.small, got, c.want)
		}
	}
}

// Shards of unlike width share cells: each result has its own shard's fields, and
// a field without a value still has a count.
func TestShardsOfUnlikeWidth(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Operations = []string{"count", "max"} })
	cs := newCells(plan)
	wide, narrow := newTask(plan, "w", "wide-aggregated", cs), newTask(plan, "n", "narrow-aggregated", cs)
	for _, task := range []*task{wide, narrow} {
		for id := range int32(2) {
			task.install(Position{Partition: Partition{task.sink[:len(task.sink)-11], id}, Stop: None,
				Checkpoint: Checkpoint{Largest: None, Closed: None, Skipped: None, Forgotten: None}}, 0)
		}
	}
	for round := range int64(3) {
		for task, width := range map[*task]int{wide: 3, narrow: 1} {
			for _, p := range task.parts {
				b := &Batch{Partition: p.id, Offsets: []int64{round}, Next: round + 1, Times: []int64{round * 1e9}, Schemas: []int32{1}}
				lay(plan, b, width)
				for i := range b.Numbers {
					b.Numbers[i] = []float64{5}
				}
				if err := task.apply(p, b, 1e18); err != nil {
					t.Fatal(err)
				}
			}
			task.closed = (round + 1) * 1e9
			rs := task.results(math.MaxInt)
			if len(rs) != 1 || len(rs[0].Fields[0]) != 2*width {
				t.Fatalf("%s: %+v, want one result of %d values", task.sink, rs, 2*width)
			}
			task.saved = task.closed
			task.forget()
		}
	}
	b := &Batch{Partition: narrow.parts[0].id, Offsets: []int64{9}, Next: 10, Times: []int64{9e9}, Schemas: []int32{1}}
	lay(plan, b, 1)
	b.Numbers[0] = []float64{1}
	if err := narrow.apply(narrow.parts[0], b, 1e18); err != nil {
		t.Fatal(err)
	}
	grown := &Batch{Partition: narrow.parts[1].id, Next: 3}
	lay(plan, grown, 2)
	if err := narrow.apply(narrow.parts[1], grown, 1e18); err != nil {
		t.Fatal(err)
	}
	narrow.closed = 10e9
	if got := fmt.Sprint(narrow.results(math.MaxInt)[0].Fields[0]); got != "[1 1 0 NaN]" {
		t.Errorf("a field that joined: got %s, want [1 1 0 NaN]", got)
	}
}

// Garbage with ever new schema ids neither fills the metadata nor is taken for a
// schema that was deleted when it is read again.
func TestManyUnknownSchemas(t *testing.T) {
	plan := compiled(t, nil)
	bad := func(from, to int64) *Batch {
		b := &Batch{Partition: Partition{"mount-az", 0}, Next: to}
		for at := from; at < to; at++ {
			b.Bad = append(b.Bad, BadRecord{Offset: at, Unknown: true, Schema: int32(at * 7), Reason: "unknown"})
		}
		return b
	}
	live := emptyTask(plan, 1)
	open := &Batch{Partition: Partition{"mount-az", 0}, Offsets: []int64{0}, Next: 1, Times: []int64{1}, Schemas: []int32{1}}
	for _, b := range []*Batch{open, bad(1, 5000)} {
		if err := live.apply(live.parts[0], b, 1e18); err != nil {
			t.Fatal(err)
		}
	}
	text := live.parts[0].checkpoint(plan, None).Encode(5000)
	if len(text) > 1000 {
		t.Errorf("the metadata has %d bytes", len(text))
	}
	again, err := DecodeCheckpoint(text, 5000)
	if err != nil {
		t.Fatal(err)
	}
	replay := newTask(plan, "mount-az-aggregated", "mount-az-aggregated", newCells(plan))
	replay.install(Position{Partition: Partition{"mount-az", 0}, Offset: 5000, Checkpoint: again, Stop: None}, 0)
	for _, b := range []*Batch{open, bad(1, 5000)} {
		if err := replay.apply(replay.parts[0], b, 1e18); err != nil {
			t.Error(err)
		}
	}
	if n := len(replay.parts[0].dead); n != 0 {
		t.Errorf("a replay made %d dead letters", n)
	}
}

// A replay leaves out the rows that were refused for their schema ids, and no other,
// however they are spread over windows.
func TestReplayLeavesOutRefused(t *testing.T) {
	const rows = 400
	plan := compiled(t, nil)
	r := rand.New(rand.NewPCG(21, 22))
	for range 50 {
		task := emptyTask(plan, 1)
		p := task.parts[0]
		p.done = rows + 10
		last := r.Int64N(rows)
		p.unknown.add(7, last)
		var events []event
		for range rows {
			events = append(events, event{at: r.Int64N(3e9), numbers: map[string]float64{"v0": 1}})
		}
		b := batchOf(plan, p.id, 0, events, "v0")
		want := map[int64]int64{}
		for i := range b.Schemas {
			if r.IntN(4) == 0 {
				b.Schemas[i] = 7
			}
			if b.Schemas[i] != 7 || b.Offsets[i] > last {
				want[plan.pane(b.Times[i])]++
			}
		}
		if err := task.apply(p, b, 1e18); err != nil {
			t.Fatal(err)
		}
		got := map[int64]int64{}
		for _, pn := range p.open {
			got[pn.start] = pn.cells[0].count
		}
		if !maps.Equal(got, want) {
			t.Fatalf("windows hold %v, want %v", got, want)
		}
	}
}

// Groups are dealt out alike wherever the count of runs stands.
func TestRunsAreTold(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.GroupBy = []string{"key"} })
	for _, first := range []uint64{0, math.MaxUint32 - 1, math.MaxUint32} {
		task := emptyTask(plan, 1)
		task.cells.dealer.run = first
		p := task.parts[0]
		for i, keys := range [][]float64{{1}, {1, 2, 3}} {
			var events []event
			for _, k := range keys {
				events = append(events, event{at: 1, numbers: map[string]float64{"key": k, "v0": 1}})
			}
			if err := task.apply(p, batchOf(plan, p.id, int64(i), events, "v0"), 1e18); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(p.open[0].cells); n != 3 {
			t.Errorf("from run %d on: %d groups, want 3", first, n)
		}
	}
}

// A C that is not committed is taken back when a partition that had no say in it
// comes back, even if its silence was too long ago to be believed by then. One that
// is committed stays.
func TestWhoLeftComesBack(t *testing.T) {
	for _, c := range []struct {
		waits   int64 // ns, without an answer about ends
		commits bool
		want    int64
	}{{0, false, 2e9}, {5e9, false, 2e9}, {0, true, 500e9}, {5e9, true, 500e9}} {
		plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size = 10 * time.Second })
		task, now := emptyTask(plan, 2), int64(1000e9)
		goes, left := task.parts[0], task.parts[1]
		read := func(p *part, at int64) {
			b := batchOf(plan, p.id, p.applied, []event{{at: at, numbers: map[string]float64{"v0": 1}}}, "v0")
			if err := task.apply(p, b, now); err != nil {
				t.Fatal(err)
			}
		}
		goes.ends.Asked, left.ends.Asked = None, None
		read(left, 1e9)
		now += plan.idle
		left.ends = End{Stable: left.applied, High: left.applied, Asked: now}
		read(goes, 500e9)
		task.advance(now, false)
		if task.closed != 500e9 {
			t.Fatalf("C is %d while a partition has left", task.closed)
		}
		if c.commits {
			task.results(math.MaxInt)
			task.decide()
		}
		now += c.waits
		read(goes, 500e9)
		task.advance(now, false)
		read(left, 2e9)
		task.advance(now, false)
		if task.closed != c.want {
			t.Errorf("%+v: C is %d", c, task.closed)
		}
	}
}

// Once what is closed is committed, the windows that are closed next stand on what
// everyone has read, and are not taken back.
func TestDecidedIsNotTakenBack(t *testing.T) {
	task := emptyTask(compiled(t, nil), 1)
	p := task.parts[0]
	for _, c := range []struct {
		through int64
		left    bool
	}{{4e9, true}, {5e9, false}} {
		task.closed, task.through, p.left = 5e9, c.through, true
		task.decide()
		if p.left != c.left || task.saved != c.through {
			t.Errorf("through %d: left is %v", c.through, p.left)
		}
	}
}
