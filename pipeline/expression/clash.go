package expression

import "fmt"

// This file says what is wrong with types.

// clash says that n is not of the type that by takes. Of a field, what it was
// taken for before is named.
func (c *inference) clash(by, n *node, t Type) string {
	k := c.of(n)
	if n.op == opRead && !k.known && !k.flag && k.why != nil && k.why != by {
		return fmt.Sprintf("%s is %s here, and %s in %s: a field has one type in an expression",
			c.shown(n), t, k.typ, c.shown(k.why))
	}
	is := k.typ
	if k.flag {
		is = Boolean
	}
	return fmt.Sprintf("%s, and %s is %s%s", c.taker(by, t), c.shown(n), is, advice(is, t))
}

// taker says who takes what.
func (c *inference) taker(by *node, t Type) string {
	switch {
	case by != nil && by.op == opCall:
		return fmt.Sprintf("%s takes %s", by.fn.name, t)
	case by != nil && by.op == opChoose:
		return "a condition is wanted before ?"
	case by != nil:
		return fmt.Sprintf("%s takes %s", symbols[by.op].text, t.several())
	case c.tree.call != nil:
		return fmt.Sprintf("%s takes %s", c.tree.call.Function.Name, t)
	}
	return fmt.Sprintf("%s is wanted", t)
}

func (t Type) several() string {
	return [...]string{"anything", "numbers", "conditions", "texts"}[t]
}

// advice tells the way from one type to another.
func advice(is, want Type) string {
	switch {
	case is == Number && want == Boolean:
		return ": compare it with something"
	case is == Boolean && want == Number:
		return ": choose numbers for it, as in condition ? 1 : 0"
	}
	return ""
}

// unlike says that two arguments of n are of different types.
func (c *inference) unlike(n, x, y *node) string {
	what := symbols[n.op].text + " compares what is of one type"
	switch n.op {
	case opAdd:
		what = "+ adds numbers or joins texts"
	case opChoose:
		what = "both values of ? : are of one type"
	case opElse:
		what = "both sides of ?? are of one type"
	case opIn:
		what = "in looks among values of one type"
	}
	also := ""
	if x.op == opNot {
		also = fmt.Sprintf(": %s is of what follows it alone; want parentheses around the comparison", symbols[opNot].text)
	}
	return fmt.Sprintf("%s, and %s is %s, %s %s%s", what, c.shown(x), c.of(x).typ, c.shown(y), c.of(y).typ, also)
}

// shown is a part of the expression as messages name it.
func (c *inference) shown(n *node) string {
	text := []rune(c.tree.text(n))
	if len(text) > 40 {
		return string(text[:39]) + "…"
	}
	return string(text)
}
