package codec

import "slices"

// This file compiles what is gone through without reading it.

// skip appends the skipping of any type.
func (c *compiler) skip(ops []op, n *node) []op {
	if n.extent.fixed >= 0 {
		return fixed(ops, n.extent.fixed)
	}
	switch n.kind {
	case kindInt:
		return repeat(ops, opInts)
	case kindLong:
		return repeat(ops, opLongs)
	case kindBytes, kindString:
		return repeat(ops, opStrings)
	case kindEnum:
		return append(ops, op{code: opEnum, n: len(n.symbols)})
	case kindUnion:
		return append(ops, c.union(n, nil))
	case kindRecord:
		if !n.flat() {
			return append(ops, op{code: opCall, n: c.program(n, nil)})
		}
		for _, f := range n.fields {
			ops = c.skip(ops, f.typ)
		}
		return ops
	case kindMap:
		return append(ops, c.pairs(n))
	default:
		return append(ops, c.items(n, nil))
	}
}

// flat tells that a record is skipped in line: it has few fields, and none of them
// holds others, so that neither recursion nor use in many places makes it long.
func (n *node) flat() bool {
	const few = 8
	nest := func(f field) bool {
		k := f.typ.kind
		return k == kindRecord || k == kindArray || k == kindMap || k == kindUnion
	}
	return len(n.fields) <= few && !slices.ContainsFunc(n.fields, nest)
}

// fixed appends n bytes, to the run before them if there is one.
func fixed(ops []op, n int) []op {
	if last := len(ops) - 1; last >= 0 && ops[last].code == opFixed {
		ops[last].n = min(ops[last].n+n, boundless)
		return ops
	}
	if n == 0 {
		return ops
	}
	return append(ops, op{code: opFixed, n: n})
}

// repeat appends one more value to skip by code.
func repeat(ops []op, code opcode) []op {
	if last := len(ops) - 1; last >= 0 && ops[last].code == code {
		ops[last].n++
		return ops
	}
	return append(ops, op{code: code, n: 1})
}

// pairs is items whose every item is a key and a value.
func (c *compiler) pairs(n *node) op {
	m := &blocks{item: extent{min: 1 + n.item.extent.min, fixed: -1}, program: len(c.programs)}
	c.programs = append(c.programs, nil)
	c.programs[m.program] = c.skip([]op{{code: opStrings, n: 1}}, n.item)
	return op{code: opBlocks, blocks: m}
}
