package pipeline

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// The cost of finding a group's number: BenchmarkNumbers/GROUPS, ns a row.
func BenchmarkNumbers(b *testing.B) {
	for _, groups := range []int{10, 100, 10_000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			keys := make([][]byte, 10_000)
			for i := range keys {
				keys[i] = AppendKeyInteger(nil, int64(r.IntN(groups)))
			}
			n := numbering{seed: maphash.MakeSeed()}
			b.ReportAllocs()
			for b.Loop() {
				for _, k := range keys {
					n.of(k)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/row")
		})
	}
}

// Equal keys have one number, and the numbers are those of a map.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	againstMap(t, func() []byte { return AppendKeyText(nil, fmt.Sprint(r.IntN(1+r.IntN(5000)))) })
}

// So it is with keys of any length, alike but for a bit, however they are hashed.
func TestNumbersOfAnyLength(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	againstMap(t, func() []byte {
		key := make([]byte, r.IntN(24))
		if len(key) > 0 {
			key[r.IntN(len(key))] ^= 1 << r.IntN(8)
		}
		return key
	})
}

func againstMap(t *testing.T, next func() []byte) {
	t.Helper()
	for _, single := range []bool{false, true} {
		n, twin := numbering{seed: maphash.MakeSeed(), single: single}, map[string]int{}
		for range 20_000 {
			key := next()
			want, known := twin[string(key)]
			if !known {
				want = len(twin)
				twin[string(key)] = want
			}
			id := string(key)
			if single {
				id = string([]byte{0, 0, 0, byte(len(key))}) + id
			}
			if got := n.of(key); got != want || string(n.groups[got].id) != id {
				t.Fatalf("%q: number %d, want %d, of %q", key, got, want, n.groups[got].id)
			}
		}
	}
}

// A group's values and their lengths are bounded, whether or not the length is looked up.
func TestLongestGroup(t *testing.T) {
	for _, by := range [][]string{{"$key"}, {"$partition", "$key"}} {
		plan := compiled(t, func(p *spec.Pipeline) { p.GroupBy = by })
		d, r := newDealer(plan), newProgram(plan.sources[0])
		for _, over := range []int{0, 1} {
			size := maxGroupBytes - lengthBytes + over
			if len(by) > 1 {
				size -= lengthBytes + len(AppendKeyInteger(nil, 0))
			}
			b := &Batch{Offsets: []int64{0}, Texts: [][][]byte{{make([]byte, size)}}, Numbers: [][]float64{{0}}}
			r.run(b)
			if got := len(r.key(&d.key, 0)) > d.longest; got != (over > 0) {
				t.Errorf("by %v, %d bytes: too long is %t", by, size, got)
			}
		}
	}
}

// What is remembered of groups is bounded, by their number and by their bytes.
func TestNumbersAreForgotten(t *testing.T) {
	d := newDealer(compiled(t, nil))
	for i := range int64(maxNumbered + 1) {
		d.begin(1, 0)
		d.numbers.of(AppendKeyInteger(nil, i))
	}
	if n := len(d.numbers.groups); n != 1 {
		t.Errorf("%d numbers", n)
	}
	d.numbers.of(make([]byte, maxGroupNames))
	d.begin(1, 0)
	if d.numbers.bytes != 0 || len(d.numbers.groups) != 0 {
		t.Errorf("%d bytes of names", d.numbers.bytes)
	}
}

// More groups than are numbered whatever is held: as long as cells hold them all,
// their records allocate nothing.
func TestManyGroupsAllocateNothing(t *testing.T) {
	const groups, rows = maxNumbered + 5000, 1000
	plan := compiled(t, func(p *spec.Pipeline) {
		p.GroupBy, p.Window.Size, p.MaxGroups = []string{"key"}, time.Hour, 1<<20
	})
	task := emptyTask(plan, 1)
	p := task.parts[0]
	var batches []*Batch
	for at := 0; at < groups; at += rows {
		var events []event
		for i := range rows {
			events = append(events, event{at: 1, numbers: map[string]float64{"key": float64((at + i) % groups), "v0": 1}})
		}
		batches = append(batches, batchOf(plan, p.id, 0, events, "v0"))
	}
	read := func() {
		for _, b := range batches {
			for i := range b.Offsets {
				b.Offsets[i] = p.applied + int64(i)
			}
			b.Next = p.applied + rows
			if err := task.apply(p, b, 1e18); err != nil {
				t.Fatal(err)
			}
		}
	}
	read()
	if n := testing.AllocsPerRun(2, read); n > groups/100 || task.cells.held != groups {
		t.Errorf("%v allocations for a record of each of %d groups", n, task.cells.held)
	}
}
