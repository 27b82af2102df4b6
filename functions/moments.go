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
	m.addAny(values[m.addClose(values):])
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
		c.hi, c.lo = twoDiff(ldexp(o.k, e), ldexp(m.k, e))
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
