package functions

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var kindNames = [kinds]string{"tally", "conditions", "moments", "extent", "samples", "distinct", "ends"}

// BenchmarkAdd folds batches of n values into one accumulator of each kind, which
// begins anew after a thousand. The noise is about 0, or about an offset.
func BenchmarkAdd(b *testing.B) {
	for kind, name := range kindNames {
		for _, n := range []int{10, 100, 1000} {
			times, noise := benchmarkInput(n)
			upon := slices.Clone(noise)
			for i := range upon {
				upon[i] += 20
			}
			for label, values := range map[string][]float64{"noise": noise, "offset": upon} {
				b.Run(fmt.Sprintf("%s/%s/%d", name, label, n), func(b *testing.B) {
					a := New(Kind(kind))
					b.ReportAllocs()
					for i := 0; b.Loop(); i += n {
						if i%1000 == 0 {
							a.Reset()
						}
						a.Add(times, values)
					}
					reportPerValue(b, n)
				})
			}
		}
	}
}

// BenchmarkReset makes an accumulator of ten values anew.
func BenchmarkReset(b *testing.B) {
	times, values := benchmarkInput(10)
	for kind, name := range kindNames {
		b.Run(name, func(b *testing.B) {
			a := New(Kind(kind))
			a.Add(times, values)
			for b.Loop() {
				a.Reset()
			}
		})
	}
}

// BenchmarkMake makes 30 accumulators.
func BenchmarkMake(b *testing.B) {
	for kind, name := range kindNames {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Make(Kind(kind), 30)
			}
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
