package functions

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// limit says how far a result may be from the exact answer: a number of steps
// from the float64 nearest to it, or a share of the answer's size. The nearest
// is asked of all but the deviations, whose last bit may differ; the quartiles,
// which Python defines by rounded arithmetic; quantiles, and what is nearly one;
// and windows whose terms cancel.
func limit(name string, condition float64) (steps uint64, share float64) {
	switch {
	case name == "q1" || name == "q3":
		return 1, 0x1p-51
	case strings.HasPrefix(name, "quantile"):
		return 1, 0
	case name == "approx_quantile":
		return 0, approximate
	case condition > illConditioned:
		return 0, 0x1p-95
	case name == "rms" || strings.HasPrefix(name, "st") || strings.HasPrefix(name, "var"):
		return 1, 0
	}
	return 0, 0
}

const illConditioned = 0x1p40

// approximate is the half of a bucket's width over its least value.
const approximate = 1. / 128

// bound is what is promised of a result's relative error.
func bound(condition float64) float64 { return max(1e-12, condition*(10*0x1p-52)) }

// worst holds the largest errors of one function: of normal results in windows
// of which 1e-12 is promised, of those in other windows, and in steps of the
// denormal results.
type worst struct {
	good, ill miss
	denormal  uint64
}

// miss is how far a result is off.
type miss struct {
	steps               uint64
	relative, condition float64
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
	off, share := miss{stepsBetween(got, nearest), 0, ratio(want.size, want.value)}, 0.0
	if !math.IsInf(got, 0) {
		if off.steps == 1 && tied(got, nearest, want) {
			off.steps = 0
		}
		by := zero().Sub(exact(got), want.value)
		off.relative, share = ratio(by, want.value), ratio(by, want.size)
	}
	if most, part := limit(name, off.condition); off.steps > most && share > part {
		return fmt.Errorf("%v (%[1]x) is %d steps from %v (%[3]x), the condition %.3g", got, off.steps, nearest, off.condition)
	}
	if name == "approx_quantile" {
		return nil
	}
	if math.Abs(nearest) < smallestNormal {
		h.denormal = max(h.denormal, off.steps)
		return nil
	}
	return h.keep(off)
}

// tied tells whether the answer lies between two float64 and no nearer to one of
// them than a sum of twice their precision can tell.
func tied(a, b float64, of answer) bool {
	middle := zero().Mul(zero().Add(exact(a), exact(b)), exact(0.5))
	return ratio(middle.Sub(middle, of.value), of.size) <= 0x1p-95
}

func (h *worst) keep(off miss) error {
	if off.relative > bound(off.condition) {
		return fmt.Errorf("off by %.3g, where %.3g is promised", off.relative, bound(off.condition))
	}
	of := &h.good
	if bound(off.condition) > bound(0) {
		of = &h.ill
	}
	if off.relative >= of.relative {
		*of = off
	}
	return nil
}

// ratio gives |a / b|, infinite for no b alone.
func ratio(a, b *big.Float) float64 {
	if a.Sign() == 0 {
		return 0
	}
	if b.Sign() == 0 {
		return math.Inf(1)
	}
	q, _ := new(big.Float).SetPrec(64).Quo(a, b).Float64()
	return min(math.Abs(q), math.MaxFloat64)
}

// stepsBetween counts the float64 from a to b; -0 is 0.
func stepsBetween(a, b float64) uint64 {
	x, y := keyOf(a+0), keyOf(b+0)
	return max(x, y) - min(x, y)
}

// subject is a function, and for a window the function's Value and what exact
// arithmetic gives of it.
type subject struct {
	name string
	Function
	ask func(r *rand.Rand, w window) (func(Accumulator) (float64, bool), answer)
}

// subjects are the functions of the table, quantile by each method.
func subjects(t *testing.T) (all []subject) {
	for _, f := range All() {
		if f.Kind == Sketch {
			all = append(all, subject{f.Name, f, askApproximate(t, f)})
			continue
		}
		if f.Value == nil {
			for _, m := range methods {
				all = append(all, subject{f.Name + " " + m.name, f, askQuantile(t, f, m.name)})
			}
			continue
		}
		all = append(all, subject{f.Name, f, func(_ *rand.Rand, w window) (func(Accumulator) (float64, bool), answer) {
			return f.Value, twins[f.Name](w)
		}})
	}
	return all
}

