package functions

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func bindQuantile(t *testing.T, params ...Literal) func(Accumulator) (float64, bool) {
	t.Helper()
	f, _ := Lookup("quantile")
	value, err := f.With(params)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// numpySays is a window of testdata/quantiles.json.gz, which quantiles.py there
// writes: for each method and p what numpy.quantile gives.
type numpySays struct {
	Name   string
	Values []string
	Says   map[string]map[string]string
}

// numpy computes positions in float64: it may take the value beside the right
// one, with all but its whole share, and be off by a rounded share.
func TestQuantilesAgainstNumpy(t *testing.T) {
	compared := 0
	for _, c := range readGzip[numpySays](t, "testdata/quantiles.json.gz") {
		s := New(Samples).(*samples)
		s.Add(nil, parseAll(t, c.Values))
		for method, byShare := range c.Says {
			for p, says := range byShare {
				want, share := parse(t, says), parse(t, p)
				got, ok := bindQuantile(t, Literal{Number: share}, Literal{Text: method, IsText: true})(s)
				if off := math.Abs(got - want); !ok || off > numpyError(s, share) {
					t.Errorf("%s of %s, %s: %v, %v; numpy says %v", p, c.Name, method, got, ok, want)
				}
				compared++
			}
		}
	}
	if compared < 4000 {
		t.Errorf("%d quantiles recorded", compared)
	}
}

// numpyError bounds how far numpy may be off at p.
func numpyError(s *samples, p float64) float64 {
	n := len(s.keys)
	at := int(p * float64(n))
	low, high := s.at(min(max(at-3, 0), n-1)), s.at(min(at+3, n-1))
	return 0x1p-50 * (float64(n)*(high-low) + max(math.Abs(low), math.Abs(high)))
}

func readGzip[T any](t *testing.T, path string) (table []T) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(text).Decode(&table); err != nil {
		t.Fatal(err)
	}
	return table
}

// Of three values and more r6 has the quartiles that q1 and q3 give, and the
// median.
func TestQuantilesAgreeWithQuartiles(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 2000 {
		s := fold(nil, Samples, randomWindow(r)).(*samples)
		if len(s.keys) < 3 {
			continue
		}
		for p, read := range map[float64]func() (float64, bool){0.25: s.q1, 0.5: s.median, 0.75: s.q3} {
			got, _ := bindQuantile(t, Literal{Number: p})(s)
			want, _ := read()
			places := sortedValues(s)
			span := places[len(places)-1]/4 - places[0]/4
			if steps := stepsBetween(got, want); steps > 1 && math.Abs(got-want) > 0x1p-48*span {
				t.Errorf("quantile(x, %v) of %v is %v, %d steps from %v", p, places, got, steps, want)
			}
		}
	}
}

func sortedValues(s *samples) (values []float64) {
	for i := range s.keys {
		values = append(values, s.at(i))
	}
	return values
}

// A position that is whole gives that very value, whatever p is in binary and
// however large its neighbours.
func TestWholePositions(t *testing.T) {
	s, n := New(Samples).(*samples), 99
	for i := range n {
		s.Add(nil, []float64{math.Ldexp(1, 10*i)})
	}
	for i := 1; i <= n; i++ {
		share := parse(t, fmt.Sprintf("0.%02d", i))
		if got, _ := bindQuantile(t, Literal{Number: share})(s); got != s.at(i-1) {
			t.Errorf("quantile(x, %v) is %v, not %v", share, got, s.at(i-1))
		}
	}
	s.Reset()
	s.Add(nil, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, math.Inf(1)})
	for p, want := range map[float64]float64{0: 0, 1: math.Inf(1), math.Copysign(0, -1): 0} {
		for _, m := range methods {
			if got, _ := bindQuantile(t, Literal{Number: p}, Literal{Text: m.name, IsText: true})(s); got != want {
				t.Errorf("quantile(x, %v, %s) is %v", p, m.name, got)
			}
		}
	}
}

