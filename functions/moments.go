package functions

import "math"

// moments keeps the sums of d = x - k and of d^2 over the finite values, where k
// is the first of them, in double-double.
//
// Since k is one of the values, the sum of d^2 is at most n+1 times the sum of
// squares about the mean: subtracting what the mean takes never costs more than
// a factor n of the 106 bits, whatever the offset and wherever the outlier. (A
// sum, and so a mean, still loses what is 2^100 times smaller than its terms.)
//
// d^2 must neither overflow nor lose bits by underflow, so that differences
// outside [tiny, huge] go to sums of their own, scaled by a power of two (Blue
// 1978). Which sums a value goes to depends on it and on k alone.
type moments struct {
	n    int64 // finite values
	k    float64
	near sums
	far  *far // kept by Reset; nil before the first value that needs it
	wide bool // far holds something
}

// sums are the sums of d and d^2, in halves that may overlap.
type sums struct{ s1, s2 pair }

func (m *moments) Add(_ []int64, values []float64) {
	if m.n == 0 {
		values = m.start(values)
	}
	m.n += int64(len(values))
	k, s1, s2 := m.k, m.near.s1, m.near.s2
	for _, x := range values {
		d, e := twoDiff(x, k)
		if a := math.Abs(d); a >= tiny && a <= huge {
			s1, s2 = s1.gather(d, e), s2.gather(square(d, e))
		} else if d != 0 {
			m.addFar(x)
		}
	}
	m.near = sums{s1, s2}
}

// start takes k, and gives the values after it.
func (m *moments) start(values []float64) []float64 {
	for i, x := range values {
		m.n++
		if !math.IsInf(x, 0) {
			m.k = x
			return values[i+1:]
		}
		m.addFar(x)
	}
	return nil
}

func (m *moments) Merge(other Accumulator) {
	o := other.(*moments)
	if o.wide {
		f := m.widen()
		f.up, f.down = f.up+o.far.up, f.down+o.far.down
	}
	switch {
	case o.n == 0:
	case m.n == 0:
		m.n, m.k, m.near = o.n, o.k, o.near
		if o.wide {
			m.far.big, m.far.small = o.far.big, o.far.small
		}
	default:
		m.join(o)
	}
}

// join adds o's sums, moved to m's k: with x - k = (x - o.k) + c, c = o.k - k,
// the sum of d grows by n*c and that of d^2 by c * (2*sum(d) + n*c).
func (m *moments) join(o *moments) {
	e := min(m.scale(), o.scale(), scaleOf(math.Abs(o.k-m.k)))
	var c pair
	if o.k != m.k { // equal ones may be too large to scale up
		c.hi, c.lo = twoDiff(math.Ldexp(o.k, e), math.Ldexp(m.k, e))
	}
	to, from := m.at(e), o.at(e)
	nc := c.times(pair{float64(o.n), 0})
	to.s2 = to.s2.plus(from.s2).plus(c.times(from.s1.plus(from.s1).plus(nc)))
	to.s1 = to.s1.plus(from.s1).plus(nc)
	m.n += o.n
	m.keep(to, e)
}

func (m *moments) Reset() {
	if m.wide {
		*m.far = far{}
	}
	*m = moments{far: m.far}
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

func (m *moments) varSamp() (float64, bool) { return m.variance(1) }

func (m *moments) varPop() (float64, bool) { return m.variance(0) }

func (m *moments) variance(less int64) (float64, bool) {
	v, e, ok := m.spread(less)
	if !ok {
		return none()
	}
	return v.float(-2 * e), true
}

func (m *moments) stdevSamp() (float64, bool) { return m.stdev(1) }

func (m *moments) stdevPop() (float64, bool) { return m.stdev(0) }

func (m *moments) stdev(less int64) (float64, bool) {
	v, e, ok := m.spread(less)
	if !ok {
		return none()
	}
	return v.sqrt().float(-e), true
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
	return twoProd(math.Ldexp(m.k, e), float64(m.n)).plus(m.at(e).s1), e
}

// spread gives the sum of squares about the mean, over n - less, times 2^2e.
func (m *moments) spread(less int64) (v pair, e int, ok bool) {
	if _, infinite := m.infinite(); infinite || m.n <= less {
		return pair{}, 0, false
	}
	e = m.scale()
	s, n := m.at(e), float64(m.n)
	about := s.s2.minus(s.s1.times(s.s1).over(n))
	return about.over(float64(m.n - less)), e, true
}