func askQuantile(t *testing.T, f Function, method string) func(*rand.Rand, window) (func(Accumulator) (float64, bool), answer) {
	return func(r *rand.Rand, w window) (func(Accumulator) (float64, bool), answer) {
		p := randomShare(r)
		value, err := f.With([]Literal{{Number: p}, {Text: method, IsText: true}})
		if err != nil {
			t.Fatal(err)
		}
		return value, twinQuantile(w, written(p), positions[method])
	}
}

func askApproximate(t *testing.T, f Function) func(*rand.Rand, window) (func(Accumulator) (float64, bool), answer) {
	return func(r *rand.Rand, w window) (func(Accumulator) (float64, bool), answer) {
		p := randomShare(r)
		value, err := f.With([]Literal{{Number: p}})
		if err != nil {
			t.Fatal(err)
		}
		return value, twinInvertedCDF(w, written(p))
	}
}

// written gives p as it is written, to 18 digits.
func written(p float64) string {
	if text := strconv.FormatFloat(p, 'f', -1, 64); len(text) <= 20 {
		return text
	}
	return strconv.FormatFloat(p, 'f', 18, 64)
}

func randomShare(r *rand.Rand) float64 {
	usual := []float64{0, 0.01, 0.05, 0.07, 0.1, 0.25, 1. / 3, 0.5, 0.7, 0.75, 0.9, 0.99, 0.999, 1, 1e-300}
	if i := r.IntN(2 * len(usual)); i < len(usual) {
		return usual[i]
	}
	return r.Float64()
}

// TestErrors computes every window at once, and again of three partitions whose
// calls of Add are cut at random. -v shows the largest errors.
func TestErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	for _, s := range subjects(t) {
		var errors worst
		windows, hard := 0, 0
		hold := func(label string, w window, parts ...[]int) {
			value, want := s.ask(r, w)
			for _, ends := range append(parts, nil) {
				got, ok := value(foldParts(r, s.Kind, w, ends))
				if err := errors.hold(s.name, got, ok, want); err != nil {
					t.Errorf("%s of %s, parts to %v: %v\n%v", s.name, label, ends, err, w.values)
				}
			}
			windows++
		}
		for label, w := range hardWindows() {
			if isFinite(w) {
				hold(label, w, inThree(r, w), inThree(r, w), inThree(r, w))
				hard++
			}
		}
		for i := range 10000 {
			w := randomWindow(r)
			hold(fmt.Sprint("window ", i), w, inThree(r, w))
		}
		if hard < 100 {
			t.Errorf("%d hard windows", hard)
		}
		b.WriteString(errors.row(s.name, windows, hard))
	}
	t.Log("largest errors against exact arithmetic\n" + header + b.String())
}

const header = `
                         windows   well-conditioned         ill-conditioned                     denormal
function           all     hard    relative  steps   relative  condition  10*cond*2^-52      steps
`

// row is a line under header.
func (h *worst) row(name string, windows, hard int) string {
	text := fmt.Sprintf("%-14s %7d %8d  %10.3g  %5d", name, windows, hard, h.good.relative, h.good.steps)
	if h.ill.condition > 0 {
		text += fmt.Sprintf(" %10.3g %10.3g  %13.3g", h.ill.relative, h.ill.condition, bound(h.ill.condition))
	} else {
		text += fmt.Sprintf(" %10s %10s  %13s", "-", "-", "-")
	}
	return text + fmt.Sprintf(" %10d\n", h.denormal)
}

// inThree gives where two of three partitions end.
func inThree(r *rand.Rand, w window) []int {
	a, b := r.IntN(len(w.values)+1), r.IntN(len(w.values)+1)
	return []int{min(a, b), max(a, b)}
}

func isFinite(w window) bool {
	return !slices.ContainsFunc(w.values, func(x float64) bool { return math.IsInf(x, 0) })
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
		for _, name := range []string{"sum", "mean", "rms", "stdev", "var_pop"} {
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

// randomEnds gives where up to three partitions end, some of them empty.
func randomEnds(r *rand.Rand, n int) []int {
	ends := make([]int, r.IntN(4))
	for i := range ends {
		ends[i] = r.IntN(n + 1)
	}
	slices.Sort(ends)
	return ends
}
