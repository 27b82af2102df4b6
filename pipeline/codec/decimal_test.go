package codec

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
)

// TestDecimalRandom compares with exact arithmetic, rounded once.
func TestDecimalRandom(t *testing.T) {
	g := &generator{Rand: rand.New(rand.NewPCG(11, 12))}
	ten := big.NewInt(10)
	for range 100_000 {
		b := g.bytes(nil, g.IntN(maxDecimal+1))
		if len(b) > 0 && g.IntN(3) == 0 {
			clear(b[:g.IntN(len(b))])
		}
		if len(b) > 0 && g.IntN(10) == 0 {
			clear(b[1:])
			b[0] = 0x80 // the least of its size
		}
		scale := g.IntN(100)
		n := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		want, _ := new(big.Rat).SetFrac(n, new(big.Int).Exp(ten, big.NewInt(int64(scale)), nil)).Float64()
		if got := decimal(b, scale); !same(got, want) {
			t.Fatalf("%x with scale %d is %v, want %v", b, scale, got, want)
		}
	}
}

func TestDecimalEdges(t *testing.T) {
	for scale, want := range map[int]float64{0: 12345, 3: 12.345, 400: 0, 1 << 40: 0} {
		if got := decimal([]byte{0x30, 0x39}, scale); got != want {
			t.Errorf("12345 with scale %d is %v, want %v", scale, got, want)
		}
	}
	s := mustParse(t, inRecord(`{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}`))
	want := []pipeline.Column{{Path: "x"}}
	long := append([]byte{2 * (maxDecimal + 1)}, make([]byte, maxDecimal+1)...)
	if _, err := decodeRow(s, want, long); errorText(err) != "field x: a decimal has more than 32 bytes" {
		t.Errorf("error is %v", err)
	}
	for _, typ := range []string{
		`{"type":"bytes","logicalType":"decimal"}`,
		`{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}`,
		`{"type":"fixed","name":"F","size":2,"logicalType":"decimal","precision":9}`,
	} {
		if f, _, _ := mustParse(t, inRecord(typ)).Field("x"); f.Forms != 0 {
			t.Errorf("%s, which is not valid, is a %s", typ, f.Type)
		}
	}
}
