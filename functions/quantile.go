package functions

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// This file computes quantile(x, p[, method]), whose position is exact: p is the
// decimal that it is written as. 0.07 of 99 values by r6 is the seventh, where
// 100 * 0.07 of float64 is a hair beyond, at which an infinite eighth would count.

var quantileParams = []Param{
	{Name: "p", Doc: "share of the values below", Want: "a number from 0 to 1"},
	{Name: "method", Doc: "where the position lies", Want: `"r6" (the default), "r7" or "r8"`, Optional: true},
}

// method puts the quantile p of n values at ((parts*n + more) * p + start) / parts.
type method struct {
	name               string
	parts, more, start int
}

var methods = []method{{"r6", 1, 1, 0}, {"r7", 1, -1, 1}, {"r8", 3, 1, 1}}

func quantile(params []Literal) (func(Accumulator) (float64, bool), error) {
	p, err := shareParam(params)
	if err != nil {
		return nil, err
	}
	m, err := methodParam(params)
	if err != nil {
		return nil, err
	}
	if n := len(quantileParams); len(params) > n {
		return nil, &ParamError{n, fmt.Sprintf("%d arguments after x; want at most p and method", len(params))}
	}
	return of(func(s *samples) (float64, bool) { return s.quantile(p, m) }), nil
}

func shareParam(params []Literal) (decimal, error) {
	want := quantileParams[0].Want
	if len(params) == 0 {
		return decimal{}, &ParamError{0, "p is missing; want " + want}
	}
	switch p := params[0]; {
	case p.IsText:
		return decimal{}, &ParamError{0, fmt.Sprintf("p is %q; want %s", p.Text, want)}
	case p.Number >= 0 && p.Number <= 1:
		return decimalOf(p.Number), nil
	case p.Number > 1 && p.Number <= 100:
		return decimal{}, &ParamError{0, fmt.Sprintf("p is %v; want %s (did you mean %v?)", p.Number, want, p.Number/100)}
	default:
		return decimal{}, &ParamError{0, fmt.Sprintf("p is %v; want %s", p.Number, want)}
	}
}

func methodParam(params []Literal) (method, error) {
	if len(params) < 2 {
		return methods[0], nil
	}
	i := slices.IndexFunc(methods, func(m method) bool { return params[1].IsText && params[1].Text == m.name })
	if i >= 0 {
		return methods[i], nil
	}
	found := fmt.Sprint(params[1].Number)
	if params[1].IsText {
		found = strconv.Quote(params[1].Text)
	}
	return method{}, &ParamError{1, fmt.Sprintf("method is %s; want %s", found, quantileParams[1].Want)}
}

// decimal is the number whole/over, from 0 to 1; over is a power of ten.
type decimal struct{ whole, over uint64 }

// decimalOf gives the shortest decimal that is read as p, or p to 18 digits.
func decimalOf(p float64) decimal {
	const most = 18 // 3 * 10^18, of r8, is below 2^63
	p += 0          // -0 is 0
	text := strconv.FormatFloat(p, 'f', -1, 64)
	if len(text) > len("0.")+most {
		text = strconv.FormatFloat(p, 'f', most, 64)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	d := decimal{over: 1}
	for range fraction {
		d.over *= 10
	}
	for _, digit := range whole + fraction {
		d.whole = 10*d.whole + uint64(digit-'0')
	}
	return d
}

func (s *samples) quantile(p decimal, m method) (float64, bool) {
	n := len(s.keys)
	if n == 0 {
		return none()
	}
	i, part, over := m.place(p, n)
	if part == 0 {
		return s.at(i), true
	}
	return interpolate(s.at(i), s.at(i+1), part, over)
}

// place gives the position of p in n sorted values: the value at or below it,
// from 0, and what share part/over the next one has.
func (m method) place(p decimal, n int) (i int, part, over uint64) {
	over = uint64(m.parts) * p.over
	high, low := bits.Mul64(uint64(m.parts*n+m.more), p.whole)
	low, carry := bits.Add64(low, uint64(m.start)*p.over, 0)
	at, rest := bits.Div64(high+carry, low, over)
	switch {
	case at < 1:
		return 0, 0, over
	case at >= uint64(n):
		return n - 1, 0, over
	}
	return int(at) - 1, rest, over
}

// interpolate gives a + part/over * (b - a), for an a no more than b, rounded once: the
// nearest, but for what lies halfway to within some 2^-80 of the larger one.
func interpolate(a, b float64, part, over uint64) (float64, bool) {
	switch {
	case a == b:
		return a, true
	case math.IsInf(a, 0) || math.IsInf(b, 0):
		return some(a + b)
	}
	_, e := math.Frexp(max(math.Abs(a), math.Abs(b)))
	lo, hi := math.Ldexp(a, -e), math.Ldexp(b, -e)
	d, r := twoDiff(hi, lo)
	share := pairOf(int64(part)).over(float64(over))
	v := share.times(pair{d, r}).plus(pair{lo, 0})
	if math.Abs(v.hi) < cancelled && lo < 0 { // what is added to it is never negative
		return interpolateExactly(a, b, part, over), true
	}
	return v.float(e), true
}

// cancelled is how small a sum of terms of up to 1 is, of whose 106 bits too few are
// left to round it once.
const cancelled = 0x1p-20

// interpolateExactly gives (a * (over - part) + b * part) / over. Where the products
// cancel, their exponents differ by one at most, so that nothing of the sum is lost;
// where they do not, the sum has all the bits that matter.
func interpolateExactly(a, b float64, part, over uint64) float64 {
	const precision = 53 + 2*64 + 64
	of := func(v float64, n uint64) *big.Float {
		x, y := new(big.Float).SetFloat64(v), new(big.Float).SetUint64(n)
		return new(big.Float).SetPrec(precision).Mul(x, y)
	}
	sum := of(a, over-part)
	sum.Add(sum, of(b, part))
	v, _ := sum.Quo(sum, new(big.Float).SetUint64(over)).Float64()
	return v
}
