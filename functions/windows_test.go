package functions

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// window is what the values of one field in one window may look like.
type window struct {
	times  []int64
	values []float64
}

// cut gives the records [from, to) of it.
func (w window) cut(from, to int) window {
	return window{w.times[from:to], w.values[from:to]}
}

// hardWindows gives, in one order, the cases that break the usual formulas: each
// by its name, and those of every source at several lengths.
func hardWindows() iter.Seq2[string, window] {
	cases := namedWindows()
	r := rand.New(rand.NewPCG(11, 12))
	for s, source := range sources {
		for _, n := range []int{1, 2, 3, 4, 5, 40, 400} {
			w := window{times: randomTimes(r, n)}
			for i := range n {
				w.values = append(w.values, source(r, i))
			}
			cases[fmt.Sprintf("source %d, %d values", s, n)] = w
		}
	}
	return func(yield func(string, window) bool) {
		for _, name := range slices.Sorted(maps.Keys(cases)) {
			if !yield(name, cases[name]) {
				return
			}
		}
	}
}

func namedWindows() map[string]window {
	inf, most, least := math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64
	cases := map[string]window{}
	for name, values := range map[string][]float64{
		"none":                nil,
		"one":                 {0.1},
		"one infinite":        {inf},
		"two":                 {0.1, 0.2},
		"equal":               {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
		"equal and huge":      {most, most, most},
		"equal and least":     {least, least, least},
		"opposite and huge":   {most, -most, most, -most, 1},
		"huge then small":     {1e300, 1, 2, 3},
		"small then huge":     {1, 2, 3, 1e300},
		"huge and close":      {1e300, math.Nextafter(1e300, inf), 1e300},
		"least":               {least, 2 * least, least, least},
		"two least":           {least, 2 * least},
		"tiny differences":    {0, 1e-200, 3e-200, 2e-200},
		"tiny and ordinary":   {0, 1e-200, 3e-200, 1},
		"all three ranges":    {0, 1e-200, 1, 1e200, -1e200, -1, -1e-200},
		"zeros":               {0, math.Copysign(0, -1), 0},
		"zeros, negative 1st": {math.Copysign(0, -1), 0, math.Copysign(0, -1)},
		"infinite":            {1, inf, 2, 3},
		"infinite first":      {-inf, 1, 2},
		"infinite last":       {1, 2, 3, inf},
		"infinite and huge":   {1, inf, 1e300, 1e-300, 0},
		"both infinite":       {1, inf, -inf, 2},
		"only infinite":       {inf, inf},
		"only both infinite":  {inf, -inf},
		"outlier first":       {1e15, 1e-3, 2e-3, 3e-3},
		"outlier last":        {1e-3, 2e-3, 3e-3, 1e15},
		"offset":              {1e9, 1e9 + 1e-6, 1e9 + 2e-6, 1e9 - 1e-6},
		"at the thresholds":   {0, tiny, -tiny, tiny / 2, huge, -huge, 2 * huge},
		"half ties":           {1, 1 + 0x1p-52, 1, 1 + 0x1p-52},
	} {
		cases[name] = window{make([]int64, len(values)), values}
	}
	return cases
}

// sources make the values of random windows, each from its place in one.
var sources = []func(r *rand.Rand, i int) float64{
	func(r *rand.Rand, _ int) float64 { return r.NormFloat64() },
	func(r *rand.Rand, _ int) float64 { return 20 + 3*r.NormFloat64() },
	func(r *rand.Rand, _ int) float64 { return 1e9 + 1e-6*r.NormFloat64() },
	func(r *rand.Rand, i int) float64 { return outlier(i == 0) + 1e-3*r.NormFloat64() },
	func(r *rand.Rand, i int) float64 { return outlier(i == 3) + 1e-3*r.NormFloat64() },
	func(r *rand.Rand, _ int) float64 { return float64(r.IntN(4096)) / 1024 },
	func(r *rand.Rand, _ int) float64 { return float64(r.IntN(100)-50) / 10 },
	func(r *rand.Rand, i int) float64 { return float64(1-2*(i%2)) * (1e6 + r.Float64()) },
	func(r *rand.Rand, _ int) float64 { return (2*r.Float64() - 1) * math.MaxFloat64 },
	func(r *rand.Rand, _ int) float64 { return 1e300 * (1 + 1e-9*r.Float64()) },
	func(r *rand.Rand, _ int) float64 { return float64(r.IntN(4000)-2000) * 0x1p-1074 },
	func(r *rand.Rand, _ int) float64 { return (2*r.Float64() - 1) * 0x1p-1021 },
	func(r *rand.Rand, _ int) float64 { return 1e-170 * r.NormFloat64() },
	func(r *rand.Rand, _ int) float64 { return r.NormFloat64() * math.Pow(10, 600*r.Float64()-300) },
	func(r *rand.Rand, _ int) float64 { return nearThresholds(r, 3) },
	func(r *rand.Rand, i int) float64 { return nearThresholds(r, 1+2*min(i, 1)) },
	func(*rand.Rand, int) float64 { return math.Pi },
	func(r *rand.Rand, _ int) float64 { return float64(r.IntN(2)) },
	func(r *rand.Rand, i int) float64 { return float64(1-2*(i%2)) * 1e308 * r.Float64() },
	func(r *rand.Rand, i int) float64 { return float64(1-2*(i%2)) * (1 + 0x1p-50*float64(r.IntN(8))) },
}

// nearThresholds draws from near where moments change their scale.
func nearThresholds(r *rand.Rand, n int) float64 {
	exponent := []int{-400, 450, 0, -500, -1000, 500}[r.IntN(2*n)]
	return math.Ldexp(2*r.Float64()-1, exponent+r.IntN(9)-4)
}

func outlier(here bool) float64 {
	if here {
		return 1e15
	}
	return 0
}

// randomWindow draws a window of at most 40 records from a random source.
func randomWindow(r *rand.Rand) window {
	source := sources[r.IntN(len(sources))]
	w := window{times: randomTimes(r, r.IntN(41))}
	for i := range w.times {
		w.values = append(w.values, source(r, i))
	}
	return w
}

// randomTimes draws n times near to one another, some of them equal.
func randomTimes(r *rand.Rand, n int) []int64 {
	from := []int64{0, -5, 1_700_000_000_000_000_000, -1_700_000_000_123_456_789, math.MaxInt64 - 2e11}[r.IntN(5)]
	step := []int64{1, 100_000_000, 1_234_567_891}[r.IntN(3)]
	times := make([]int64, n)
	for i := range times {
		times[i] = from + step*r.Int64N(30)
	}
	return times
}

// fold makes an accumulator of a window, cut at random when r is not nil.
func fold(r *rand.Rand, kind Kind, w window) Accumulator {
	a := New(kind)
	for from, n := 0, len(w.values); from < n; {
		to := n
		if r != nil {
			to = from + r.IntN(n-from+1)
		}
		part := w.cut(from, to)
		a.Add(part.times, part.values)
		from = to
	}
	return a
}

// foldParts makes it of the window's partitions, which end at ends, merged in
// order. Each part is cut at random when r is not nil.
func foldParts(r *rand.Rand, kind Kind, w window, ends []int) Accumulator {
	a, from := New(kind), 0
	for _, to := range ends {
		a.Merge(fold(r, kind, w.cut(from, to)))
		from = to
	}
	a.Merge(fold(r, kind, w.cut(from, len(w.values))))
	return a
}
