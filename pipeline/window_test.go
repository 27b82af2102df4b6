package pipeline

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestWindowTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		size := 1 + r.Int64N(1<<uint(1+r.IntN(50)))
		at := r.Int64N(1<<62) - r.Int64N(1<<62)
		if r.IntN(4) == 0 {
			at -= at % size
		}
		k := new(big.Int).Div(big.NewInt(at), big.NewInt(size)) // Euclidean: floors for a positive divisor
		want := k.Mul(k, big.NewInt(size)).Int64()
		if got := windowStart(at, size); got != want {
			t.Fatalf("windowStart(%d, %d) = %d, want %d", at, size, got, want)
		}
		up := want
		if up != at {
			up += size
		}
		if got := windowCeil(at, size); got != up {
			t.Fatalf("windowCeil(%d, %d) = %d, want %d", at, size, got, up)
		}
	}
}
