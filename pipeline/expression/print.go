package expression

import (
	"slices"
	"strconv"
	"strings"
)

// String writes the expression in one way for all that parse alike: spaces,
// needless parentheses and synonyms gone.
func (t *Tree) String() string { return t.text(t.root) }

func (t *Tree) text(n *node) string {
	var b strings.Builder
	t.print(&b, n)
	return b.String()
}

func (t *Tree) print(b *strings.Builder, n *node) {
	switch n.op {
	case opNumber:
		b.WriteString(strconv.FormatFloat(n.number, 'g', -1, 64))
	case opBoolean:
		b.WriteString(strconv.FormatBool(n.boolean))
	case opText:
		b.WriteString(strconv.Quote(n.text))
	case opRead:
		b.WriteString(t.names[n.name].path)
	case opCall:
		t.printList(b, n.fn.name+"(", n.args, ")")
	case opPlus, opMinus, opNot:
		b.WriteString(symbols[n.op].text)
		t.printArg(b, n, n.args[0], false)
	case opChoose:
		t.printArg(b, n, n.args[0], false)
		b.WriteString(" ? ")
		t.printArg(b, n, n.args[1], false)
		b.WriteString(" : ")
		t.printArg(b, n, n.args[2], false)
	default:
		t.printArg(b, n, n.args[0], true)
		b.WriteString(" " + symbols[n.op].text + " ")
		t.printRight(b, n)
	}
}

func (t *Tree) printRight(b *strings.Builder, n *node) {
	switch n.op {
	case opMissing, opPresent:
		b.WriteString("nil")
	case opMatches:
		b.WriteString(strconv.Quote(n.text))
	case opIn:
		t.printList(b, "[", n.args[1:], "]")
	default:
		t.printArg(b, n, n.args[1], false)
	}
}

func (t *Tree) printList(b *strings.Builder, open string, args []*node, end string) {
	b.WriteString(open)
	for i, a := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		t.print(b, a)
	}
	b.WriteString(end)
}

func (t *Tree) printArg(b *strings.Builder, n, arg *node, left bool) {
	if !enclosed(n, arg, left) {
		t.print(b, arg)
		return
	}
	b.WriteByte('(')
	t.print(b, arg)
	b.WriteByte(')')
}

// enclosed tells whether an argument of n needs parentheses.
func enclosed(n, arg *node, left bool) bool {
	inner, operator := symbols[arg.op]
	outer := symbols[n.op]
	switch {
	case !operator:
		return false
	case arg.op == opElse || n.op == opElse: // which expr mixes with nothing
		return true
	case inner.binds == outer.binds:
		return !left || !slices.Contains(leftToRight, n.op)
	}
	return inner.binds < outer.binds
}

// leftToRight are the operators of which a op b op c is (a op b) op c, and
// nothing else.
var leftToRight = []op{opAdd, opSubtract, opMultiply, opDivide, opModulo, opAnd, opOr}
