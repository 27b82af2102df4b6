package functions

import "math"

// pair is the unevaluated sum hi + lo of two float64 that do not overlap, a
// "double-double" of some 106 bits (Dekker 1971; Joldes, Muller & Popescu 2017).
// Products are written float64(a*b), which forbids the compiler to fuse them.
type pair struct{ hi, lo float64 }

// twoSum gives s = a + b rounded and e, what rounding took: s + e = a + b
// exactly (Knuth, TAOCP 2, 4.2.2).
func twoSum(a, b float64) (s, e float64) {
	s = a + b
	t := s - a
	return s, (a - (s - t)) + (b - t)
}

// twoDiff is twoSum(a, -b).
func twoDiff(a, b float64) (d, e float64) {
	d = a - b
	t := d - a
	return d, (a - (d - t)) - (b + t)
}

// fastSum is twoSum for |a| >= |b|.
func fastSum(a, b float64) pair {
	s := a + b
	return pair{s, b - (s - a)}
}

// twoProd gives a*b exactly, unless it overflows or its error underflows.
func twoProd(a, b float64) pair {
	p := float64(a * b)
	return pair{p, math.FMA(a, b, -p)}
}

// pairOf gives v exactly.
func pairOf(v int64) pair {
	const low = 1 << 32
	return fastSum(float64(v&^(low-1)), float64(v&(low-1)))
}

func (a pair) plus(b pair) pair {
	s, e := twoSum(a.hi, b.hi)
	t, f := twoSum(a.lo, b.lo)
	c := fastSum(s, e+t)
	return fastSum(c.hi, c.lo+f)
}

func (a pair) minus(b pair) pair { return a.plus(pair{-b.hi, -b.lo}) }

func (a pair) times(b pair) pair {
	p := twoProd(a.hi, b.hi)
	return fastSum(p.hi, p.lo+math.FMA(a.hi, b.lo, float64(a.lo*b.hi)))
}

// over divides by a whole number. Where the quotient lies halfway between two
// float64 the result is exact, so that rounding it again breaks the tie to even.
func (a pair) over(n float64) pair {
	q := a.hi / n
	return fastSum(q, (math.FMA(-q, n, a.hi)+a.lo)/n)
}

func (a pair) sqrt() pair {
	r := math.Sqrt(a.hi)
	if r == 0 {
		return pair{}
	}
	return fastSum(r, (math.FMA(-r, r, a.hi)+a.lo)/(2*r))
}

// gather adds x + e to a running sum, whose halves it lets overlap: each waits
// for one addition alone, and the error is as that of a sum in twice the
// precision (Ogita, Rump & Oishi 2005).
func (a pair) gather(x, e float64) pair {
	s, r := twoSum(a.hi, x)
	return pair{s, a.lo + (r + e)}
}

// gatherLess is gather, with fewer steps, for an x that is mostly the smaller: to
// tell which of two is smaller costs less than twoSum's indifference. Either way
// what rounding took is exact, and so the same.
func (a pair) gatherLess(x, e float64) pair {
	s := a.hi + x
	r := x - (s - a.hi)
	if math.Float64bits(a.hi)<<1 < math.Float64bits(x)<<1 {
		r = a.hi - (s - x)
	}
	return pair{s, a.lo + (r + e)}
}

// square gives (d + e)^2 for an e that is no more than d's rounding.
func square(d, e float64) (p, q float64) {
	p = float64(d * d)
	return p, math.FMA(2*d, e, math.FMA(d, d, -p))
}

// normal makes the halves of a running sum not overlap.
func (a pair) normal() pair {
	s, e := twoSum(a.hi, a.lo)
	return pair{s, e}
}

// scaled gives a * 2^e, exactly unless it leaves the range of a float64.
func (a pair) scaled(e int) pair {
	return pair{math.Ldexp(a.hi, e), math.Ldexp(a.lo, e)}
}

// ldexp is math.Ldexp, at no cost for an e that is 0, as it nearly always is.
func ldexp(v float64, e int) float64 {
	if e == 0 {
		return v
	}
	return math.Ldexp(v, e)
}

// float gives a * 2^e rounded once.
func (a pair) float(e int) float64 {
	if e == 0 {
		return a.hi
	}
	v := math.Ldexp(a.hi, e)
	if math.Abs(v) > smallestNormal {
		return v
	}
	// hi, itself rounded, was rounded again to a subnormal, or to the least that is
	// none. Where that was a tie, lo has the casting vote.
	const halfStep = -1075
	rest, half := a.hi-math.Ldexp(v, -e), math.Ldexp(1, halfStep-e)
	if rest == half && a.lo > 0 {
		return math.Nextafter(v, math.Inf(1))
	}
	if rest == -half && a.lo < 0 {
		return math.Nextafter(v, math.Inf(-1))
	}
	return v
}

const smallestNormal = 0x1p-1022
