package codec

import (
	"errors"
	"fmt"
	"strings"
)

// Decoder reads the wanted fields of one writer schema's bodies into columns. It
// is immutable, and safe for concurrent use.
type Decoder struct {
	programs [][]op // the first is the record's
	absent   []int  // slots of wanted fields that the schema does not have
}

// op is one step over the bytes.
type op struct {
	code     opcode
	n        int // bytes; values; symbols; or the index of a program
	slot     int
	doubles  []read   // of opFixed
	floats   []read   // of opFixed
	kinds    []kind   // of opNumber: the union's branches
	branches []branch // of opUnion
	item     extent   // of opBlocks
}

// read is a number inside a run of fixed bytes.
type read struct{ at, slot int }

// branch is how a branch of a union is skipped: its bytes when they are fixed, or
// else by a program.
type branch struct{ fixed, program int }

type opcode uint8

const (
	opFixed   opcode = iota // n bytes, in which doubles and floats are read
	opInts                  // skip n ints
	opLongs                 // skip n longs
	opStrings               // skip n strings or bytes
	opEnum                  // skip the index of one of n symbols
	opInt                   // read an int to slot
	opLong                  // read a long to slot
	opNumber                // read a union of numbers and null to slot
	opUnion                 // skip a union
	opBlocks                // skip an array or map of items, each by program n
	opCall                  // run program n
)

// CompileDecoder makes the decoder of s that reads the fields of want, by path,
// each into its column. A field that s does not have is missing in every record;
// one that is not a number is an error that names it and its type.
func CompileDecoder(s *Schema, want map[string]int) (*Decoder, error) {
	if s.root.kind != kindRecord {
		return nil, fmt.Errorf("the schema is of type %s, not a record", s.root)
	}
	c := compiler{programs: make([][]op, 1), done: map[*node]int{}}
	found := make(map[string]bool, len(want))
	var ops []op
	var wrong []string
	for _, f := range s.root.fields {
		slot, ok := want[f.name]
		switch {
		case !ok:
			ops = c.skip(ops, f.typ)
			continue
		case !f.typ.numeric():
			wrong = append(wrong, fmt.Sprintf("field %s is of type %s, not a number", f.name, f.typ))
		}
		found[f.name] = true
		ops = c.read(ops, f.typ, slot)
	}
	if wrong != nil {
		return nil, errors.New(strings.Join(wrong, "; "))
	}
	c.programs[0] = ops
	d := &Decoder{programs: c.programs}
	for path, slot := range want {
		if !found[path] {
			d.absent = append(d.absent, slot)
		}
	}
	return d, nil
}

// compiler gathers programs: the record's, and one for each type that is not
// skipped in line, so that neither recursion nor types used many times unroll.
type compiler struct {
	programs [][]op
	done     map[*node]int
}

// read appends the reading of a numeric type.
func (c *compiler) read(ops []op, n *node, slot int) []op {
	code := numbers[n.kind]
	switch {
	case n.kind == kindUnion:
		o := op{code: opNumber, slot: slot}
		for _, b := range n.branches {
			o.kinds = append(o.kinds, b.kind)
		}
		return append(ops, o)
	case code != opFixed:
		return append(ops, op{code: code, slot: slot})
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
		return append(ops, c.union(n))
	case kindRecord:
		return append(ops, op{code: opCall, n: c.program(n)})
	case kindMap:
		return append(ops, c.pairs(n))
	default:
		return append(ops, c.items(n))
	}
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

func (c *compiler) union(n *node) op {
	o := op{code: opUnion, branches: make([]branch, len(n.branches))}
	for i, b := range n.branches {
		o.branches[i].fixed = b.extent.fixed
		if b.extent.fixed < 0 {
			o.branches[i].program = c.program(b)
		}
	}
	return o
}

func (c *compiler) items(n *node) op {
	o := op{code: opBlocks, item: n.item.extent}
	if n.item.extent.fixed < 0 {
		o.n = c.program(n.item)
	}
	return o
}

// pairs is items whose every item is a key and a value.
func (c *compiler) pairs(n *node) op {
	o := op{code: opBlocks, n: len(c.programs), item: extent{min: 1 + n.item.extent.min, fixed: -1}}
	c.programs = append(c.programs, nil)
	c.programs[o.n] = c.skip([]op{{code: opStrings, n: 1}}, n.item)
	return o
}

// program gives the index of the program that skips n.
func (c *compiler) program(n *node) int {
	if i, ok := c.done[n]; ok {
		return i
	}
	i := len(c.programs)
	c.programs = append(c.programs, nil)
	c.done[n] = i
	var ops []op
	if n.kind == kindRecord {
		for _, f := range n.fields {
			ops = c.skip(ops, f.typ)
		}
	} else {
		ops = c.skip(ops, n)
	}
	c.programs[i] = ops
	return i
}
