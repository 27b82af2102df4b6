package pipeline

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
)

// The cost of finding a group's number: BenchmarkNumbers/GROUPS, ns a row.
func BenchmarkNumbers(b *testing.B) {
	for _, groups := range []int{10, 100, 10_000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			keys := make([][]byte, 10_000)
			for i := range keys {
				keys[i] = AppendKeyInteger([]byte{0, 0, 0, 9}, int64(r.IntN(groups)))
			}
			n := numbers{seed: maphash.MakeSeed()}
			b.ReportAllocs()
			for b.Loop() {
				for _, k := range keys {
					n.of(k)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/row")
		})
	}
}
