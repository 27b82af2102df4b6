package functions

import "math"

var extremes = []Function{
	{
		Name: "min", Doc: "least value",
		Formula: "min(x)", Empty: noneOfNone, Source: "SQL MIN",
		Example: "min(x) of 3, 1, 4 is 1",
		Unit:    SameUnit, Operation: true, Kind: Extent, Value: of((*extent).min),
	},
	{
		Name: "max", Doc: "greatest value",
		Formula: "max(x)", Empty: noneOfNone, Source: "SQL MAX",
		Example: "max(x) of 3, 1, 4 is 4",
		Unit:    SameUnit, Operation: true, Kind: Extent, Value: of((*extent).max),
	},
	{
		Name: "range", Doc: "greatest value less the least",
		Formula: "max(x) - min(x)", Empty: noneOfNone, Source: "NIST/SEMATECH e-Handbook 1.3.5.6",
		Example: "range(x) of 3, 1, 4 is 3",
		Unit:    SameUnit, Operation: true, Kind: Extent, Value: of((*extent).width),
	},
}

// extent keeps the least and the greatest value. Of equal ones, which only +0
// and -0 tell apart, the first met stays. Empty: least > greatest.
type extent struct{ least, greatest float64 }

func (e *extent) Add(_ []int64, values []float64) {
	const head = 64 // of these many are beyond all before them, which no processor foresees
	first := values[:min(len(values), head)]
	if least, greatest := bounds(first); least != 0 && greatest != 0 { // else which of +0 and -0 came first matters
		e.fold(least, greatest)
		values = values[len(first):]
	}
	least, greatest := e.least, e.greatest
	for _, x := range values {
		if x >= least && x <= greatest { // nearly always, and soonest told
			continue
		}
		if x < least {
			least = x
		}
		if x > greatest {
			greatest = x
		}
	}
	e.least, e.greatest = least, greatest
}

// bounds gives the least and the greatest of values without a branch, -0 less than
// +0; NaN where there are none.
func bounds(values []float64) (least, greatest float64) {
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, x := range values {
		o := flip(int64(math.Float64bits(x)))
		lo, hi = min(lo, o), max(hi, o)
	}
	return math.Float64frombits(uint64(flip(lo))), math.Float64frombits(uint64(flip(hi)))
}

// flip makes the bits of float64 integers that are in the same order, and these
// bits.
func flip(b int64) int64 { return b ^ int64(uint64(b>>63)>>1) }

func (e *extent) Merge(other Accumulator) {
	o := other.(*extent)
	e.fold(o.least, o.greatest)
}

func (e *extent) fold(least, greatest float64) {
	if least < e.least {
		e.least = least
	}
	if greatest > e.greatest {
		e.greatest = greatest
	}
}

func (e *extent) Reset() { e.least, e.greatest = math.Inf(1), math.Inf(-1) }

func (e *extent) min() (float64, bool) { return e.read(e.least) }

func (e *extent) max() (float64, bool) { return e.read(e.greatest) }

func (e *extent) width() (float64, bool) { return e.read(e.greatest - e.least) }

func (e *extent) read(v float64) (float64, bool) {
	if e.least > e.greatest {
		return none()
	}
	return some(v)
}
