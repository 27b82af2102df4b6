package functions

import "math"

const (
	sorted  = ", x sorted, from 1"
	weibull = "Hyndman & Fan 1996, type 6; Python statistics.quantiles(n=4), exclusive"
)

var quantiles = []Function{
	{
		Name: "median", Doc: "middle value, or the mean of the middle two",
		Formula: "(x[floor((n+1)/2)] + x[ceil((n+1)/2)]) / 2" + sorted, Empty: noneOfNone, Source: pythonStatistics + ".median",
		Example: "median(x) of 3, 1, 4, 2 is 2.5",
		Unit:    SameUnit, Operation: true, Kind: Samples, Value: of((*samples).median),
	},
	{
		Name: "q1", Doc: "first quartile",
		Formula: "x at position (n+1)/4, linear between and, of 2 values, beyond" + sorted, Empty: noneOfOne, Source: weibull,
		Example: "q1(x) of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 is 2.75",
		Unit:    SameUnit, Operation: true, Kind: Samples, Value: of((*samples).q1),
	},
	{
		Name: "q3", Doc: "third quartile",
		Formula: "x at position 3(n+1)/4, linear between and, of 2 values, beyond" + sorted, Empty: noneOfOne, Source: weibull,
		Example: "q3(x) of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 is 8.25",
		Unit:    SameUnit, Operation: true, Kind: Samples, Value: of((*samples).q3),
	},
	{
		Name: "quantile", Doc: "value that a share p of the values lies below",
		Formula: "x at position (n+1)p by r6, (n-1)p + 1 by r7, (n+1/3)p + 1/3 by r8, linear between, held to 1..n" + sorted,
		Empty:   noneOfNone,
		Source:  "Hyndman & Fan 1996, types 6 to 8; numpy.quantile's weibull, linear and median_unbiased",
		Example: "quantile(x, 0.9) of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 is 9.9",
		Unit:    SameUnit, Params: quantileParams, Kind: Samples, With: quantile,
	},
	{
		Name: "approx_quantile", Doc: "quantile to 1 % of its value, without keeping the values",
		Formula: "x[ceil(np)], of p = 0 x[1], times a number from 0.99 to 1.01" + sorted, Empty: noneOfNone,
		Source:  "inverted CDF: Hyndman & Fan 1996, type 1; DDSketch (Masson, Rim & Lee 2019), 64 linear buckets from one power of 2 to the next",
		Example: "approx_quantile(x, 0.5) of 2, 1, 900 is 2.015625",
		Unit:    SameUnit, Params: quantileParams[:1], Kind: Sketch, With: approxQuantile,
	},
}

func (s *samples) median() (float64, bool) {
	n := len(s.keys)
	if n == 0 {
		return none()
	}
	a, b := s.at((n-1)/2), s.at(n/2)
	if m := (a + b) / 2; !math.IsInf(m, 0) {
		return some(m)
	}
	return float64(a/2) + float64(b/2), true // a + b overflowed, where Python gives Inf
}

func (s *samples) q1() (float64, bool) { return s.quartile(1) }

func (s *samples) q3() (float64, bool) { return s.quartile(3) }

// quartile computes as Python's statistics.quantiles does, step by step, for
// equal bits: position i(n+1)/4, held to pairs that exist, so that two values
// are extrapolated.
func (s *samples) quartile(i int) (float64, bool) {
	n := len(s.keys)
	if n < 2 {
		return none()
	}
	j := min(max(i*(n+1)/4, 1), n-1)
	delta := float64(i*(n+1) - 4*j)
	return between(s.at(j-1), s.at(j), delta)
}

// between gives the value delta quarters of the way from a to b.
func between(a, b, delta float64) (float64, bool) {
	v := (float64(a*(4-delta)) + float64(b*delta)) / 4
	switch {
	case math.Abs(v) <= math.MaxFloat64:
		return v, true
	case delta == 0 || a == b: // 0*Inf and Inf-Inf are no part of the answer
		return a, true
	case delta == 4:
		return b, true
	}
	const eighth = 0.125 // four quarters overflowed, where Python gives Inf
	v = float64(a*eighth*(4-delta)) + float64(b*eighth*delta)
	return some(v * 2)
}
