package expression

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"github.com/aggrun/aggrun/functions"
)

func aggregateNamed(name string) (functions.Function, bool) { return functions.Lookup(name) }

// call reads a call, of a scalar function or of an aggregate. min and max are
// both: aggregates of one argument, scalar functions of more.
func (b *builder) call(n *ast.CallNode, at int) *node {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return b.fail(at, "values have no methods; want a function, as in lower(host)")
	}
	fn := scalarNamed(callee.Value)
	aggregate, isAggregate := aggregateNamed(callee.Value)
	switch {
	case isAggregate && (fn == nil || b.place == overAggregates && len(n.Arguments) < 2):
		return b.aggregate(aggregate, n.Arguments, at)
	case fn != nil:
		return b.scalar(fn, n.Arguments, at)
	}
	known := callable(b.place == overAggregates)
	return b.fail(at, "unknown function %s%s", callee.Value, unknown(callee.Value, known))
}

func (b *builder) scalar(fn *scalar, args []ast.Node, at int) *node {
	n := b.add(opCall, at, b.nodes(args)...)
	n.fn = fn
	if len(args) == len(fn.args) || fn.more && len(args) > len(fn.args) {
		return b.ordered(n)
	}
	also := ""
	if fn.more && b.place == inAggregate {
		also = fmt.Sprintf("; the aggregate %s(x) is of a record's fields, and cannot stand inside another", fn.name)
	} else if fn.more && b.place == inRecord && len(args) == 1 {
		also = fmt.Sprintf("; the aggregate %s(x) stands in aggregates", fn.name)
	}
	return b.fail(at, "%s takes %s, found %s%s", fn.signature(), arguments(len(fn.args), fn.more), found(len(args)), also)
}

// ordered finds bounds of clamp that no value is between.
func (b *builder) ordered(n *node) *node {
	if n.fn.three == nil {
		return n
	}
	low, isLow := signed(n.args[1])
	high, isHigh := signed(n.args[2])
	if !isLow || !isHigh || low <= high {
		return n
	}
	return b.fail(n.args[1].start, "low is above high; want %s", n.fn.signature())
}

func (b *builder) nodes(args []ast.Node) []*node {
	made := make([]*node, len(args))
	for i, a := range args {
		made[i] = b.node(a)
	}
	return made
}

func arguments(n int, more bool) string {
	switch {
	case more:
		return fmt.Sprintf("%d or more arguments", n)
	case n == 1:
		return "one argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

func found(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}
