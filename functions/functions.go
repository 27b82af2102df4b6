// Package functions holds the aggregate functions: a table that says what each
// is called, what it means and which accumulator it reads, and the accumulators
// that fold a window's values.
//
//	New(kind) -> Add(times, values) ... Merge(other) ... -> Function.Value
//
// A window keeps one accumulator of a kind for each field and source partition,
// fed in offset order; functions of one kind share it. Results depend on the
// sequence of values alone, never on how it was cut into calls of Add, so that
// a re-read gives the bits that live reading gave. Nor do they depend on the
// machine: no product is left to be fused with the addition that follows it.
//
// Infinities are values, NaN is missing and never comes here. A result too
// large for a float64 is infinite; one that has no answer (the mean of +Inf and
// -Inf) is no value.
//
// To add a function: a method in the file of its family, or a new file, and one
// line in the table.
package functions

// Accumulator folds the values of one field in one window and partition. It has
// one owner: nothing here is safe for concurrent use.
type Accumulator interface {
	// Add folds values in order. times (ns since the epoch) has their length;
	// no value is NaN. Cutting the input anywhere changes no bit of the state.
	// Neither slice is kept.
	Add(times []int64, values []float64)
	// Merge folds other, of the same kind, whose partition comes after this
	// one's in (topic, partition) order. other is not changed. Merging into an
	// empty one gives other's results, bit for bit.
	Merge(other Accumulator)
	// Reset makes it as new and keeps its memory for the next window.
	Reset()
}

// Kind names an accumulator that several functions may read.
type Kind int

// The kinds of accumulator.
const (
	Tally   Kind = iota // n
	Moments             // n, sum, sum of squares about the mean
	Extent              // min, max
	Samples             // every value
	Ends                // first and last by event time
	kinds
)

// Function is one row of the table: an aggregate that a spec may name.
type Function struct {
	Name    string
	Doc     string // one line: what it gives
	Formula string
	Source  string // where the definition, or the way it is computed, comes from
	Unit    Unit
	Kind    Kind
	// Value reads the result from an accumulator of Kind; false: it has none,
	// for want of values or of an answer. It may reorder what the accumulator
	// keeps, and never changes what any function gives.
	Value func(Accumulator) (float64, bool)
}

// Unit tells how a function's unit follows from its field's.
type Unit int

// The units of results.
const (
	SameUnit    Unit = iota // as the field
	SquaredUnit             // its square
	NoUnit                  // a count
)
