package functions

import "math"

var sumsAndMeans = []Function{
	{
		Name: "sum", Doc: "sum of the values",
		Formula: "sum(x)", Empty: noneOfNone, Source: "Python math.fsum; " + shiftedSums,
		Example: "sum(x) of 3, 1, 4 is 8",
		Unit:    SameUnit, Operation: true, Kind: Moments, Value: of((*moments).sum),
	},
	{
		Name: "mean", Doc: "arithmetic mean",
		Formula: "sum(x) / n", Empty: noneOfNone, Source: pythonStatistics + ".mean; " + shiftedSums,
		Example: "mean(x) of 3, 1, 5 is 3",
		Unit:    SameUnit, Operation: true, Kind: Moments, Value: of((*moments).mean),
	},
	{
		Name: "rms", Doc: "root mean square",
		Formula: "sqrt(sum(x^2) / n)", Empty: noneOfNone, Source: "IEC 60050-103, 103-02-02; " + shiftedSums,
		Example: "rms(x) of 1, 7, -5 is 5",
		Unit:    SameUnit, Operation: true, Kind: Moments, Value: of((*moments).rms),
	},
}

func (m *moments) sum() (float64, bool) {
	if v, ok := m.infinite(); ok {
		return some(v)
	}
	if m.n == 0 {
		return none()
	}
	t, e := m.total()
	return t.float(-e), true
}

func (m *moments) mean() (float64, bool) {
	if v, ok := m.infinite(); ok {
		return some(v)
	}
	if m.n == 0 {
		return none()
	}
	t, e := m.total()
	if e == 0 && math.Abs(t.hi) < 0x1p-900 {
		t, e = t.scaled(shift), shift
	}
	return t.over(float64(m.n)).float(-e), true
}

func (m *moments) rms() (float64, bool) {
	if _, ok := m.infinite(); ok {
		return math.Inf(1), true
	}
	if m.n == 0 {
		return none()
	}
	s, e := m.squares()
	return s.over(float64(m.n)).sqrt().float(-e), true
}

// infinite gives the sum, and the mean, of values some of which are infinite.
func (m *moments) infinite() (float64, bool) {
	if !m.wide || m.far.up+m.far.down == 0 {
		return 0, false
	}
	v := 0.0
	if m.far.up > 0 {
		v += math.Inf(1)
	}
	if m.far.down > 0 {
		v += math.Inf(-1)
	}
	return v, true
}

// total gives the sum of the values times 2^e.
func (m *moments) total() (t pair, e int) {
	e = min(m.scale(), scaleOf(math.Abs(m.k)), 0)
	return twoProd(ldexp(m.k, e), float64(m.n)).plus(m.at(e).s1), e
}

// squares gives the sum of the squares of the values, times 2^2e. With x = k + d
// it is k * (n*k + 2*sum(d)) + sum(d^2). As k is one of the values, no term is
// more than some n times the sum.
func (m *moments) squares() (t pair, e int) {
	e = min(m.scale(), scaleOf(math.Abs(m.k)))
	k, s := ldexp(m.k, e), m.at(e)
	nk := twoProd(k, float64(m.n))
	return nk.plus(s.s1).plus(s.s1).times(pair{k, 0}).plus(s.s2), e
}
