// Package expression holds the language of a spec's expressions: the conditions
// of where, the fields of derive, and expressions over aggregates.
//
//	Parse, ParseAggregates -> Tree -> Check(names of known type) -> Checked
//	-> Compile(columns) -> Expression -> NewEvaluator -> Numbers, Texts
//
// The language is expr-lang's, whose parser reads it, less what a record has no
// use for (arrays, maps, lambdas, the clock). Values are numbers, booleans and
// texts. Every number is a float64, integers too; / and the comparisons are
// IEEE 754's, % is math.Mod, ^ and ** are math.Pow.
//
// Missing values go by the syntax, and are looked for before anything is
// evaluated. An expression that reads a missing name is missing as a whole,
// whatever the operators: a || b too, and the branch of ?: that is not taken.
// There are two ways around it: a ?? b is missing only where both are, and
// a == nil, a != nil never are. A result that is NaN is missing once it is a
// column; inside the expression it is a NaN. Inf is a value.
//
// No schema is known here, so the types of fields are inferred: Text where one
// is compared with a text or passed to a function of texts, Boolean where it is
// a condition, else Number. The schema is compared with what was inferred later.
//
// There are two back ends, which agree bit for bit: columns, step by step over
// runs of rows, for all but the making of new texts; and expr's virtual machine,
// row by row, for the rest and, where Options.VM says so, for everything.
//
// Everything is bounded by the source: 4 KiB, 500 parts, no loops. This is the
// only room that knows expr.
package expression

// Type is the type of a value.
type Type uint8

// The types. Any is what is wanted where each of them will do; no value has it.
const (
	Any Type = iota
	Number
	Boolean
	Text
)

func (t Type) String() string {
	return [...]string{"anything", "a number", "a condition", "a text"}[t]
}

// Scope tells the type of a name, such as a derived field, where it is known
// before any schema is; false: it is a field, whose type is inferred. A name of
// type Boolean may be read as a number, 1 or 0. The types of $key, $topic and
// $partition are known without it.
type Scope func(name string) (Type, bool)

// Tree is an expression that was parsed. It is immutable.
type Tree struct {
	source string
	root   *node
	nodes  int
	names  []name
	call   *Call // whose argument it is, or nil
}

// Read is a name that an expression reads.
type Read struct {
	// Name is the path of a field (a, a.b, wave[3], wave[3].x), $key, $topic or
	// $partition; of a call, its Key.
	Name string
	// Call is the index of a call of ParseAggregates, -1 of a name.
	Call int
	Type Type
	// Open: nothing says what type it has, and any will do; Number is a guess.
	// Who knows better checks again, with a Scope that tells.
	Open bool
	// Offset is where it stands first, in bytes of the source.
	Offset int
}

// Options choose how an expression is evaluated.
type Options struct {
	VM bool // by expr's virtual machine, whatever it is: the columns' differential twin
}