func TestQuantileGrowsWithItsShare(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for range 500 {
		w := randomWindow(r)
		shares := []float64{0, 1}
		for range 20 {
			shares = append(shares, randomShare(r))
		}
		slices.Sort(shares)
		s := fold(nil, Samples, w)
		for _, m := range methods {
			last := math.Inf(-1)
			for _, p := range shares {
				v, ok := bindQuantile(t, Literal{Number: p}, Literal{Text: m.name, IsText: true})(s)
				if ok && v < last {
					t.Errorf("quantile(x, %v, %s) of %v is %v, below %v", p, m.name, w.values, v, last)
				}
				last = v
			}
		}
	}
}

func TestQuantileParams(t *testing.T) {
	text := func(s string) Literal { return Literal{Text: s, IsText: true} }
	number := func(x float64) Literal { return Literal{Number: x} }
	for _, c := range []struct {
		params []Literal
		index  int
		want   string
	}{
		{nil, 0, `p is missing; want a number from 0 to 1`},
		{[]Literal{number(1.5)}, 0, `p is 1.5; want a number from 0 to 1 (did you mean 0.015?)`},
		{[]Literal{number(99)}, 0, `p is 99; want a number from 0 to 1 (did you mean 0.99?)`},
		{[]Literal{number(-0.5)}, 0, `p is -0.5; want a number from 0 to 1`},
		{[]Literal{number(math.NaN())}, 0, `p is NaN; want a number from 0 to 1`},
		{[]Literal{number(math.Inf(1)), text("r6")}, 0, `p is +Inf; want a number from 0 to 1`},
		{[]Literal{text("r7")}, 0, `p is "r7"; want a number from 0 to 1`},
		{[]Literal{number(0.5), text("r5")}, 1, `method is "r5"; want "r6" (the default), "r7" or "r8"`},
		{[]Literal{number(0.5), number(7)}, 1, `method is 7; want "r6" (the default), "r7" or "r8"`},
		{[]Literal{number(0.5), text("r7"), number(1)}, 2, `3 arguments after x; want at most p and method`},
	} {
		value, err := quantile(c.params)
		var param *ParamError
		if value != nil || !errors.As(err, &param) || param.Index != c.index || err.Error() != c.want {
			t.Errorf("%v: %v, want param %d: %s", c.params, err, c.index, c.want)
		}
	}
}

// What lies between two values is rounded once, though they cancel or the result is
// hardly a number any more.
func TestInterpolate(t *testing.T) {
	for _, c := range []struct {
		a, b       float64
		part, over uint64
		want       float64
	}{
		{-1.1101365072762437, 0, 99999999999999992, 1e17, -8.881092058209949e-17},
		{-1060912.188235294, 530456.0941176472, 6666666666666666, 1e16, -2.848100427223954e-11},
		{-0x1.798011b8435a5p+981, 0x1.ae4ee24d0f3acp-225, 99999999999999993, 1e17, -0x1.dc07e3ec17bcep+927},
		{0x1.ffffffffffffcp-1023, 0x1.000000000000cp-1022, 1, 10, 0x1.ffffffffffffep-1023},
		{-0x1.000000000000cp-1022, -0x1.ffffffffffffcp-1023, 9, 10, -0x1.ffffffffffffep-1023},
		{-1, 1, 1, 2, 0},
	} {
		if got, ok := interpolate(c.a, c.b, c.part, c.over); !ok || got != c.want {
			t.Errorf("%d/%d between %x and %x: %x, want %x", c.part, c.over, c.a, c.b, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(43, 44))
	for range 20_000 {
		a, b, over := -r.Float64(), r.Float64()*float64(r.IntN(2)), uint64(1e17)
		part := over - 1 - r.Uint64N(1e9)
		if b > 0 { // about where they cancel
			part = uint64(-a/(b-a)*float64(over)) + r.Uint64N(5)
		}
		if want := twinBetween(a, b, part, over); part > 0 && part < over {
			if got, _ := interpolate(a, b, part, over); got != want {
				t.Fatalf("%d/%d between %x and %x: %x, want %x", part, over, a, b, got, want)
			}
		}
	}
}

func twinBetween(a, b float64, part, over uint64) float64 {
	rat := func(v uint64) *big.Rat { return new(big.Rat).SetUint64(v) }
	low, high := new(big.Rat).SetFloat64(a), new(big.Rat).SetFloat64(b)
	low.Mul(low, rat(over-part))
	high.Mul(high, rat(part))
	v, _ := low.Add(low, high).Quo(low, rat(over)).Float64()
	return v
}
