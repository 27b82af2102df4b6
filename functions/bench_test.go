package functions

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var kindNames = [kinds]string{"tally", "conditions", "moments", "extent", "samples", "distinct", "ends", "sketch"}

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

// BenchmarkQuartiles joins four partitions' shares of a window of n values, and
// reads the quartiles and the median. The values are noise, steps of a coarse
// sensor, noise and one value far off, or of all magnitudes.
func BenchmarkQuartiles(b *testing.B) {
	for _, n := range []int{40, 250, 1000, 10000, 100000} {
		times, noise := benchmarkInput(n)
		for _, shape := range []struct {
			name string
			of   func(i int, x float64) float64
		}{
			{"noise", func(_ int, x float64) float64 { return x }},
			{"offset", func(_ int, x float64) float64 { return 20 + x }},
			{"steps", func(_ int, x float64) float64 { return math.Round(4 * x) }},
			{"outlier", func(i int, x float64) float64 { return outlier(i == 0) + x }},
			{"magnitudes", func(_ int, x float64) float64 { return math.Exp(100 * x) }},
		} {
			values := slices.Clone(noise)
			for i := range values {
				values[i] = shape.of(i, values[i])
			}
			var parts []Accumulator
			for i := range 4 {
				parts = append(parts, fold(nil, Samples, window{times, values}.cut(i*n/4, (i+1)*n/4)))
			}
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				s := New(Samples).(*samples)
				b.ReportAllocs()
				for b.Loop() {
					s.Reset()
					for _, part := range parts {
						s.Merge(part)
					}
					s.median()
					s.q1()
					s.q3()
				}
				reportPerValue(b, n)
			})
		}
	}
}
