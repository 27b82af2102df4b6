package codec

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactly is n/d, rounded once.
func exactly(n *big.Int, d int64) float64 {
	v, _ := new(big.Rat).SetFrac(n, big.NewInt(d)).Float64()
	return v
}

func TestSeconds(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	edges := []int64{0, 1, -1, 2, 999_999_999, 1e9, 1_700_000_000_123_456_789, math.MaxInt64, math.MinInt64 + 1, math.MinInt64}
	pick := func() int64 {
		if g.IntN(8) == 0 {
			return edges[g.IntN(len(edges))]
		}
		return int64(g.Uint64()) >> g.IntN(64)
	}
	for range 200_000 {
		a, b := pick(), pick()
		if got, want := seconds(a), exactly(big.NewInt(a), 1e9); got != want {
			t.Fatalf("seconds(%d) = %v, want %v", a, got, want)
		}
		if a == math.MinInt64 && b == a {
			continue
		}
		sum := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		if got, want := midpoint(a, b), exactly(sum, 2e9); got != want {
			t.Fatalf("midpoint(%d, %d) = %v, want %v", a, b, got, want)
		}
	}
}
