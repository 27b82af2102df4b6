package functions

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkAdd folds batches of 100 values into one accumulator of each kind.
func BenchmarkAdd(b *testing.B) {
	times, values := benchmarkInput(100)
	for kind := range kinds {
		b.Run(fmt.Sprint(kind), func(b *testing.B) {
			a := New(kind)
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
		for _, f := range All() {
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
