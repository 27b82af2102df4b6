package expression

// Checked is an expression whose types are known. It is immutable.
type Checked struct {
	Type  Type   // of its values
	Reads []Read // each name once, in the order in which they stand first
	tree  *Tree
	types []Type // by node
}

// Field gives the path of a tree that is nothing but one name.
func (t *Tree) Field() (path string, ok bool) {
	if t.root.op != opRead || t.names[t.root.name].call >= 0 {
		return "", false
	}
	return t.names[t.root.name].path, true
}

// Check infers the types of the names that scope does not tell, which may be
// nil, and finds what does not go together. Where Number is wanted a condition
// does too, as 1 and 0; Checked.Type tells.
func (t *Tree) Check(scope Scope, want Type) (*Checked, error) {
	c := &inference{tree: t, classes: make([]class, t.nodes+len(t.names))}
	for i := range c.classes {
		c.classes[i].parent = i
	}
	for i, n := range t.names {
		if typ := typeOf(n, scope); typ != Any {
			*c.class(t.nodes + i) = class{parent: t.nodes + i, typ: typ, known: true}
		}
	}
	c.infer(t.root)
	c.wantRoot(want)
	c.wantSums()
	c.wantOrders()
	if err := c.errs.err(); err != nil {
		return nil, err
	}
	return c.result(), nil
}

// typeOf gives the type of a name that is known beforehand.
func typeOf(n name, scope Scope) Type {
	if n.call >= 0 {
		return Number
	}
	if scope != nil {
		if typ, ok := scope(n.path); ok {
			return typ
		}
	}
	return metadata[n.path]
}

// class is a set of nodes and names that are of one type. Every node and every
// name begins as its own; what is compared is joined.
type class struct {
	parent int // itself: of this set, else a nearer member to the one that is
	typ    Type
	known  bool  // a scope tells
	flag   bool  // a name known to be Boolean, which may be read as a Number
	why    *node // what first said the type, nil of a literal's or a known name's
}

type inference struct {
	tree    *Tree
	errs    Errors
	classes []class
	orders  []*node // comparisons by < and its like
	sums    []*node // whose type showed later, if at all
}

func (c *inference) find(i int) int {
	for c.classes[i].parent != i {
		i = c.classes[i].parent
	}
	return i
}

func (c *inference) class(i int) *class { return &c.classes[c.find(i)] }

func (c *inference) of(n *node) *class { return c.class(n.id) }

// infer goes through the arguments, then says what n makes of them.
func (c *inference) infer(n *node) {
	for _, a := range n.args {
		c.infer(a)
	}
	switch n.op {
	case opNumber:
		c.is(n, Number)
	case opBoolean:
		c.is(n, Boolean)
	case opText:
		c.is(n, Text)
	case opRead:
		c.read(n)
	case opAdd:
		c.add(n)
	case opPlus, opMinus, opSubtract, opMultiply, opDivide, opModulo, opPower:
		c.takes(n, Number, Number)
	case opNot, opAnd, opOr:
		c.takes(n, Boolean, Boolean)
	case opContains, opStartsWith, opEndsWith, opMatches:
		c.takes(n, Text, Boolean)
	case opCall:
		c.takes(n, n.fn.takes, n.fn.gives)
	default:
		c.compares(n)
	}
}

// compares goes on with what takes values of any type, if of one.
func (c *inference) compares(n *node) {
	switch n.op {
	case opMissing, opPresent:
		c.is(n, Boolean)
	case opEqual, opUnequal:
		c.same(n, n.args[0], n.args[1])
		c.is(n, Boolean)
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		if c.same(n, n.args[0], n.args[1]) {
			c.orders = append(c.orders, n)
		}
		c.is(n, Boolean)
	case opIn:
		for _, e := range n.args[2:] {
			c.same(n, n.args[1], e)
		}
		c.same(n, n.args[0], n.args[1])
		c.is(n, Boolean)
	case opChoose:
		c.want(n, n.args[0], Boolean)
		c.same(n, n.args[1], n.args[2])
		c.join(n.id, n.args[1].id)
	case opElse:
		c.same(n, n.args[0], n.args[1])
		c.join(n.id, n.args[0].id)
	}
}

func (c *inference) is(n *node, t Type) { c.of(n).typ = t }

// read joins a node with its name. What a scope knows as Boolean may be a number
// in one place and a condition in another.
func (c *inference) read(n *node) {
	name := c.tree.nodes + n.name
	if k := c.class(name); k.known && k.typ == Boolean {
		*c.of(n) = class{parent: n.id, flag: true}
		return
	} else if k.known {
		*c.of(n) = class{parent: n.id, typ: k.typ, known: true}
		return
	}
	c.join(name, n.id)
}

// add is of texts if either side is one, of numbers if either is something
// else, and of what shows later while both are open.
func (c *inference) add(n *node) {
	a, b := c.of(n.args[0]), c.of(n.args[1])
	x, y := a.typ, b.typ
	switch {
	case x == Any && y == Any && !a.flag && !b.flag:
		c.join(n.args[0].id, n.args[1].id)
		c.join(n.args[0].id, n.id)
		c.sums = append(c.sums, n)
	case x != Text && y != Text:
		c.takes(n, Number, Number)
	case x == y || x == Any || y == Any:
		c.takes(n, Text, Text)
	default: // and n stays open, so that nothing follows from it
		c.errs.add(n.at, "%s", c.unlike(n, n.args[0], n.args[1]))
	}
}

func (c *inference) takes(n *node, takes, gives Type) {
	for _, a := range n.args {
		c.want(n, a, takes)
	}
	c.is(n, gives)
}

// want makes an argument of n a type, or says why it is not. by is nil for what
// the whole expression is for.
func (c *inference) want(by, n *node, t Type) {
	k := c.of(n)
	switch {
	case k.typ == t:
	case k.typ == Any && !(k.flag && t == Text):
		k.typ, k.why = t, by
	default:
		c.errs.add(n.start, "%s", c.clash(by, n, t))
	}
}

// same makes two arguments of n one type, or says why they are not.
func (c *inference) same(n, x, y *node) bool {
	a, b := c.of(x), c.of(y)
	switch {
	case a.typ == b.typ:
		c.join(x.id, y.id)
	case a.typ == Any:
		c.want(n, x, b.typ)
		c.joinIf(a.typ == b.typ, x, y)
	case b.typ == Any || y.op == opRead && !b.known:
		c.want(n, y, a.typ)
		c.joinIf(a.typ == b.typ, x, y)
	case x.op == opRead && !a.known:
		c.want(n, x, b.typ)
	default:
		c.errs.add(where(n, y), "%s", c.unlike(n, x, y))
	}
	return c.of(x).typ == c.of(y).typ
}

// where is the place to say that y is unlike what stands before it in n.
func where(n, y *node) int {
	if n.op == opChoose || n.op == opIn && y != n.args[1] {
		return y.start
	}
	return n.at
}

func (c *inference) joinIf(ok bool, x, y *node) {
	if ok {
		c.join(x.id, y.id)
	}
}

// join makes two sets one. Their types are the same, or one is open.
func (c *inference) join(i, j int) {
	i, j = c.find(i), c.find(j)
	if i == j {
		return
	}
	a, b := &c.classes[i], &c.classes[j]
	if a.typ == Any {
		a.typ, a.why = b.typ, b.why
	}
	a.flag = a.flag || b.flag
	a.known = a.known && b.known
	b.parent = i
}
