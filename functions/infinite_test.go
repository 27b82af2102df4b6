package functions

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestInfiniteValues reads each line as "values | function result ..."; the
// functions that a line does not name have no value.
func TestInfiniteValues(t *testing.T) {
	inf := math.Inf(1)
	cases := []struct {
		values []float64
		want   string
	}{
		{[]float64{inf}, "sum +Inf min +Inf max +Inf mean +Inf median +Inf first +Inf last +Inf"},
		{[]float64{inf, inf}, "sum +Inf min +Inf max +Inf mean +Inf median +Inf q1 +Inf q3 +Inf first +Inf last +Inf"},
		{[]float64{inf, 1}, "sum +Inf min 1 max +Inf range +Inf mean +Inf median +Inf q1 -Inf q3 +Inf first +Inf last 1"},
		{[]float64{-inf, 1, 2}, "sum -Inf min -Inf max 2 range +Inf mean -Inf median 1 q1 -Inf q3 2 first -Inf last 2"},
		{[]float64{1, inf, inf}, "sum +Inf min 1 max +Inf range +Inf mean +Inf median +Inf q1 1 q3 +Inf first 1 last +Inf"},
		{[]float64{-inf, 1, -inf}, "sum -Inf min -Inf max 1 range +Inf mean -Inf median -Inf q1 -Inf q3 1 first -Inf last -Inf"},
		{[]float64{1, inf, 2, 3}, "sum +Inf min 1 max +Inf range +Inf mean +Inf median 2.5 q1 1.25 q3 +Inf first 1 last 3"},
		{[]float64{inf, -inf}, "min -Inf max +Inf range +Inf q1 -Inf q3 +Inf first +Inf last -Inf"},
		{[]float64{1e300, inf, 1e-300, -inf, 0}, "min -Inf max +Inf range +Inf median 1e-300 q1 -Inf q3 +Inf first 1e+300 last 0"},
	}
	for _, c := range cases {
		w := window{make([]int64, len(c.values)), c.values}
		for cut := range c.values {
			got := strings.Join(results(func(kind Kind) Accumulator {
				return foldParts(nil, kind, w, []int{cut})
			}), " ")
			if want := fmt.Sprint("count ", len(c.values), " ", c.want); got != want {
				t.Errorf("%v, cut at %d:\ngot  %s\nwant %s", c.values, cut, got, want)
			}
		}
	}
}

// results gives "name value" of every function that has a value.
func results(accumulator func(Kind) Accumulator) []string {
	var all []string
	for _, f := range All() {
		if v, ok := f.Value(accumulator(f.Kind)); ok {
			all = append(all, fmt.Sprint(f.Name, " ", v))
		}
	}
	return all
}
