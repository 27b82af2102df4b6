package codec

import (
	"math"
	"math/bits"
)

const second = 1_000_000_000 // ns

// seconds is ns in seconds, rounded once, to the nearest.
func seconds(ns int64) float64 { return fraction(ns, second) }

// fraction is n/d, for d from 1 to 2^32, rounded once, to the nearest.
func fraction(n int64, d uint64) float64 {
	if -1<<53 <= n && n <= 1<<53 {
		return float64(n) / float64(d) // both exact
	}
	return signed(n < 0, ratio(magnitude(n), d))
}

// midpoint is the middle of [start, end), ns, in seconds, rounded once, to the
// nearest, also where the sum of the two needs more than 64 bits.
func midpoint(start, end int64) float64 {
	if (start < 0) != (end < 0) {
		sum := start + end
		return signed(sum < 0, ratio(magnitude(sum), 2*second))
	}
	return signed(start < 0, ratio(magnitude(start)+magnitude(end), 2*second))
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func signed(negative bool, v float64) float64 {
	if negative {
		return -v
	}
	return v
}

// ratio is n/d for d from 4 to 2^32, correctly rounded: a quotient of over 60 bits,
// its last one set when something remains, is rounded once by the conversion.
func ratio(n, d uint64) float64 {
	if n == 0 {
		return 0
	}
	shift := 62 + bits.Len64(d) - bits.Len64(n)
	var hi, lo uint64 // n << shift
	if shift < 64 {
		hi, lo = n>>(64-shift), n<<shift
	} else {
		hi = n << (shift - 64)
	}
	q, rest := bits.Div64(hi, lo, d)
	if rest != 0 {
		q |= 1
	}
	return math.Ldexp(float64(q), -shift)
}
