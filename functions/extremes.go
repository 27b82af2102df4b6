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

func (e *extent) Merge(other Accumulator) {
	o := other.(*extent)
	if o.least < e.least {
		e.least = o.least
	}
	if o.greatest > e.greatest {
		e.greatest = o.greatest
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
