package expression

import "slices"

// presence says when an expression, and the parts of it that stand before ?? or
// are compared with nil, are missing. Both back ends evaluate it before
// anything else.
type presence struct {
	terms  []term // each after those that it is of
	root   int    // the term of the whole; never
	byNode map[*node]int
}

// never is the term of what reads no name, or reads it below a ?? or a
// comparison with nil alone.
const never = -1

// term is true of a row where something is missing: any of reads or any of
// terms or, where both is set, the two terms together.
type term struct {
	reads []int // names of the tree
	terms []int
	both  bool
}

func presenceOf(t *Tree) *presence {
	p := &presence{byNode: map[*node]int{}}
	p.parts(t.root)
	p.root = p.of(t.root)
	return p
}

// parts makes the terms of what stands before ?? or is compared with nil.
func (p *presence) parts(n *node) {
	for _, a := range n.args {
		p.parts(a)
	}
	switch n.op {
	case opElse, opMissing, opPresent:
		p.of(n.args[0])
	}
}

// of gives the term of a part.
func (p *presence) of(n *node) int {
	if i, ok := p.byNode[n]; ok {
		return i
	}
	t := term{}
	if n.op == opElse {
		a, b := p.of(n.args[0]), p.of(n.args[1])
		t.both = a != never && b != never
		if t.both {
			t.terms = []int{a, b}
		}
	} else {
		p.collect(n, &t)
	}
	i := p.place(t)
	p.byNode[n] = i
	return i
}

// collect adds to t what makes n missing.
func (p *presence) collect(n *node, t *term) {
	switch n.op {
	case opRead:
		if !slices.Contains(t.reads, n.name) {
			t.reads = append(t.reads, n.name)
		}
	case opMissing, opPresent:
	case opElse:
		if i := p.of(n); i != never {
			t.terms = append(t.terms, i)
		}
	default:
		for _, a := range n.args {
			p.collect(a, t)
		}
	}
}

func (p *presence) place(t term) int {
	if len(t.reads) == 0 && !t.both {
		switch len(t.terms) {
		case 0:
			return never
		case 1:
			return t.terms[0]
		}
	}
	p.terms = append(p.terms, t)
	return len(p.terms) - 1
}

// strict gives the names whose NaN makes n NaN by arithmetic alone, so that
// columns of numbers need no test for them.
func strict(n *node, into map[int]bool) {
	switch n.op {
	case opRead:
		into[n.name] = true
	case opPlus, opMinus, opAdd, opSubtract, opMultiply, opDivide, opModulo:
	case opPower:
		if !squares(n) {
			return
		}
	case opCall:
		if !n.fn.strict {
			return
		}
	default:
		return
	}
	for _, a := range n.args {
		strict(a, into)
	}
}

// squares tells a power of two.
func squares(n *node) bool { return n.args[1].op == opNumber && n.args[1].number == 2 }
