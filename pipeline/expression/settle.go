package expression

// This file settles what inference leaves open.

// wantRoot says what the whole is for.
func (c *inference) wantRoot(want Type) {
	root := c.tree.root
	if want == Any || want == Number && c.of(root).typ == Boolean {
		return
	}
	if k := c.of(root); want == Boolean && root.op == opAdd && k.typ == Any {
		k.typ = Number
	}
	c.want(nil, root, want)
}

// wantSums finds conditions among what is added.
func (c *inference) wantSums() {
	for _, n := range c.sums {
		switch k := c.of(n); {
		case k.typ == Boolean:
			c.errs.add(n.args[0].start, "%s", c.clash(n, n.args[0], Number))
		case k.typ == Any && k.flag:
			k.typ = Number
		}
	}
}

// wantOrders finds conditions among what is compared by <.
func (c *inference) wantOrders() {
	for _, n := range c.orders {
		if k := c.of(n.args[0]); k.settled() != Boolean {
			continue
		}
		wrong := n.args[0]
		if wrong.op == opRead { // which the other side may have made a condition
			wrong = n.args[1]
		}
		c.errs.add(wrong.start, "%s orders numbers or texts, and %s is a condition", symbols[n.op].text, c.shown(wrong))
	}
}

// result settles what is open.
func (c *inference) result() *Checked {
	t := c.tree
	r := &Checked{tree: t, types: make([]Type, t.nodes)}
	for i := range r.types {
		r.types[i] = c.class(i).settled()
	}
	r.Type = r.types[t.root.id]
	for i, n := range t.names {
		k := c.class(t.nodes + i)
		r.Reads = append(r.Reads, Read{
			Name: n.path, Call: n.call, Type: k.settled(), Open: k.typ == Any && !k.flag, Offset: n.at,
		})
	}
	return r
}

func (k *class) settled() Type {
	switch {
	case k.typ != Any:
		return k.typ
	case k.flag:
		return Boolean
	}
	return Number
}
