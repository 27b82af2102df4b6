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
			n := numbering{seed: maphash.MakeSeed()}
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

// Equal keys have one number, and the numbers are those of a map.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	n, twin := numbering{seed: maphash.MakeSeed()}, map[string]int{}
	for range 20_000 {
		key := AppendKeyText(nil, fmt.Sprint(r.IntN(1+r.IntN(5000))))
		want, known := twin[string(key)]
		if !known {
			want = len(twin)
			twin[string(key)] = want
		}
		if got := n.of(key); got != want || string(n.groups[got].id) != string(key) {
			t.Fatalf("%s: number %d, want %d", key, got, want)
		}
	}
}

// What is remembered of groups is bounded, by their number and by their bytes.
func TestNumbersAreForgotten(t *testing.T) {
	d := newDealer(compiled(t, nil))
	for i := range int64(maxNumbered + 1) {
		d.begin(1)
		d.numbers.of(AppendKeyInteger(nil, i))
	}
	if n := len(d.numbers.groups); n != 1 {
		t.Errorf("%d numbers", n)
	}
	d.numbers.of(make([]byte, maxGroupNames))
	d.begin(1)
	if d.numbers.bytes != 0 || len(d.numbers.groups) != 0 {
		t.Errorf("%d bytes of names", d.numbers.bytes)
	}
}
