package functions

import (
	"fmt"
	"math"
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
	i, share := m.place(p, n)
	if share.hi == 0 {
		return s.at(i), true
	}
	return interpolate(s.at(i), s.at(i+1), share)
}

// place gives the position of p in n sorted values: the value at or below it,
// from 0, and what share the next one has.
func (m method) place(p decimal, n int) (i int, share pair) {
	over := uint64(m.parts) * p.over
	high, low := bits.Mul64(uint64(m.parts*n+m.more), p.whole)
	low, carry := bits.Add64(low, uint64(m.start)*p.over, 0)
	at, rest := bits.Div64(high+carry, low, over)
	switch {
	case at < 1:
		return 0, pair{}
	case at >= uint64(n):
		return n - 1, pair{}
	}
	return int(at) - 1, pairOf(int64(rest)).over(float64(over))
}

// interpolate gives a + share * (b - a), for an a no more than b, rounded once.
func interpolate(a, b float64, share pair) (float64, bool) {
	switch {
	case a == b:
		return a, true
	case math.IsInf(a, 0) || math.IsInf(b, 0):
		return some(a + b)
	}
	_, e := math.Frexp(max(math.Abs(a), math.Abs(b)))
	a, b = math.Ldexp(a, -e), math.Ldexp(b, -e)
	d, r := twoDiff(b, a)
	return share.times(pair{d, r}).plus(pair{a, 0}).float(e), true
}
