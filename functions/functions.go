// Package functions holds the aggregate functions: a table that says what each
// is called, what it means and which accumulator it reads, and the accumulators
// that fold a window's values.
//
//	Make(kind, n) -> Add(times, values) ... Merge(other) ... -> Function.Value
//
// A window keeps one accumulator of a kind for each argument and source
// partition, fed in offset order; functions of one kind share it. Results depend
// on the sequence of values alone, never on how it was cut into calls of Add, so
// that a re-read gives the bits that live reading gave. Nor do they depend on the
// machine: no product is left to be fused with the addition that follows it.
//
// Infinities are values, NaN is missing and never comes here. A result too
// large for a float64 is infinite; one that has no answer (the mean of +Inf and
// -Inf) is no value.
//
// To add a function: a row in the file of its family, with the method that it
// reads, or a new file and one line in the table. Help, checks, tests and
// docs/functions.md read the table.
package functions

// Accumulator folds the values of one argument in one window and partition. It
// has one owner: nothing here is safe for concurrent use.
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

// TextAccumulator is what a TextKind makes. One is fed with texts or with
// numbers, never with both.
type TextAccumulator interface {
	Accumulator
	// AddTexts folds texts, none of them nil. Nothing of them is kept.
	AddTexts(texts [][]byte)
}

// Keeper is an accumulator that keeps every value, and the room for as many when
// it is reset.
type Keeper interface {
	// Room gives how many values, of 8 bytes each, it has room for.
	Room() int
	// Free resets it and lets go of that room, and of what it shares to work in.
	Free()
}

// Kind names an accumulator that several functions may read.
type Kind int

// The kinds of accumulator.
const (
	Tally      Kind = iota // n; of texts too
	Conditions             // how many values are 1, which is true
	Moments                // n, sum, sum of squares about the mean
	Extent                 // min, max
	Samples                // every value
	Distinct               // each distinct value, and how often it came; of texts too
	Ends                   // first and last by event time
	Sketch                 // counts of values that are alike to 1 %
	kinds
)

// Function is one row of the table: an aggregate that a spec may name.
type Function struct {
	Name    string
	Doc     string // one line: what it gives
	Formula string
	Empty   string // what it gives of no values, and of too few
	Source  string // where the definition, or the way it is computed, comes from
	Example string // "CALL of VALUES is RESULT"
	Unit    Unit
	Takes   Argument
	// Operation: it may stand in a spec's operations, needing nothing but a
	// field of numbers.
	Operation bool
	Params    []Param // what follows the argument, all constants
	Kind      Kind
	TextKind  Kind // of an argument that is a text; for those that take Anything
	// Value reads the result from an accumulator of Kind or TextKind; false: it
	// has none, for want of values or of an answer. It may reorder what the
	// accumulator keeps, and never changes what any function gives. Params have
	// their defaults; it is nil where one of them has none.
	Value func(Accumulator) (float64, bool)
	// With gives Value for params; nil where there are no Params. The error is a
	// *ParamError.
	With func(params []Literal) (func(Accumulator) (float64, bool), error)
}

// Unit tells how a function's unit follows from its argument's.
type Unit int

// The units of results.
const (
	SameUnit    Unit = iota // as the argument
	SquaredUnit             // its square
	NoUnit                  // a count
	SecondsUnit             // a time, in seconds since the epoch
)

// Argument is what a function is computed of.
type Argument int

// The arguments.
const (
	Numbers           Argument = iota
	Condition                  // booleans, as 1 and 0
	Anything                   // numbers, booleans as 1 and 0, or texts
	AnythingOrNothing          // or no argument: the records
)
