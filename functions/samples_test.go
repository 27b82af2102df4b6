package functions

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever the values, how many there are and which places are asked for, they
// are those of the sorted keys.
func TestPlacesAgainstSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	s := New(Samples).(*samples)
	for _, n := range []int{1, 2, partFrom - 1, partFrom, radixFrom, radixFrom + 1, 250, 1000, 20000} {
		for _, source := range append(sources, func(r *rand.Rand, i int) float64 { return mixture(r)[0] }) {
			values := make([]float64, n)
			for i := range values {
				values[i] = source(r, i)
			}
			for _, special := range [][]float64{nil, {math.Copysign(0, -1), 0}, {math.Inf(1)}, {math.Inf(-1), math.Inf(1), 1e-300, 1e300}} {
				for _, x := range special {
					values[r.IntN(n)] = x
				}
				s.Reset()
				s.Add(nil, values)
				want := slices.Sorted(slices.Values(s.keys))
				for range 20 {
					if i := r.IntN(n); keyOf(s.at(i)) != want[i] {
						t.Fatalf("place %d of %d holds %v, not %v", i, n, s.at(i), valueOf(want[i]))
					}
				}
				for i, key := range want {
					if keyOf(s.at(i)) != key {
						t.Fatalf("place %d of %d holds %v, not %v", i, n, s.at(i), valueOf(key))
					}
				}
			}
		}
	}
}

// Samples that share their room do not meet there.
func TestSamplesOfOneMake(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	all := Make(Samples, 5)
	for range 300 {
		a := all[r.IntN(len(all))].(*samples)
		if r.IntN(3) == 0 {
			a.Reset()
		}
		a.Add(nil, mixture(r))
		for _, b := range all {
			b := b.(*samples)
			if len(b.keys) == 0 {
				continue
			}
			want, i := slices.Sorted(slices.Values(b.keys)), r.IntN(len(b.keys))
			if keyOf(b.at(i)) != want[i] {
				t.Fatalf("place %d of %d", i, len(want))
			}
		}
	}
}

// Samples take little more memory than their values, however these come.
func TestSamplesGrowByLittle(t *testing.T) {
	for _, step := range []int{1, 7, 100, 250} {
		s := New(Samples).(*samples)
		for len(s.keys) < 5000 {
			s.Add(nil, make([]float64, step))
			if n := len(s.keys); n > 20 && s.Room() > n+n*3/5 {
				t.Errorf("room for %d of %d values, in steps of %d", s.Room(), n, step)
			}
		}
	}
}

// What is reset keeps its room, and what is freed gives it up and is as new.
func TestSamplesFree(t *testing.T) {
	all := Make(Samples, 2)
	a, b := all[0].(*samples), all[1].(*samples)
	for _, s := range []*samples{a, b} {
		s.Add(nil, []float64{3, 1, 2})
		s.at(0)
		s.Reset()
	}
	if a.Room() < 3 {
		t.Errorf("room for %d values after a reset", a.Room())
	}
	a.Add(nil, []float64{5})
	if a.Free(); a.Room() != 0 || cap(b.shared.sorting) != 0 || b.Room() < 3 {
		t.Errorf("room for %d and %d values, and %d to work in", a.Room(), b.Room(), cap(b.shared.sorting))
	}
	for _, s := range []*samples{a, b} {
		if s.Add(nil, []float64{2, 7}); s.at(0) != 2 || s.at(1) != 7 {
			t.Errorf("%v and %v", s.at(0), s.at(1))
		}
	}
}
