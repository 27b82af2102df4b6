package functions

import "strings"

// This file holds how a function is called.

// Param is a constant that a call gives after the argument.
type Param struct {
	Name, Doc string
	Want      string // what is allowed
	Optional  bool   // only after those that are not
}

// Literal is a constant as a call gives it.
type Literal struct {
	Number float64
	Text   string
	IsText bool
}

// ParamError says what is wrong with a param, and what is allowed. Its text
// completes "NAME: ...".
type ParamError struct {
	Index int // in Params; their length for one too many
	Msg   string
}

func (e *ParamError) Error() string { return e.Msg }

// arguments says of each how a signature shows it, what it may be, and what
// becomes of a missing one.
var arguments = [...]struct{ name, takes, missing string }{
	Numbers:           {"x", "numbers", "left out"},
	Condition:         {"condition", "a condition", "not counted"},
	Anything:          {"x", "numbers, booleans or texts", "left out"},
	AnythingOrNothing: {"[x]", "numbers, booleans or texts, or nothing", "left out; without x every record counts"},
}

func (a Argument) String() string { return arguments[a].takes }

// Missing says what becomes of a missing argument: null, NaN, or no such field.
func (a Argument) Missing() string { return arguments[a].missing }

var units = [...]string{
	SameUnit: "that of x", SquaredUnit: "that of x, squared", NoUnit: "none", SecondsUnit: "s",
}

func (u Unit) String() string { return units[u] }

// Signature shows how it is called, such as "quantile(x, p[, method])".
func (f Function) Signature() string {
	var b strings.Builder
	b.WriteString(f.Name + "(" + arguments[f.Takes].name)
	for _, p := range f.Params {
		if p.Optional {
			b.WriteString("[, " + p.Name + "]")
		} else {
			b.WriteString(", " + p.Name)
		}
	}
	return b.String() + ")"
}
