package functions

import (
	"math"
	"slices"
)

// This file is the table of functions and what reads it.

const (
	pythonStatistics = "Python statistics"
	shiftedSums      = "sums about the first value (Chan, Golub & LeVeque 1983), in double-double (Dekker 1971; Ogita, Rump & Oishi 2005)"
	weibull          = "Hyndman & Fan 1996, type 6; Python statistics.quantiles(n=4), exclusive"
	eventTime        = "event time, then topic, partition and offset"
)

var table = []Function{
	{
		Name: "count", Doc: "number of values; 0 for none",
		Formula: "n", Source: "SQL COUNT(x)",
		Operation: true, Unit: NoUnit, Takes: AnythingOrNothing, Kind: Tally, TextKind: Tally, Value: of((*tally).count),
	},
	{
		Name: "sum", Doc: "sum of the values",
		Formula: "sum(x)", Source: "Python math.fsum; " + shiftedSums,
		Operation: true, Unit: SameUnit, Kind: Moments, Value: of((*moments).sum),
	},
	{
		Name: "min", Doc: "least value",
		Formula: "min(x)", Source: "SQL MIN",
		Operation: true, Unit: SameUnit, Kind: Extent, Value: of((*extent).min),
	},
	{
		Name: "max", Doc: "greatest value",
		Formula: "max(x)", Source: "SQL MAX",
		Operation: true, Unit: SameUnit, Kind: Extent, Value: of((*extent).max),
	},
	{
		Name: "range", Doc: "greatest value less the least",
		Formula: "max(x) - min(x)", Source: "NIST/SEMATECH e-Handbook 1.3.5.6",
		Operation: true, Unit: SameUnit, Kind: Extent, Value: of((*extent).width),
	},
	{
		Name: "mean", Doc: "arithmetic mean",
		Formula: "sum(x) / n", Source: pythonStatistics + ".mean; " + shiftedSums,
		Operation: true, Unit: SameUnit, Kind: Moments, Value: of((*moments).mean),
	},
	{
		Name: "median", Doc: "middle value, or the mean of the middle two",
		Formula: "(x[floor((n+1)/2)] + x[ceil((n+1)/2)]) / 2, x sorted, from 1", Source: pythonStatistics + ".median",
		Operation: true, Unit: SameUnit, Kind: Samples, Value: of((*samples).median),
	},
	{
		Name: "q1", Doc: "first quartile; none of fewer than 2 values",
		Formula: "x at position (n+1)/4, x sorted, from 1, linear between and beyond", Source: weibull,
		Operation: true, Unit: SameUnit, Kind: Samples, Value: of((*samples).q1),
	},
	{
		Name: "q3", Doc: "third quartile; none of fewer than 2 values",
		Formula: "x at position 3(n+1)/4, x sorted, from 1, linear between and beyond", Source: weibull,
		Operation: true, Unit: SameUnit, Kind: Samples, Value: of((*samples).q3),
	},
	{
		Name: "stdev", Doc: "standard deviation of a sample; none of fewer than 2 values",
		Formula: "sqrt(sum((x - mean)^2) / (n-1))", Source: pythonStatistics + ".stdev; " + shiftedSums,
		Operation: true, Unit: SameUnit, Kind: Moments, Value: of((*moments).stdevSamp),
	},
	{
		Name: "stddev_samp", Doc: "the same as stdev",
		Formula: "sqrt(sum((x - mean)^2) / (n-1))", Source: "SQL STDDEV_SAMP; " + shiftedSums,
		Operation: true, Unit: SameUnit, Kind: Moments, Value: of((*moments).stdevSamp),
	},
	{
		Name: "stddev_pop", Doc: "standard deviation of a whole population",
		Formula: "sqrt(sum((x - mean)^2) / n)", Source: pythonStatistics + ".pstdev; SQL STDDEV_POP; " + shiftedSums,
		Operation: true, Unit: SameUnit, Kind: Moments, Value: of((*moments).stdevPop),
	},
	{
		Name: "var_samp", Doc: "variance of a sample; none of fewer than 2 values",
		Formula: "sum((x - mean)^2) / (n-1)", Source: pythonStatistics + ".variance; SQL VAR_SAMP; " + shiftedSums,
		Operation: true, Unit: SquaredUnit, Kind: Moments, Value: of((*moments).varSamp),
	},
	{
		Name: "var_pop", Doc: "variance of a whole population",
		Formula: "sum((x - mean)^2) / n", Source: pythonStatistics + ".pvariance; SQL VAR_POP; " + shiftedSums,
		Operation: true, Unit: SquaredUnit, Kind: Moments, Value: of((*moments).varPop),
	},
	{
		Name: "first", Doc: "first value by event time; of equal times the first read",
		Formula: "x at min(t)", Source: eventTime,
		Operation: true, Unit: SameUnit, Kind: Ends, Value: of((*ends).firstValue),
	},
	{
		Name: "last", Doc: "last value by event time; of equal times the last read",
		Formula: "x at max(t)", Source: eventTime,
		Operation: true, Unit: SameUnit, Kind: Ends, Value: of((*ends).lastValue),
	},
}

var accumulators = [kinds]func() Accumulator{
	Tally:      func() Accumulator { return new(tally) },
	Conditions: func() Accumulator { return new(conditions) },
	Moments:    func() Accumulator { return new(moments) },
	Extent:     func() Accumulator { return newExtent() },
	Samples:    func() Accumulator { return new(samples) },
	Distinct:   func() Accumulator { return newDistinct() },
	Ends:       func() Accumulator { return new(ends) },
}

// All gives the functions, in the table's order.
func All() []Function { return slices.Clone(table) }

// Names gives their names, in the same order.
func Names() []string {
	names := make([]string, len(table))
	for i, f := range table {
		names[i] = f.Name
	}
	return names
}

// Lookup finds a function by its name.
func Lookup(name string) (Function, bool) {
	i := slices.IndexFunc(table, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return table[i], true
}

// New makes an empty accumulator of a kind.
func New(kind Kind) Accumulator { return accumulators[kind]() }

// of makes a family's method a row's Value.
func of[A Accumulator](read func(A) (float64, bool)) func(Accumulator) (float64, bool) {
	return func(a Accumulator) (float64, bool) { return read(a.(A)) }
}

// none is the result that is no value.
func none() (float64, bool) { return math.NaN(), false }

// some is v, or no value where the arithmetic of infinities has no answer.
func some(v float64) (float64, bool) { return v, !math.IsNaN(v) }
