package expression

import "regexp"

// op says what a node computes of its args.
type op uint8

const (
	opNumber  op = iota // a constant
	opBoolean           // a constant
	opText              // a constant
	opRead              // a name
	opPlus              // +a
	opMinus             // -a
	opNot
	opAdd // of numbers, or of texts
	opSubtract
	opMultiply
	opDivide
	opModulo
	opPower
	opEqual
	opUnequal
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opAnd
	opOr
	opContains
	opStartsWith
	opEndsWith
	opMatches // a constant pattern
	opIn      // the first arg, in the others, which are constants
	opChoose  // a ? b : c
	opElse    // a ?? b
	opMissing // a == nil
	opPresent // a != nil
	opCall    // of a scalar function
)

// node is a part of an expression, free of expr's own types: what both back
// ends are made from. It is immutable once parsed.
type node struct {
	op      op
	id      int // in the tree
	at      int // offset of the operator, the name or the literal
	start   int // offset of the leftmost of it and its args
	args    []*node
	number  float64
	boolean bool
	text    string // of opText; the pattern of opMatches
	name    int    // of opRead: in the tree's names
	fn      *scalar
	pattern *regexp.Regexp
}

// name is what a tree reads: a field or metadata by its path, or a call.
type name struct {
	path string
	call int // -1: none
	at   int
}

// binaries are expr's operators with two sides.
var binaries = map[string]op{
	"+": opAdd, "-": opSubtract, "*": opMultiply, "/": opDivide, "%": opModulo, "^": opPower, "**": opPower,
	"==": opEqual, "!=": opUnequal, "<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual,
	"&&": opAnd, "and": opAnd, "||": opOr, "or": opOr,
	"contains": opContains, "startsWith": opStartsWith, "endsWith": opEndsWith, "matches": opMatches,
	"in": opIn, "??": opElse,
}

// unaries are those before what they are of.
var unaries = map[string]op{"+": opPlus, "-": opMinus, "!": opNot, "not": opNot}

// symbol is how an operator is written, and how tightly it binds, as in expr.
type symbol struct {
	text  string
	binds int
}

var symbols = map[op]symbol{
	opPlus: {"+", 90}, opMinus: {"-", 90}, opNot: {"!", 50},
	opAdd: {"+", 30}, opSubtract: {"-", 30}, opMultiply: {"*", 60}, opDivide: {"/", 60}, opModulo: {"%", 60}, opPower: {"^", 100},
	opEqual: {"==", 20}, opUnequal: {"!=", 20}, opLess: {"<", 20}, opLessEqual: {"<=", 20}, opGreater: {">", 20}, opGreaterEqual: {">=", 20},
	opAnd: {"&&", 15}, opOr: {"||", 10},
	opContains: {"contains", 20}, opStartsWith: {"startsWith", 20}, opEndsWith: {"endsWith", 20}, opMatches: {"matches", 20},
	opIn: {"in", 20}, opChoose: {"?", 0}, opElse: {"??", 500}, opMissing: {"==", 20}, opPresent: {"!=", 20},
}
