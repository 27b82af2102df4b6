package functions

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// answer is what exact arithmetic gives: nil for no value.
type answer struct {
	value *big.Float
	// size is the sum of the magnitudes of the terms whose rounding a function
	// cannot escape; size / |value| is the condition of the window.
	size *big.Float
}

// twins are the functions in exact arithmetic, by name, with no thought for
// speed. Their windows hold finite values only.
var twins = map[string]func(window) answer{
	"count":       func(w window) answer { return plain(exact(float64(len(w.values)))) },
	"sum":         twinSum,
	"min":         func(w window) answer { return twinAt(w, 0) },
	"max":         func(w window) answer { return twinAt(w, len(w.values)-1) },
	"range":       twinRange,
	"mean":        twinMean,
	"median":      twinMedian,
	"q1":          func(w window) answer { return twinQuartile(w, 1) },
	"q3":          func(w window) answer { return twinQuartile(w, 3) },
	"stdev":       func(w window) answer { return root(twinVariance(w, 1)) },
	"stddev_samp": func(w window) answer { return root(twinVariance(w, 1)) },
	"stddev_pop":  func(w window) answer { return root(twinVariance(w, 0)) },
	"var_samp":    func(w window) answer { return twinVariance(w, 1) },
	"var_pop":     func(w window) answer { return twinVariance(w, 0) },
	"first":       func(w window) answer { return twinEnd(w, func(t, best int64) bool { return t < best }) },
	"last":        func(w window) answer { return twinEnd(w, func(t, best int64) bool { return t >= best }) },
}

// limit says how far a result may be from the exact answer: a number of steps
// from the float64 nearest to it, or a share of the answer's size. The nearest
// is asked of all but the deviations, whose last bit may differ; the quartiles,
// which Python defines by rounded arithmetic; and windows whose terms cancel.
func limit(name string, condition float64) (steps uint64, share float64) {
	switch {
	case name == "q1" || name == "q3":
		return 1, 0x1p-51
	case condition > illConditioned:
		return 0, 0x1p-95
	case strings.HasPrefix(name, "st") || strings.HasPrefix(name, "var"):
		return 1, 0
	}
	return 0, 0
}

const illConditioned = 0x1p40

func exact(x float64) *big.Float { return new(big.Float).SetPrec(5000).SetFloat64(x) }

func zero() *big.Float { return exact(0) }

func plain(v *big.Float) answer { return answer{v, zero().Abs(v)} }

func twinSum(w window) answer {
	if len(w.values) == 0 {
		return answer{}
	}
	sum, size := zero(), zero()
	for _, x := range w.values {
		sum.Add(sum, exact(x))
		size.Add(size, exact(math.Abs(x)))
	}
	return answer{sum, size}
}

func twinMean(w window) answer {
	a, n := twinSum(w), exact(float64(len(w.values)))
	if a.value != nil {
		a.value.Quo(a.value, n)
		a.size.Quo(a.size, n)
	}
	return a
}

func twinVariance(w window, less int) answer {
	n := len(w.values)
	if n <= less {
		return answer{}
	}
	sum, squares := zero(), zero()
	for _, x := range w.values {
		sum.Add(sum, exact(x))
		squares.Add(squares, zero().Mul(exact(x), exact(x)))
	}
	squares.Mul(squares, exact(float64(n)))
	squares.Sub(squares, sum.Mul(sum, sum))
	return plain(squares.Quo(squares, exact(float64(n*(n-less)))))
}

func root(a answer) answer {
	if a.value == nil {
		return a
	}
	return plain(zero().Sqrt(a.value.SetPrec(300)))
}

func twinAt(w window, i int) answer {
	if len(w.values) == 0 {
		return answer{}
	}
	return plain(exact(slices.Sorted(slices.Values(w.values))[i]))
}

func twinRange(w window) answer {
	n := len(w.values)
	if n == 0 {
		return answer{}
	}
	return plain(zero().Sub(twinAt(w, n-1).value, twinAt(w, 0).value))
}

func twinMedian(w window) answer {
	n := len(w.values)
	if n == 0 {
		return answer{}
	}
	return mixed(twinAt(w, (n-1)/2).value, twinAt(w, n/2).value, 2)
}

func twinQuartile(w window, i int) answer {
	n := len(w.values)
	if n < 2 {
		return answer{}
	}
	j := min(max(i*(n+1)/4, 1), n-1)
	return mixed(twinAt(w, j-1).value, twinAt(w, j).value, i*(n+1)-4*j)
}

// mixed is the point delta quarters of the way from a to b.
func mixed(a, b *big.Float, delta int) answer {
	a, b = zero().Mul(a, exact(float64(4-delta)/4)), zero().Mul(b, exact(float64(delta)/4))
	return answer{zero().Add(a, b), zero().Add(zero().Abs(a), zero().Abs(b))}
}

func twinEnd(w window, replaces func(t, best int64) bool) answer {
	if len(w.values) == 0 {
		return answer{}
	}
	best := 0
	for i, t := range w.times {
		if replaces(t, w.times[best]) {
			best = i
		}
	}
	return plain(exact(w.values[best]))
}

