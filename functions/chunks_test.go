package functions

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// snapshot shows every bit of a state that results come from.
func snapshot(a Accumulator) string {
	switch a := a.(type) {
	case *moments:
		if a.wide {
			return fmt.Sprintf("%d %x %x %x", a.n, a.k, a.near, *a.far)
		}
		return fmt.Sprintf("%d %x %x", a.n, a.k, a.near)
	case *samples:
		return fmt.Sprintf("%x", a.keys)
	case *distinct:
		return fmt.Sprintf("%x %x", a.entries, a.keys)
	case *sketch:
		return fmt.Sprintf("%x %d", a.extent, a.zeros) + a.sides[0].snapshot() + a.sides[1].snapshot()
	}
	return fmt.Sprintf("%x", a)
}

func (s *side) snapshot() string {
	text := fmt.Sprintf(", %d from %d to %d:", s.n, s.from, s.from+len(s.counts))
	for i, n := range s.counts {
		if n > 0 {
			text += fmt.Sprintf(" %d*%d", n, i)
		}
	}
	return text
}

// valued gives the functions, those that need params with some.
func valued() []Function {
	all := All()
	for i, f := range all {
		if f.Value == nil {
			all[i].Value, _ = f.With([]Literal{{Number: 0.9}})
		}
	}
	return all
}

func resultBits(f Function, a Accumulator) string {
	v, ok := f.Value(a)
	return fmt.Sprintf("%s %x %v", f.Name, math.Float64bits(v), ok)
}

func allBits(kind Kind, a Accumulator) (all []string) {
	for _, f := range valued() {
		if f.Kind == kind {
			all = append(all, resultBits(f, a))
		}
	}
	return all
}

// eachWindow gives the hard windows and n random ones to every kind.
func eachWindow(n int, check func(r *rand.Rand, label string, kind Kind, w window)) {
	r := rand.New(rand.NewPCG(5, 6))
	for kind := range kinds {
		for label, w := range hardWindows() {
			check(r, label, kind, w)
		}
		for i := range n {
			check(r, fmt.Sprint("window ", i), kind, randomWindow(r))
		}
	}
}

func TestCutsChangeNoBit(t *testing.T) {
	eachWindow(2000, func(r *rand.Rand, label string, kind Kind, w window) {
		whole, cut := fold(nil, kind, w), fold(r, kind, w)
		if snapshot(whole) != snapshot(cut) {
			t.Errorf("kind %d, %s: %v\n%s\n%s", kind, label, w.values, snapshot(whole), snapshot(cut))
		}
		if got, want := allBits(kind, cut), allBits(kind, whole); !slices.Equal(got, want) {
			t.Errorf("kind %d, %s: %v\n%s\n%s", kind, label, w.values, got, want)
		}
	})
}

func TestCutsOfPartitionsChangeNoBit(t *testing.T) {
	eachWindow(2000, func(r *rand.Rand, label string, kind Kind, w window) {
		ends := randomEnds(r, len(w.values))
		whole, cut := foldParts(nil, kind, w, ends), foldParts(r, kind, w, ends)
		if snapshot(whole) != snapshot(cut) {
			t.Errorf("kind %d, %s, ends %v: %v\n%s\n%s", kind, label, ends, w.values, snapshot(whole), snapshot(cut))
		}
		if got, want := allBits(kind, cut), allBits(kind, whole); !slices.Equal(got, want) {
			t.Errorf("kind %d, %s, ends %v: %v\n%s\n%s", kind, label, ends, w.values, got, want)
		}
	})
}

func TestMergeLeavesTheOtherAlone(t *testing.T) {
	eachWindow(500, func(r *rand.Rand, label string, kind Kind, w window) {
		middle := r.IntN(len(w.values) + 1)
		a, b := fold(nil, kind, w.cut(0, middle)), fold(nil, kind, w.cut(middle, len(w.values)))
		before := snapshot(b)
		a.Merge(b)
		a.Add(w.times, w.values)
		if after := snapshot(b); after != before {
			t.Errorf("kind %d, %s: %s\n%s", kind, label, before, after)
		}
	})
}

func TestMergeWithEmptyChangesNoBit(t *testing.T) {
	eachWindow(500, func(_ *rand.Rand, label string, kind Kind, w window) {
		want := allBits(kind, fold(nil, kind, w))
		left, right := New(kind), fold(nil, kind, w)
		left.Merge(fold(nil, kind, w))
		right.Merge(New(kind))
		for _, a := range []Accumulator{left, right} {
			if got := allBits(kind, a); !slices.Equal(got, want) {
				t.Errorf("kind %d, %s: %v\n%s\n%s", kind, label, w.values, got, want)
			}
		}
	})
}

// Reading a result between two records may reorder the state, and must not
// change what is read later.
func TestReadingChangesNoResult(t *testing.T) {
	eachWindow(500, func(r *rand.Rand, label string, kind Kind, w window) {
		middle := r.IntN(len(w.values) + 1)
		a := fold(nil, kind, w.cut(0, middle))
		allBits(kind, a)
		rest := w.cut(middle, len(w.values))
		a.Add(rest.times, rest.values)
		if got, want := allBits(kind, a), allBits(kind, fold(nil, kind, w)); !slices.Equal(got, want) {
			t.Errorf("kind %d, %s: %v\n%s\n%s", kind, label, w.values, got, want)
		}
	})
}

func TestResetMakesAsNew(t *testing.T) {
	used := map[Kind]Accumulator{}
	eachWindow(500, func(_ *rand.Rand, label string, kind Kind, w window) {
		a, seen := used[kind]
		if !seen {
			a = New(kind)
			used[kind] = a
		}
		a.Reset()
		a.Add(w.times, w.values)
		if got, want := snapshot(a), snapshot(fold(nil, kind, w)); got != want {
			t.Errorf("kind %d, %s: %v\n%s\n%s", kind, label, w.values, got, want)
		}
		allBits(kind, a)
	})
}

func TestWarmAccumulatorsDoNotAllocate(t *testing.T) {
	times, values := benchmarkInput(1000)
	values[10], values[11], values[12] = math.Inf(1), 1e300, 1e-300
	for kind := range kinds {
		a, other := New(kind), New(kind)
		other.Add(times, values)
		functions := valued()
		window := func() {
			a.Reset()
			a.Add(times, values)
			a.Merge(other)
			for _, f := range functions {
				if f.Kind == kind {
					f.Value(a)
				}
			}
		}
		window()
		if n := testing.AllocsPerRun(10, window); n > 0 {
			t.Errorf("kind %d allocates %v times a window", kind, n)
		}
	}
}

// Make's accumulators have states of their own, in three allocations at most.
func TestMakeMakesSeparateOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for kind := range kinds {
		var windows []window
		for range 30 {
			windows = append(windows, randomWindow(r))
		}
		all := Make(kind, len(windows))
		for i, w := range windows {
			if got, want := snapshot(all[i]), snapshot(New(kind)); got != want {
				t.Errorf("kind %d, number %d is made as %s, not %s", kind, i, got, want)
			}
			all[i].Add(w.times, w.values)
		}
		for i, w := range windows {
			if got, want := snapshot(all[i]), snapshot(fold(nil, kind, w)); got != want {
				t.Errorf("kind %d, number %d: %v\n%s\n%s", kind, i, w.values, got, want)
			}
		}
		if n := testing.AllocsPerRun(10, func() { Make(kind, len(windows)) }); n > 3 {
			t.Errorf("kind %d: %v allocations", kind, n)
		}
		if got := Make(kind, 0); len(got) != 0 {
			t.Errorf("kind %d: %d accumulators of none", kind, len(got))
		}
	}
}
