package codec

import (
	"maps"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// op is one step over the bytes.
type op struct {
	code     opcode
	n        int // bytes; values; symbols; or the index of a program
	slot     int
	doubles  []read   // of opFixed
	floats   []read   // of opFixed
	span     int      // of opFixed: which of the spans that are read together, from 1; 0: none
	kinds    []kind   // of opNumber: the union's branches
	branches []branch // of opUnion
	blocks   *blocks  // of opBlocks
	leaf     *leaf    // of opValue and opMissing
}

// blocks is an array or a map, each of its items skipped by a program unless its
// bytes are fixed, or read as an element.
type blocks struct {
	item     extent
	program  int
	elements []element // in order
}

// read is a number inside a run of fixed bytes.
type read struct{ at, slot int }

// branch is how a branch of a union is gone through: its bytes when they are
// skipped and fixed, or else by a program.
type branch struct{ fixed, program int }

// element is an element of an array that a program reads, and what is missing
// where the array ends before it.
type element struct {
	at, program int
	columns     []column
}

type opcode uint8

const (
	opFixed   opcode = iota // n bytes, in which doubles and floats are read
	opInts                  // skip n ints
	opLongs                 // skip n longs
	opStrings               // skip n strings or bytes
	opEnum                  // skip the index of one of n symbols
	opInt                   // read an int to slot
	opLong                  // read a long to slot
	opNumber                // read a union of plain numbers and null to slot
	opValue                 // read leaf
	opMissing               // nothing is there for the columns of leaf
	opUnion                 // go through a union
	opBlocks                // go through an array or map
	opCall                  // run program n
)

// compiler gathers programs: the record's, and one for each type that is not gone
// through in line, so that neither recursion nor types used many times unroll.
type compiler struct {
	programs [][]op
	done     map[task]int
}

// task is what a program does: it reads what is wanted, if anything, of a type.
type task struct {
	node   *node
	wanted *wanted
}

// read appends the reading of what w wants of a value of type n.
func (c *compiler) read(ops []op, n *node, w *wanted) []op {
	switch {
	case w == nil:
		return c.skip(ops, n)
	case w.columns != nil:
		return c.value(ops, n, w)
	case n.kind == kindRecord:
		return c.record(ops, n, w)
	case n.kind == kindUnion:
		return append(ops, c.union(n, w))
	case n.kind == kindArray:
		return append(ops, c.items(n, w))
	}
	return append(ops, op{code: opMissing, leaf: &leaf{columns: w.all()}}) // null
}

// record appends a record in line, so that its fixed fields join the run.
func (c *compiler) record(ops []op, n *node, w *wanted) []op {
	for _, f := range n.fields {
		ops = c.read(ops, f.typ, w.fields[f.name])
	}
	absent := &wanted{fields: maps.Clone(w.fields)}
	for _, f := range n.fields {
		delete(absent.fields, f.name)
	}
	if columns := absent.all(); len(columns) > 0 {
		ops = append(ops, op{code: opMissing, leaf: &leaf{columns: columns}})
	}
	return ops
}

// value appends the reading of a value that is no nest. Plain numbers, by far the
// most, have their own operations.
func (c *compiler) value(ops []op, n *node, w *wanted) []op {
	if len(w.columns) > 1 || w.columns[0].form != pipeline.Number || !n.numeric() {
		return append(ops, op{code: opValue, leaf: newLeaf(n, w.path, w.columns)})
	}
	slot := w.columns[0].slot
	switch n.kind {
	case kindUnion:
		o := op{code: opNumber, slot: slot}
		for _, b := range n.branches {
			o.kinds = append(o.kinds, b.kind)
		}
		return append(ops, o)
	case kindInt:
		return append(ops, op{code: opInt, slot: slot})
	case kindLong:
		return append(ops, op{code: opLong, slot: slot})
	}
	ops = fixed(ops, n.extent.fixed)
	o := &ops[len(ops)-1]
	r := read{at: o.n - n.extent.fixed, slot: slot}
	if n.kind == kindFloat {
		o.floats = append(o.floats, r)
	} else {
		o.doubles = append(o.doubles, r)
	}
	return ops
}

// union goes through a union by its branches, each of which may hold what w wants.
func (c *compiler) union(n *node, w *wanted) op {
	o := op{code: opUnion, branches: make([]branch, len(n.branches))}
	for i, b := range n.branches {
		o.branches[i].fixed = b.extent.fixed
		if b.extent.fixed < 0 || w != nil {
			o.branches[i] = branch{fixed: -1, program: c.program(b, w)}
		}
	}
	return o
}

// items goes through an array, of which w may want some elements.
func (c *compiler) items(n *node, w *wanted) op {
	a := &blocks{item: n.item.extent}
	if a.item.fixed < 0 {
		a.program = c.program(n.item, nil)
	}
	if w != nil {
		for _, at := range slices.Sorted(maps.Keys(w.items)) {
			a.elements = append(a.elements, element{at: at, program: c.program(n.item, w.items[at]), columns: w.items[at].all()})
		}
	}
	return op{code: opBlocks, blocks: a}
}

// program gives the index of the program that goes through n and reads what w wants.
func (c *compiler) program(n *node, w *wanted) int {
	t := task{n, w}
	if i, ok := c.done[t]; ok {
		return i
	}
	i := len(c.programs)
	c.programs = append(c.programs, nil)
	c.done[t] = i
	var ops []op
	if w == nil && n.kind == kindRecord {
		for _, f := range n.fields {
			ops = c.skip(ops, f.typ)
		}
	} else {
		ops = c.read(ops, n, w)
	}
	c.programs[i] = ops
	return i
}