// worst holds the largest errors of one function, of normal results.
type worst struct {
	steps    uint64
	relative float64 // in windows that are not ill-conditioned
	share    float64 // of the condition, in parts of 2^-52, in those that are
}

// hold compares a result with its twin's, and keeps the largest error.
func (h *worst) hold(name string, got float64, ok bool, want answer) error {
	if ok != (want.value != nil) || ok == math.IsNaN(got) {
		return fmt.Errorf("%v, %v; exact: %v", got, ok, want.value)
	}
	if !ok {
		return nil
	}
	nearest, _ := want.value.Float64()
	steps, condition := stepsBetween(got, nearest), ratio(want.size, want.value)
	miss, share := 0.0, 0.0
	if !math.IsInf(got, 0) {
		off := zero().Sub(exact(got), want.value)
		miss, share = ratio(off, want.value), ratio(off, want.size)
	}
	if most, part := limit(name, condition); steps > most && share > part {
		return fmt.Errorf("%v (%[1]x) is %d steps from %v (%[3]x), the condition %.3g", got, steps, nearest, condition)
	}
	switch {
	case math.Abs(nearest) < smallestNormal:
	case condition > illConditioned:
		h.share = max(h.share, share*0x1p52)
	default:
		h.steps, h.relative = max(h.steps, steps), max(h.relative, miss)
	}
	return nil
}

func ratio(a, b *big.Float) float64 {
	if a.Sign() == 0 {
		return 0
	}
	if b.Sign() == 0 {
		return math.Inf(1)
	}
	q, _ := new(big.Float).SetPrec(64).Quo(a, b).Float64()
	return math.Abs(q)
}

// stepsBetween counts the float64 from a to b; -0 is 0.
func stepsBetween(a, b float64) uint64 {
	x, y := keyOf(a+0), keyOf(b+0)
	return max(x, y) - min(x, y)
}

func TestFunctionsAgainstExactArithmetic(t *testing.T) {
	errors := map[string]*worst{}
	for _, f := range All() {
		errors[f.Name] = new(worst)
	}
	hold := func(label string, f Function, w window, ends ...[]int) {
		want := twins[f.Name](w)
		for _, ends := range append(ends, nil) {
			got, ok := f.Value(foldParts(nil, f.Kind, w, ends))
			if err := errors[f.Name].hold(f.Name, got, ok, want); err != nil {
				t.Errorf("%s of %s, parts to %v: %v\n%v", f.Name, label, ends, err, w.values)
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, f := range All() {
		for label, w := range finite(hardWindows()) {
			hold(label, f, w)
			for cut := range len(w.values) {
				hold(label, f, w, []int{cut})
			}
		}
		for i := range 10000 {
			w := randomWindow(r)
			hold(fmt.Sprint("window ", i), f, w, randomEnds(r, len(w.values)))
		}
	}
	t.Log(report(errors))
}

// Errors of rounding must not gather with the length of a window.
func TestLongWindowsAgainstExactArithmetic(t *testing.T) {
	const n = 50000
	r := rand.New(rand.NewPCG(9, 10))
	for s, source := range sources {
		w := window{make([]int64, n), make([]float64, n)}
		for i := range w.values {
			w.times[i], w.values[i] = int64(i), source(r, i)
		}
		for _, name := range []string{"sum", "mean", "stdev", "var_pop"} {
			f, _ := Lookup(name)
			want := twins[name](w)
			for _, a := range []Accumulator{fold(nil, f.Kind, w), foldParts(nil, f.Kind, w, randomEnds(r, n))} {
				got, ok := f.Value(a)
				if err := new(worst).hold(name, got, ok, want); err != nil {
					t.Errorf("%s of source %d: %v", name, s, err)
				}
			}
		}
	}
}

func TestEveryFunctionHasATwin(t *testing.T) {
	if got, want := slices.Sorted(maps.Keys(twins)), slices.Sorted(slices.Values(Names())); !slices.Equal(got, want) {
		t.Errorf("twins of %v, functions %v", got, want)
	}
}

// randomEnds gives where up to three partitions end, some of them empty.
func randomEnds(r *rand.Rand, n int) []int {
	ends := make([]int, r.IntN(4))
	for i := range ends {
		ends[i] = r.IntN(n + 1)
	}
	slices.Sort(ends)
	return ends
}

func finite(windows map[string]window) map[string]window {
	maps.DeleteFunc(windows, func(_ string, w window) bool {
		return slices.ContainsFunc(w.values, func(x float64) bool { return math.IsInf(x, 0) })
	})
	return windows
}

func report(errors map[string]*worst) string {
	var b strings.Builder
	b.WriteString("largest errors; of ill-conditioned windows in parts of the condition * 2^-52\n")
	fmt.Fprintf(&b, "%-12s %6s %10s %16s\n", "function", "steps", "relative", "ill-conditioned")
	for _, name := range Names() {
		e := errors[name]
		fmt.Fprintf(&b, "%-12s %6d %10.3g %16.3g\n", name, e.steps, e.relative, e.share)
	}
	return b.String()
}
