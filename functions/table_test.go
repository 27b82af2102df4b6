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
		for _, text := range []string{f.Doc, f.Formula, f.Empty, f.Source, f.Example} {
			if text == "" || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is not one line", f.Name, text)
			}
		}
		if f.Value == nil && f.Operation || (f.With == nil) != (len(f.Params) == 0) {
			t.Errorf("%s: Value and With do not fit its Params", f.Name)
		}
		if f.Operation != slices.Contains(Operations(), f.Name) || f.Operation && f.Takes == Condition {
			t.Errorf("%s: an operation is computed of a field of numbers", f.Name)
		}
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(table) {
		t.Error("a name stands twice")
	}
}

func TestLookupOfUnknownNames(t *testing.T) {
	for _, name := range []string{"", "Mean", "percentile"} {
		if f, ok := Lookup(name); ok {
			t.Errorf("%q found as %s", name, f.Name)
		}
	}
}

// Empty is what a function says of no values and of one.
func TestEmptyCases(t *testing.T) {
	one := window{make([]int64, 1), []float64{7}}
	for _, f := range valued() {
		v, ok := f.Value(New(f.Kind))
		if ok != (f.Empty == zeroOfNone) || ok && v != 0 {
			t.Errorf("%s of no values: %v, %v; said to be %s", f.Name, v, ok, f.Empty)
		}
		if _, ok := f.Value(fold(nil, f.Kind, one)); ok == (f.Empty == noneOfOne) {
			t.Errorf("%s of one value: %v; said to be %s", f.Name, ok, f.Empty)
		}
	}
}

// What takes anything counts texts.
func TestTextKinds(t *testing.T) {
	for _, f := range All() {
		if f.Takes != Anything && f.Takes != AnythingOrNothing {
			continue
		}
		a, ok := New(f.TextKind).(TextAccumulator)
		if !ok {
			t.Errorf("%s cannot be fed with texts", f.Name)
			continue
		}
		a.AddTexts([][]byte{[]byte("a"), {}})
		if n, ok := f.Value(a); n != 2 || !ok {
			t.Errorf("%s of two texts: %v, %v", f.Name, n, ok)
		}
	}
}

func TestSignatures(t *testing.T) {
	for name, want := range map[string]string{
		"count": "count([x])", "count_if": "count_if(condition)", "mean": "mean(x)",
		"count_distinct": "count_distinct(x)", "quantile": "quantile(x, p[, method])",
	} {
		if f, _ := Lookup(name); f.Signature() != want {
			t.Errorf("%s, not %s", f.Signature(), want)
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
			if !math.Signbit(s.at(0)) || math.Signbit(s.at(1)) {
				t.Errorf("%v in parts to %v: sorted %v, %v", values, ends, s.at(0), s.at(1))
			}
		}
	}
}
