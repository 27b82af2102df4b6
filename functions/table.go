package functions

import (
	"math"
	"slices"
)

// This file is the table of functions and what reads it.

// Family is a part of the table: functions that are alike.
type Family struct {
	Name      string
	Functions []Function
}

var families = []Family{
	{"counts", counts},
	{"sums and means", sumsAndMeans},
	{"deviations", deviations},
	{"extremes", extremes},
	{"quantiles", quantiles},
	{"distinct values", distinctValues},
	{"first and last", firstAndLast},
}

var table = flatten(families)

var accumulators = [kinds]func(n int) []Accumulator{
	Tally:      slab[tally],
	Conditions: slab[conditions],
	Moments:    slab[moments],
	Extent:     slab[extent],
	Samples:    makeSamples,
	Distinct:   slab[distinct],
	Ends:       slab[ends],
	Sketch:     slab[sketch],
}

// All gives the functions, in the table's order.
func All() []Function { return slices.Clone(table) }

// Families gives them by family, in the same order.
func Families() []Family {
	all := slices.Clone(families)
	for i := range all {
		all[i].Functions = slices.Clone(all[i].Functions)
	}
	return all
}

// Names gives their names, in the same order.
func Names() []string {
	return namesOf(func(Function) bool { return true })
}

// Operations gives the names of those that are operations, in the same order.
func Operations() []string {
	return namesOf(func(f Function) bool { return f.Operation })
}

func namesOf(wanted func(Function) bool) (names []string) {
	for _, f := range table {
		if wanted(f) {
			names = append(names, f.Name)
		}
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
func New(kind Kind) Accumulator { return Make(kind, 1)[0] }

// Make makes n empty accumulators of a kind, side by side in memory: two or three
// allocations, whatever n. What a window needs beyond that is allocated with its
// first value. They may share room to work in, so that one owner has them all.
func Make(kind Kind, n int) []Accumulator { return accumulators[kind](n) }

// slab makes n accumulators, *T, in one array.
func slab[T any, A interface {
	*T
	Accumulator
}](n int) []Accumulator {
	array, all := make([]T, n), make([]Accumulator, n)
	for i := range array {
		a := A(&array[i])
		a.Reset()
		all[i] = a
	}
	return all
}

func flatten(families []Family) (all []Function) {
	for _, f := range families {
		all = append(all, f.Functions...)
	}
	return all
}

// of makes a family's method a row's Value.
func of[A Accumulator](read func(A) (float64, bool)) func(Accumulator) (float64, bool) {
	return func(a Accumulator) (float64, bool) { return read(a.(A)) }
}

// none is the result that is no value.
func none() (float64, bool) { return math.NaN(), false }

// some is v, or no value where the arithmetic of infinities has no answer.
func some(v float64) (float64, bool) { return v, !math.IsNaN(v) }

// What rows of several families say.
const (
	pythonStatistics = "Python statistics"
	shiftedSums      = "sums about the first value (Chan, Golub & LeVeque 1983), in double-double (Dekker 1971; Ogita, Rump & Oishi 2005)"

	zeroOfNone = "of no values: 0"
	noneOfNone = "of no values: no value"
	noneOfOne  = "of fewer than 2 values: no value"
)
