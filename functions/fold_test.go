package functions

import (
	"math"
	"math/rand/v2"
	"testing"
)

// plainMoments is moments.Add with no thought for speed: every value by the same
// steps.
func plainMoments(m *moments, values []float64) {
	if m.n == 0 {
		values = m.start(values)
	}
	m.n += int64(len(values))
	for _, x := range values {
		d, e := twoDiff(x, m.k)
		if a := math.Abs(d); a >= tiny && a <= huge {
			m.near = m.near.gather(d, e)
		} else if d != 0 {
			m.addFar(x)
		}
	}
}

// plainExtent is extent.Add likewise.
func plainExtent(e *extent, values []float64) {
	for _, x := range values {
		if x < e.least {
			e.least = x
		}
		if x > e.greatest {
			e.greatest = x
		}
	}
}

// mixture makes values for every way through a loop: runs of one source after
// another, and values between them that end a run.
func mixture(r *rand.Rand) (values []float64) {
	for range 1 + r.IntN(6) {
		source, stretch := sources[r.IntN(len(sources))], 1+r.IntN(1+r.IntN(300))
		for i := range stretch {
			values = append(values, source(r, i))
		}
		switch r.IntN(8) {
		case 0:
			values = append(values, math.Inf(1-2*r.IntN(2)))
		case 1:
			values = append(values, math.Copysign(0, float64(r.IntN(2))-0.5))
		case 2: // close to the first, within an ulp of the bounds of what is close
			values = append(values, math.Nextafter(values[0]*[]float64{0.5, 1, 2}[r.IntN(3)], float64(r.IntN(3))-1))
		}
	}
	return values
}

func twinsOf(kind Kind, add func(Accumulator, []float64), t *testing.T) {
	t.Helper()
	r := rand.New(rand.NewPCG(27, 28))
	check := func(label string, values []float64) {
		w := window{make([]int64, len(values)), values}
		plain, cut := New(kind), fold(r, kind, w)
		add(plain, values)
		if got, want := snapshot(cut), snapshot(plain); got != want {
			t.Fatalf("%s: %v\n%s\n%s", label, values, got, want)
		}
		other := fold(nil, kind, window{make([]int64, 100), mixture(r)[:1]})
		plain.Merge(other) // what was merged goes on
		cut.Merge(other)
		add(plain, values)
		cut.Add(w.times, values)
		if got, want := snapshot(cut), snapshot(plain); got != want {
			t.Fatalf("%s, merged: %v\n%s\n%s", label, values, got, want)
		}
	}
	for label, w := range hardWindows() {
		check(label, w.values)
	}
	for range 10000 {
		check("mixture", mixture(r))
	}
}

func TestMomentsAgainstPlainSteps(t *testing.T) {
	twinsOf(Moments, func(a Accumulator, values []float64) { plainMoments(a.(*moments), values) }, t)
}

func TestExtentAgainstPlainSteps(t *testing.T) {
	twinsOf(Extent, func(a Accumulator, values []float64) { plainExtent(a.(*extent), values) }, t)
}
