package functions

import "math"

// This file holds what moments does with differences whose squares would
// overflow or lose bits.

const (
	tiny  = 0x1p-400
	huge  = 0x1p450 // huge^2 * n^2 is finite
	shift = 600
)

// far holds what is out of the ordinary range.
type far struct {
	big, small sums // of d * 2^-shift and d * 2^shift
	up, down   int64
}

// addFar takes a value that was counted in n and is out of the ordinary range.
func (m *moments) addFar(x float64) {
	f := m.widen()
	switch d := math.Abs(x - m.k); {
	case x > math.MaxFloat64:
		f.up++
		m.n--
	case x < -math.MaxFloat64:
		f.down++
		m.n--
	case d < tiny:
		f.small = f.small.gather(twoDiff(math.Ldexp(x, shift), math.Ldexp(m.k, shift)))
	default:
		f.big = f.big.gather(twoDiff(math.Ldexp(x, -shift), math.Ldexp(m.k, -shift)))
	}
}

func (m *moments) widen() *far {
	if m.far == nil {
		m.far = new(far)
	}
	m.wide = true
	return m.far
}

// scale gives the e at which sums times 2^e hold every difference that matters.
func (m *moments) scale() int {
	switch {
	case m.wide && m.far.big.s2.hi != 0:
		return -shift
	case m.near.s2.hi != 0:
		return 0
	}
	return shift
}

func scaleOf(d float64) int {
	switch {
	case d > huge:
		return -shift
	case d >= tiny:
		return 0
	}
	return shift
}

// at gives the sums of d * 2^e, for an e at most that of scale.
func (m *moments) at(e int) sums {
	s := m.near.scaled(e)
	if m.wide {
		big, small := m.far.big.scaled(e+shift), m.far.small.scaled(e-shift)
		s.s1 = big.s1.plus(s.s1).plus(small.s1)
		s.s2 = big.s2.plus(s.s2).plus(small.s2)
	}
	return s
}

// keep makes s, of d * 2^e, the only sums.
func (m *moments) keep(s sums, e int) {
	m.near = sums{}
	if m.wide {
		m.far.big, m.far.small = sums{}, sums{}
	}
	switch {
	case s.s2.hi == 0: // all are k
	case e == 0:
		m.near = s
	case e > 0:
		m.widen().small = s
	default:
		m.widen().big = s
	}
}

// gather adds the difference d + e.
func (s sums) gather(d, e float64) sums {
	return sums{s.s1.gather(d, e), s.s2.gather(square(d, e))}
}

func (s sums) scaled(e int) sums {
	s = sums{s.s1.normal(), s.s2.normal()}
	if e == 0 {
		return s
	}
	return sums{s.s1.scaled(e), s.s2.scaled(2 * e)}
}
