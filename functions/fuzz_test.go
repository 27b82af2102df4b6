package functions

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// seeds are windows as bytes: few values, many, equal ones, and such as lie far apart.
func seeds() (all [][]byte) {
	r := rand.New(rand.NewPCG(41, 42))
	for _, n := range []int{1, 2, 3, partFrom - 1, partFrom, 3 * radixFrom} {
		for _, source := range sources {
			var b []byte
			for i := range n {
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(source(r, i)))
			}
			all = append(all, b)
		}
	}
	return all
}

// valuesOf are the numbers in b, up to a few hundred; NaN is no value.
func valuesOf(b []byte) (values []float64) {
	const most = 400
	for ; len(b) >= 8 && len(values) < most; b = b[8:] {
		if v := math.Float64frombits(binary.LittleEndian.Uint64(b)); v == v {
			values = append(values, v)
		}
	}
	return values
}

// FuzzQuantiles compares quantiles of any values with sorting and exact arithmetic,
// by each method, and the places that they are read from.
func FuzzQuantiles(f *testing.F) {
	for i, b := range seeds() {
		f.Add(b, []float64{0, 0.07, 0.5, 0.99, 1, 1. / 3}[i%6], uint8(i))
	}
	f.Fuzz(func(t *testing.T, b []byte, p float64, which uint8) {
		values := valuesOf(b)
		if !(p >= 0 && p <= 1) || len(values) == 0 {
			return
		}
		s := fold(nil, Samples, window{make([]int64, len(values)), values}).(*samples)
		want := slices.Sorted(slices.Values(s.keys))
		for i := range want { // from a place that the bytes choose
			if at := (i + int(which)*7) % len(want); keyOf(s.at(at)) != want[at] {
				t.Fatalf("place %d of %d holds %v, not %v", at, len(want), s.at(at), valueOf(want[at]))
			}
		}
		if slices.ContainsFunc(values, func(v float64) bool { return math.IsInf(v, 0) }) {
			return
		}
		m := methods[int(which)%len(methods)]
		got, ok := s.quantile(decimalOf(p), m)
		exact := twinQuantile(window{values: values}, strconv.FormatFloat(p, 'f', 18, 64), positions[m.name])
		if digits := strconv.FormatFloat(p, 'f', -1, 64); len(digits) <= len("0.")+18 {
			exact = twinQuantile(window{values: values}, digits, positions[m.name])
		}
		var h worst
		if err := h.hold("quantile", got, ok, exact); err != nil {
			t.Errorf("quantile(x, %v, %s) of %v: %v", p, m.name, values, err)
		}
		if median, _ := s.median(); stepsBetween(median, valueOf(want[len(want)/2])) > 0 && len(want)%2 == 1 {
			t.Errorf("the median of %v is %v", values, median)
		}
	})
}

// FuzzRadixSort compares with another sort, whatever the keys.
func FuzzRadixSort(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var keys []uint64
		for ; len(b) >= 8; b = b[8:] {
			keys = append(keys, binary.LittleEndian.Uint64(b))
		}
		if len(keys) == 0 {
			return
		}
		want := slices.Sorted(slices.Values(keys))
		New(Samples).(*samples).radixSort(keys)
		if !slices.Equal(keys, want) {
			t.Errorf("%v, want %v", keys, want)
		}
	})
}
