package functions

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTableIsWhole(t *testing.T) {
	names := Names()
	for i, f := range All() {
		found, ok := Lookup(f.Name)
		if names[i] != f.Name || !ok || found.Doc != f.Doc {
			t.Errorf("row %d: %q, Names %q, Lookup %q %v", i, f.Name, names[i], found.Name, ok)
		}
		for _, text := range []string{f.Doc, f.Formula, f.Source} {
			if text == "" || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is not one line", f.Name, text)
			}
		}
		v, ok := f.Value(New(f.Kind))
		if ok != (f.Name == "count") || (ok && v != 0) {
			t.Errorf("%s of no values: %v, %v", f.Name, v, ok)
		}
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(table) {
		t.Error("a name stands twice")
	}
}

func TestLookupOfUnknownNames(t *testing.T) {
	for _, name := range []string{"", "Mean", "quantile"} {
		if f, ok := Lookup(name); ok {
			t.Errorf("%q found as %s", name, f.Name)
		}
	}
}

// Zeros are equal: of them the extent keeps the first met, and the order of
// samples does not depend on which came first.
func TestZeros(t *testing.T) {
	plus, minus := 0.0, math.Copysign(0, -1)
	for _, values := range [][]float64{{plus, minus}, {minus, plus}} {
		w := window{make([]int64, 2), values}
		for _, ends := range [][]int{nil, {1}} {
			e := foldParts(nil, Extent, w, ends).(*extent)
			if math.Signbit(e.least) != math.Signbit(values[0]) || math.Signbit(e.greatest) != math.Signbit(values[0]) {
				t.Errorf("%v in parts to %v: min %v, max %v", values, ends, e.least, e.greatest)
			}
			s := foldParts(nil, Samples, w, ends).(*samples)
			if s.sort(); !math.Signbit(s.at(0)) || math.Signbit(s.at(1)) {
				t.Errorf("%v in parts to %v: sorted %v, %v", values, ends, s.at(0), s.at(1))
			}
		}
	}
}
