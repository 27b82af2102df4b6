package functions

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

var kindNames = [kinds]string{"tally", "conditions", "moments", "extent", "samples", "distinct", "ends"}

// BenchmarkAdd folds batches of 100 values into one accumulator of each kind.
func BenchmarkAdd(b *testing.B) {
	times, values := benchmarkInput(100)
	for kind, name := range kindNames {
		b.Run(name, func(b *testing.B) {
			a := New(Kind(kind))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%100 == 0 {
					a.Reset()
				}
				a.Add(times, values)
			}
			reportPerValue(b, len(values))
		})
	}
}

// BenchmarkValue folds a window of n values and reads one function.
func BenchmarkValue(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		times, values := benchmarkInput(n)
		for _, f := range valued() {
			b.Run(fmt.Sprintf("%s/%d", f.Name, n), func(b *testing.B) {
				a := New(f.Kind)
				for b.Loop() {
					a.Reset()
					a.Add(times, values)
					f.Value(a)
				}
				reportPerValue(b, n)
			})
		}
	}
}

func benchmarkInput(n int) ([]int64, []float64) {
	r := rand.New(rand.NewPCG(1, 2))
	times, values := make([]int64, n), make([]float64, n)
	for i := range values {
		times[i], values[i] = int64(i), r.NormFloat64()
	}
	return times, values
}

func reportPerValue(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/value")
}

// BenchmarkMerge joins four partitions' accumulators of ten values each.
func BenchmarkMerge(b *testing.B) {
	times, values := benchmarkInput(40)
	for kind, name := range kindNames {
		b.Run(name, func(b *testing.B) {
			a := New(Kind(kind))
			var parts []Accumulator
			for i := 0; i < 40; i += 10 {
				parts = append(parts, fold(nil, Kind(kind), window{times[i : i+10], values[i : i+10]}))
			}
			for b.Loop() {
				a.Reset()
				for _, part := range parts {
					a.Merge(part)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(parts)), "ns/merge")
		})
	}
}
