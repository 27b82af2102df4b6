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

var argumentNames = [...]string{
	Numbers: "x", Condition: "condition", Anything: "x", AnythingOrNothing: "[x]",
}

// Signature shows how it is called, such as "quantile(x, p[, method])".
func (f Function) Signature() string {
	var b strings.Builder
	b.WriteString(f.Name + "(" + argumentNames[f.Takes])
	for _, p := range f.Params {
		if p.Optional {
			b.WriteString("[, " + p.Name + "]")
		} else {
			b.WriteString(", " + p.Name)
		}
	}
	return b.String() + ")"
}
