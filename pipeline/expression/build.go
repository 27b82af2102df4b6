package expression

import (
	"regexp"

	"github.com/expr-lang/expr/ast"
)

// This file turns expr's nodes into ours, and refuses those that the language
// does not have.

// node stops where the bound is reached: expr shares the middle of a < b < c,
// which would double again and again.
func (b *builder) node(n ast.Node) *node {
	if b.left <= 0 {
		b.left = -1
		return &node{}
	}
	at := b.at(n.Location())
	switch n := n.(type) {
	case *ast.IntegerNode:
		return b.number(at, float64(n.Value))
	case *ast.FloatNode:
		return b.number(at, n.Value)
	case *ast.BoolNode:
		made := b.add(opBoolean, at)
		made.boolean = n.Value
		return made
	case *ast.StringNode:
		made := b.add(opText, at)
		made.text = n.Value
		return made
	case *ast.IdentifierNode, *ast.MemberNode:
		return b.field(n)
	case *ast.UnaryNode:
		return b.unary(n, at)
	case *ast.BinaryNode:
		return b.binary(n, at)
	case *ast.ConditionalNode:
		cond, yes, no := b.node(n.Cond), b.node(n.Exp1), b.node(n.Exp2)
		return b.add(opChoose, cond.start, cond, yes, no)
	case *ast.CallNode:
		return b.call(n, at)
	default:
		return b.refuse(n, at)
	}
}

func (b *builder) number(at int, v float64) *node {
	made := b.add(opNumber, at)
	made.number = v
	return made
}

func (b *builder) refuse(n ast.Node, at int) *node {
	switch n := n.(type) {
	case *ast.NilNode:
		return b.fail(at, "nil is no value; want it on the right of == or !=, or a ?? b for a value in the place of a missing one")
	case *ast.ArrayNode:
		return b.fail(at, "a list stands only on the right of in, as in x in [1, 2]")
	case *ast.MapNode:
		return b.fail(at, "maps are not in the language; values are numbers, conditions and texts")
	case *ast.SliceNode:
		return b.fail(at, "slices are not in the language; want one element, as in wave[3]")
	case *ast.ChainNode:
		return b.fail(at, "?. is not in the language, nor needed: a part of what is missing is missing; want a.b")
	case *ast.BytesNode:
		return b.fail(at, "bytes are not in the language; want a text, as in \"abc\"")
	case *ast.VariableDeclaratorNode:
		return b.fail(max(0, b.before(at, "let")), "let is not in the language; want a derived field of that name, or the expression itself")
	case *ast.SequenceNode:
		return b.fail(b.node(n.Nodes[1]).start, "this is a second expression; want one")
	}
	return b.fail(at, "this is not in the language, which has numbers, texts, conditions, operators and functions")
}

func (b *builder) unary(n *ast.UnaryNode, at int) *node {
	o, ok := unaries[n.Operator]
	if !ok {
		return b.fail(at, "%s is not in the language", n.Operator)
	}
	return b.add(o, at, b.node(n.Node))
}

func (b *builder) binary(n *ast.BinaryNode, at int) *node {
	o, ok := binaries[n.Operator]
	_, leftNil := n.Left.(*ast.NilNode)
	_, rightNil := n.Right.(*ast.NilNode)
	switch {
	case n.Operator == "..":
		return b.fail(at, "ranges are not in the language; want comparisons, as in 1 <= x <= 5")
	case !ok:
		return b.fail(at, "%s is not in the language", n.Operator)
	case (o == opEqual || o == opUnequal) && leftNil != rightNil:
		return b.present(n, o, at, leftNil)
	case o == opIn:
		return b.in(n, at)
	case o == opMatches:
		return b.matches(n, at)
	}
	left := b.node(n.Left)
	return b.add(o, at, left, b.node(n.Right))
}

// present is a comparison with nil.
func (b *builder) present(n *ast.BinaryNode, o op, at int, leftNil bool) *node {
	of := n.Left
	if leftNil {
		of = n.Right
	}
	if o == opEqual {
		return b.add(opMissing, at, b.node(of))
	}
	return b.add(opPresent, at, b.node(of))
}

func (b *builder) in(n *ast.BinaryNode, at int) *node {
	args := []*node{b.node(n.Left)}
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return b.fail(b.node(n.Right).start, "in takes a list of constants, as in x in [1, 2]; contains looks for a part of a text")
	}
	if len(list.Nodes) == 0 {
		return b.fail(b.at(list.Location()), "nothing is in an empty list; want constants, as in x in [1, 2]")
	}
	for _, e := range list.Nodes {
		args = append(args, b.element(e))
	}
	return b.add(opIn, at, args...)
}

// element is a constant of a list: a number, with its sign, or a text.
func (b *builder) element(n ast.Node) *node {
	made := b.node(n)
	if v, ok := signed(made); ok {
		return b.number(made.at, v)
	} else if made.op == opText {
		return made
	}
	return b.fail(made.start, "a list that in looks into holds numbers or texts; for fields, compare one by one: x == a || x == b")
}

// signed gives a number that is written out, with its sign.
func signed(n *node) (v float64, ok bool) {
	switch {
	case n.op == opNumber:
		return n.number, true
	case n.op == opMinus && n.args[0].op == opNumber:
		return -n.args[0].number, true
	case n.op == opPlus && n.args[0].op == opNumber:
		return n.args[0].number, true
	}
	return 0, false
}

func (b *builder) matches(n *ast.BinaryNode, at int) *node {
	left := b.node(n.Left)
	literal, ok := n.Right.(*ast.StringNode)
	if !ok {
		return b.fail(b.node(n.Right).start, "matches takes a constant regular expression, as in host matches \"^mount-[0-9]+$\"")
	}
	made := b.add(opMatches, at, left)
	pattern, err := regexp.Compile(literal.Value)
	if err != nil {
		return b.fail(b.at(literal.Location()), "this is no regular expression of Go's syntax: %s", reason(err))
	}
	made.text, made.pattern = literal.Value, pattern
	return made
}
