package functions

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// textWindow draws n texts, some of them often, among them the empty one and
// texts whose sequence tells nothing of where one ends.
func textWindow(r *rand.Rand, n int) (texts [][]byte) {
	draws := []func() string{
		func() string { return strings.Repeat("a", r.IntN(5)) },
		func() string { return fmt.Sprint(r.IntN(n + 1)) },
		func() string { return strings.Repeat("long", 100) + fmt.Sprint(r.IntN(3)) },
		func() string { return string([]byte{byte(r.IntN(3)), byte(r.IntN(3))}) },
	}
	for range n {
		texts = append(texts, []byte(draws[r.IntN(len(draws))]()))
	}
	return texts
}

// addCut adds texts in calls cut at random, and spoils them afterwards.
func addCut(r *rand.Rand, a TextAccumulator, texts [][]byte) {
	for len(texts) > 0 {
		n := r.IntN(len(texts) + 1)
		a.AddTexts(texts[:n])
		for _, text := range texts[:n] {
			clear(text)
		}
		texts = texts[n:]
	}
}

func TestDistinctTextsAgainstAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	whole, part := New(Distinct).(TextAccumulator), New(Distinct).(TextAccumulator)
	for i := range 2000 {
		n := r.IntN(60)
		if i%100 == 0 {
			n = 5000
		}
		texts, counts := textWindow(r, n), map[string]int64{}
		for _, text := range texts {
			counts[string(text)]++
		}
		whole.Reset()
		for range 3 {
			part.Reset()
			end := r.IntN(len(texts) + 1)
			addCut(r, part, texts[:end])
			whole.Merge(part)
			texts = texts[end:]
		}
		addCut(r, whole, texts)
		if got := countsOf(whole.(*distinct)); fmt.Sprint(got) != fmt.Sprint(counts) {
			t.Fatalf("window %d: %v, not %v", i, got, counts)
		}
	}
}

func countsOf(d *distinct) map[string]int64 {
	counts := map[string]int64{}
	for i, e := range d.entries {
		counts[string(d.key(i))] += e.n
	}
	return counts
}

// A window's table is of its own size, however large the one before was.
func TestDistinctShrinks(t *testing.T) {
	d := new(distinct)
	d.Add(nil, ascending(100000))
	d.Reset()
	large := len(d.slots)
	d.Add(nil, ascending(10))
	d.Reset()
	if len(d.slots) != fewestSlots || large < 100000 || cap(d.slots) < large {
		t.Errorf("%d slots after %d, capacity %d", len(d.slots), large, cap(d.slots))
	}
	d.Add(nil, ascending(50000))
	if n, _ := d.size(); n != 50000 {
		t.Errorf("%v distinct values", n)
	}
}

func ascending(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i)
	}
	return values
}

func TestWarmTextsDoNotAllocate(t *testing.T) {
	texts := textWindow(rand.New(rand.NewPCG(19, 20)), 1000)
	for _, kind := range []Kind{Tally, Distinct} {
		a, other := New(kind).(TextAccumulator), New(kind).(TextAccumulator)
		other.AddTexts(texts)
		window := func() {
			a.Reset()
			a.AddTexts(texts)
			a.Merge(other)
		}
		window()
		if n := testing.AllocsPerRun(10, window); n > 0 {
			t.Errorf("kind %d allocates %v times a window", kind, n)
		}
	}
}

func TestZerosAreOneValue(t *testing.T) {
	d := new(distinct)
	d.Add(nil, []float64{0, math.Copysign(0, -1), 1})
	n, _ := d.size()
	mode, _ := d.mode()
	if n != 2 || mode != 0 || math.Signbit(mode) {
		t.Errorf("%v distinct values, mode %v", n, mode)
	}
}

// BenchmarkDistinct counts 1000 values, or texts, of which so many are distinct.
func BenchmarkDistinct(b *testing.B) {
	r := rand.New(rand.NewPCG(21, 22))
	const n = 1000
	for _, among := range []int{2, 100, n} {
		values, texts := make([]float64, n), make([][]byte, n)
		for i := range n {
			values[i] = float64(i % among)
			texts[i] = fmt.Appendf(nil, "detector-%d", i%among)
		}
		r.Shuffle(n, func(i, j int) { values[i], values[j] = values[j], values[i] })
		r.Shuffle(n, func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		d := new(distinct)
		b.Run(fmt.Sprintf("numbers/%d", among), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Reset()
				d.Add(nil, values)
			}
			reportPerValue(b, n)
		})
		b.Run(fmt.Sprintf("texts/%d", among), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Reset()
				d.AddTexts(texts)
			}
			reportPerValue(b, n)
		})
	}
}

// The mode does not depend on which of equally frequent values came first.
func TestModeOfPermutations(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for range 500 {
		w := randomWindow(r)
		want, _ := fold(nil, Distinct, w).(*distinct).mode()
		r.Shuffle(len(w.values), func(i, j int) { w.values[i], w.values[j] = w.values[j], w.values[i] })
		got, _ := fold(r, Distinct, w).(*distinct).mode()
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("mode %v, not %v, of %v", got, want, slices.Sorted(slices.Values(w.values)))
		}
	}
}
