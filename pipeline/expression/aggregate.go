package expression

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/aggrun/aggrun/functions"
)

// Call is an aggregate in an expression over aggregates.
type Call struct {
	Function functions.Function
	// Arg is what it is computed of, an expression over one record; nil of
	// count(), which counts records.
	Arg *Tree
	// Value reads the result, the call's constants included, from an accumulator
	// of the function's Kind or TextKind.
	Value  func(functions.Accumulator) (float64, bool)
	Key    string // equal calls have equal keys
	ArgKey string // equal arguments have equal keys; a bare field's is its path
	Offset int    // of its name, where it stands first
}

// wants is the type that a function's argument is to have.
func wants(f functions.Function) Type {
	switch f.Takes {
	case functions.Numbers:
		return Number
	case functions.Condition:
		return Boolean
	default:
		return Any
	}
}

// Check checks the argument, of the type that the function takes; it gives nil
// where there is no argument. Numbers are taken of a condition too, as 1 and 0.
func (c *Call) Check(scope Scope) (*Checked, error) {
	if c.Arg == nil {
		return nil, nil
	}
	return c.Arg.Check(scope, wants(c.Function))
}

// aggregate makes a call a read of its result.
func (b *builder) aggregate(f functions.Function, args []ast.Node, at int) *node {
	switch b.place {
	case inRecord:
		return b.fail(at, "%s is an aggregate, of all records of a window: it stands in aggregates, and here is an expression over one record", f.Name)
	case inAggregate:
		return b.fail(at, "%s inside %s: an aggregate is of an expression over a record's fields, not of aggregates", f.Name, b.outer)
	case inParam:
		return b.fail(at, "%s is not constant; %s wants constants after its argument", f.Name, b.outer)
	}
	if wrong := miscounted(f, len(args)); wrong != "" {
		return b.fail(at, "%s", wrong)
	}
	before := len(b.errs)
	call := &Call{Function: f, Value: f.Value, Offset: at}
	if len(args) > 0 {
		call.Arg = b.argument(call, args[0])
		args = args[1:]
	}
	literals := b.params(call, args)
	if len(b.errs) > before || b.left < 0 {
		return b.add(opNumber, at)
	}
	return b.shared(call, literals)
}

// miscounted says what is wrong with the number of arguments.
func miscounted(f functions.Function, n int) string {
	least, most := 1, 1+len(f.Params)
	if f.Takes == functions.AnythingOrNothing {
		least = 0
	}
	for _, p := range f.Params {
		if !p.Optional {
			least++
		}
	}
	if least <= n && n <= most {
		return ""
	}
	missing := ""
	if i := n - 1; n >= 1 && n < least {
		missing = fmt.Sprintf("; %s is missing, %s", f.Params[i].Name, f.Params[i].Want)
	}
	return fmt.Sprintf("%s takes %s, found %s%s", f.Signature(), between(least, most), found(n), missing)
}

func between(least, most int) string {
	if least == most {
		return arguments(most, false)
	}
	return fmt.Sprintf("%d or %d arguments", least, most)
}

func (b *builder) argument(c *Call, arg ast.Node) *Tree {
	inner := builder{reader: b.reader, tree: &Tree{source: b.src, call: c}, place: inAggregate, outer: c.Function.Name}
	inner.tree.root = inner.node(arg)
	return inner.tree
}

// params binds the constants after the argument, which may be computed: 99/100.
func (b *builder) params(c *Call, args []ast.Node) []functions.Literal {
	literals := make([]functions.Literal, len(args))
	starts := make([]int, len(args))
	for i, a := range args {
		literals[i], starts[i] = b.constant(c.Function.Name, a)
	}
	if c.Function.With == nil || len(b.errs) > 0 {
		return literals
	}
	value, err := c.Function.With(literals)
	c.Value = value
	if wrong := (*functions.ParamError)(nil); errors.As(err, &wrong) {
		at := c.Offset
		if wrong.Index < len(starts) {
			at = starts[wrong.Index]
		}
		b.errs.add(at, "%s: %s", c.Function.Name, wrong.Msg)
	} else if err != nil {
		b.errs.add(c.Offset, "%s: %s", c.Function.Name, err)
	}
	return literals
}

// constant evaluates an expression that reads nothing.
func (b *builder) constant(of string, n ast.Node) (l functions.Literal, start int) {
	inner := builder{reader: b.reader, tree: &Tree{source: b.src}, place: inParam, outer: of}
	before := len(b.errs)
	root := inner.node(n)
	inner.tree.root = root
	if len(b.errs) > before || b.left < 0 {
		return l, root.start
	}
	if root.op == opText {
		return functions.Literal{Text: root.text, IsText: true}, root.start
	}
	checked, err := inner.tree.Check(nil, Number)
	if wrong := Errors(nil); errors.As(err, &wrong) {
		b.errs = append(b.errs, wrong...)
		return l, root.start
	}
	value := checked.Compile(func(Read) int { return -1 }, Options{}).NewEvaluator().Numbers(&Input{Rows: 1})
	return functions.Literal{Number: value[0]}, root.start
}

// shared makes the read of a call, and of an equal one before it the same.
func (b *builder) shared(c *Call, literals []functions.Literal) *node {
	if c.Arg != nil {
		c.ArgKey = c.Arg.String()
	}
	c.Key = key(c, literals)
	for i, known := range b.calls {
		if known.Key == c.Key {
			return b.name(c.Key, i, c.Offset)
		}
	}
	b.calls = append(b.calls, c)
	return b.name(c.Key, len(b.calls)-1, c.Offset)
}

func key(c *Call, literals []functions.Literal) string {
	parts := make([]string, 0, 1+len(literals))
	if c.Arg != nil {
		parts = append(parts, c.ArgKey)
	}
	for _, l := range literals {
		if l.IsText {
			parts = append(parts, fmt.Sprintf("%q", l.Text))
		} else {
			parts = append(parts, fmt.Sprint(l.Number))
		}
	}
	return c.Function.Name + "(" + strings.Join(parts, ", ") + ")"
}
