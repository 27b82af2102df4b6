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
		{[]float64{inf}, "sum +Inf mean +Inf rms +Inf min +Inf max +Inf median +Inf quantile +Inf approx_quantile +Inf mode +Inf first +Inf last +Inf"},
		{[]float64{inf, inf}, "sum +Inf mean +Inf rms +Inf min +Inf max +Inf median +Inf q1 +Inf q3 +Inf quantile +Inf approx_quantile +Inf mode +Inf first +Inf last +Inf"},
		{[]float64{inf, 1}, "sum +Inf mean +Inf rms +Inf min 1 max +Inf range +Inf median +Inf q1 -Inf q3 +Inf quantile +Inf approx_quantile +Inf mode 1 first +Inf last 1"},
		{[]float64{-inf, 1, 2}, "sum -Inf mean -Inf rms +Inf min -Inf max 2 range +Inf median 1 q1 -Inf q3 2 quantile 2 approx_quantile 2 mode -Inf first -Inf last 2"},
		{[]float64{1, inf, inf}, "sum +Inf mean +Inf rms +Inf min 1 max +Inf range +Inf median +Inf q1 1 q3 +Inf quantile +Inf approx_quantile +Inf mode +Inf first 1 last +Inf"},
		{[]float64{-inf, 1, -inf}, "sum -Inf mean -Inf rms +Inf min -Inf max 1 range +Inf median -Inf q1 -Inf q3 1 quantile 1 approx_quantile 1 mode -Inf first -Inf last -Inf"},
		{[]float64{1, inf, 2, 3}, "sum +Inf mean +Inf rms +Inf min 1 max +Inf range +Inf median 2.5 q1 1.25 q3 +Inf quantile +Inf approx_quantile +Inf mode 1 first 1 last 3"},
		{[]float64{inf, -inf}, "rms +Inf min -Inf max +Inf range +Inf q1 -Inf q3 +Inf quantile +Inf approx_quantile +Inf mode -Inf first +Inf last -Inf"},
		{[]float64{1e300, inf, 1e-300, -inf, 0}, "rms +Inf min -Inf max +Inf range +Inf median 1e-300 q1 -Inf q3 +Inf quantile +Inf approx_quantile +Inf mode -Inf first 1e+300 last 0"},
	}
	for _, c := range cases {
		w := window{make([]int64, len(c.values)), c.values}
		for cut := range c.values {
			got := strings.Join(results(func(kind Kind) Accumulator {
				return foldParts(nil, kind, w, []int{cut})
			}), " ")
			if got != c.want {
				t.Errorf("%v, cut at %d:\ngot  %s\nwant %s", c.values, cut, got, c.want)
			}
		}
	}
}

// results gives "name value" of every function that has a value, counts and times
// aside. quantile is of 0.9 by r6, approx_quantile of 0.9.
func results(accumulator func(Kind) Accumulator) []string {
	var all []string
	for _, f := range valued() {
		if v, ok := f.Value(accumulator(f.Kind)); ok && f.Unit != NoUnit && f.Unit != SecondsUnit {
			all = append(all, fmt.Sprint(f.Name, " ", v))
		}
	}
	return all
}
