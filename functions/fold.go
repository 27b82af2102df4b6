package functions

import "math"

// This file holds the loops in which moments folds values, where most of its time
// goes: additions fill the processor, so that each one saved counts.

// The bits of tiny and huge, beside the exponents' bias.
const (
	tinyBits = (1023 - 400) << 52
	hugeBits = (1023 + 450) << 52
)

// ordinary tells whether |d| is in [tiny, huge].
func ordinary(d float64) bool {
	return math.Float64bits(d)<<1-tinyBits<<1 <= (hugeBits-tinyBits)<<1
}

// addAny takes values that were counted in n.
func (m *moments) addAny(values []float64) {
	k, s1, s2 := m.k, m.near.s1, m.near.s2
	for _, x := range values {
		d, e := twoDiff(x, k)
		if ordinary(d) {
			s1, s2 = s1.gather(d, e), s2.gatherLess(square(d, e))
		} else if d != 0 {
			m.addFar(x)
		}
	}
	m.near = sums{s1, s2}
}

// addClose takes values as addAny does until one is not from k/2 to 2k, and
// gives how many. Of a signal upon an offset that is all of them. Their
// differences are exact (Sterbenz 1974, 4.3), and 0 or ordinary.
func (m *moments) addClose(values []float64) (n int) {
	const leastK = 0x1p-340 // then what is close to k and not k is off by more than tiny
	if k := math.Abs(m.k); k < leastK || k > huge {
		return 0
	}
	half, twoExponents := math.Float64bits(m.k/2), uint64(2<<52)
	k, s1, s2 := m.k, m.near.s1, m.near.s2
	for _, x := range values {
		if math.Float64bits(x)-half > twoExponents {
			break
		}
		d := x - k
		p := float64(d * d)
		s1, s2 = s1.gatherLess(d, 0), s2.gatherLess(p, math.FMA(d, d, -p))
		n++
	}
	m.near = sums{s1, s2}
	return n
}
