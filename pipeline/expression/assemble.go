package expression

import (
	"bytes"
	"math"
	"slices"
)

// assembler makes the steps of columns.
type assembler struct {
	*columns
	checked  *Checked
	presence *presence
	bindings []binding
	loaded   map[int]int    // name -> register, in the bank of its type
	constant map[uint64]int // bits -> register of numbers
	literal  map[string]int // -> register of texts
	terms    []int          // of presence -> register of booleans
}

func newColumns(c *Checked, p *presence, bindings []binding) *columns {
	a := &assembler{
		columns: &columns{missing: never}, checked: c, presence: p, bindings: bindings,
		loaded: map[int]int{}, constant: map[uint64]int{}, literal: map[string]int{},
	}
	for i := range p.terms {
		a.term(i)
	}
	a.result = a.value(c.tree.root)
	a.isNumber = c.types[c.tree.root.id] == Number
	return a.columns
}

func (a *assembler) step(s func(*frame)) { a.steps = append(a.steps, s) }

func (a *assembler) typ(n *node) Type { return a.checked.types[n.id] }

// bankOf gives the bank that values of a type are in.
func (a *assembler) bankOf(t Type) *bank {
	return &a.banks[map[Type]int{Number: numberBank, Boolean: booleanBank, Text: textBank}[t]]
}

// term makes a step for what is missing. Of the whole's own, names are left out
// whose NaN makes the result NaN anyway.
func (a *assembler) term(i int) {
	t := a.presence.terms[i]
	out := a.banks[booleanBank].fixed(kept)
	a.terms = append(a.terms, out)
	if i == a.presence.root {
		root := a.checked.tree.root
		spared := map[int]bool{}
		if a.typ(root) == Number {
			strict(root, spared)
		}
		t.reads = slices.DeleteFunc(slices.Clone(t.reads), func(r int) bool { return spared[r] })
		if len(t.reads)+len(t.terms) == 0 {
			return
		}
		a.missing = out
	}
	if t.both {
		x, y := a.terms[t.terms[0]], a.terms[t.terms[1]]
		a.step(func(f *frame) { both(f.booleans[out][:f.n], f.booleans[x], f.booleans[y]) })
		return
	}
	a.step(func(f *frame) { clear(f.booleans[out][:f.n]) })
	for _, r := range t.reads {
		a.absent(out, r)
	}
	for _, of := range t.terms {
		x := a.terms[of]
		a.step(func(f *frame) { either(f.booleans[out][:f.n], f.booleans[out], f.booleans[x]) })
	}
}

// absent adds the rows where a name is missing.
func (a *assembler) absent(out, name int) {
	x := a.load(name)
	if a.bindings[name].typ == Text {
		a.step(func(f *frame) { missingTexts(f.booleans[out][:f.n], f.texts[x]) })
	} else {
		a.step(func(f *frame) { missingNumbers(f.booleans[out][:f.n], f.numbers[x]) })
	}
}

// load gives the register of a name's column; of booleans, they are numbers.
func (a *assembler) load(name int) int {
	if r, ok := a.loaded[name]; ok {
		return r
	}
	b := a.bindings[name]
	var r int
	switch {
	case b.slot < 0 && b.typ == Text:
		r = a.banks[textBank].fixed(kept) // never filled, and so all nil
	case b.slot < 0:
		r = a.number(math.NaN())
	case b.typ == Text:
		r = a.banks[textBank].fixed(input)
		a.reads = append(a.reads, load{r, name})
	default:
		r = a.banks[numberBank].fixed(input)
		a.reads = append(a.reads, load{r, name})
	}
	a.loaded[name] = r
	return r
}

func (a *assembler) number(v float64) int {
	if r, ok := a.constant[math.Float64bits(v)]; ok {
		return r
	}
	r := a.banks[numberBank].fixed(kept)
	a.numbers = append(a.numbers, constant[float64]{r, v})
	a.constant[math.Float64bits(v)] = r
	return r
}

func (a *assembler) text(s string) int {
	if r, ok := a.literal[s]; ok {
		return r
	}
	r := a.banks[textBank].fixed(kept)
	a.texts = append(a.texts, constant[[]byte]{r, append([]byte{}, s...)})
	a.literal[s] = r
	return r
}

// value makes the steps for n, and gives the register of what they leave.
func (a *assembler) value(n *node) int {
	switch n.op {
	case opNumber:
		return a.number(n.number)
	case opText:
		return a.text(n.text)
	case opBoolean:
		return a.all(n.boolean)
	case opRead:
		return a.read(n)
	case opPlus:
		return a.value(n.args[0])
	case opMissing, opPresent:
		return a.tested(n)
	case opElse:
		return a.otherwise(n)
	case opChoose:
		cond := a.value(n.args[0])
		return a.choose(a.typ(n), cond, n.args[1], n.args[2])
	case opIn:
		return a.in(n)
	}
	args := make([]int, len(n.args))
	for i, arg := range n.args {
		args[i] = a.value(arg)
	}
	if n.op == opPower && squares(n) {
		return a.column(squared, args[0])
	}
	return a.apply(n, args)
}

func (a *assembler) all(v bool) int {
	out, b := a.banks[booleanBank].take(), bit(v)
	a.step(func(f *frame) { fill(f.booleans[out][:f.n], b) })
	return out
}

func bit(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}

// read gives a name's column; of a boolean that is read as one, a copy of
// booleans.
func (a *assembler) read(n *node) int {
	x := a.load(n.name)
	if a.typ(n) != Boolean {
		return x
	}
	out := a.banks[booleanBank].take()
	a.step(func(f *frame) { booleansOf(f.booleans[out][:f.n], f.numbers[x]) })
	return out
}

// tested is a comparison with nil.
func (a *assembler) tested(n *node) int {
	t := a.presence.of(n.args[0])
	if t == never {
		return a.all(n.op == opPresent)
	}
	x, out := a.terms[t], a.banks[booleanBank].take()
	if n.op == opPresent {
		a.step(func(f *frame) { not(f.booleans[out][:f.n], f.booleans[x]) })
	} else {
		a.step(func(f *frame) { copy(f.booleans[out][:f.n], f.booleans[x]) })
	}
	return out
}

// otherwise is a ?? b: b where a is missing.
func (a *assembler) otherwise(n *node) int {
	t := a.presence.of(n.args[0])
	if t == never {
		return a.value(n.args[0])
	}
	return a.choose(a.typ(n), a.terms[t], n.args[1], n.args[0])
}

// choose computes both, and takes yes where cond holds.
func (a *assembler) choose(t Type, cond int, yes, no *node) int {
	x, y := a.value(yes), a.value(no)
	bank := a.bankOf(t)
	a.banks[booleanBank].give(cond)
	bank.give(x, y)
	out := bank.take()
	switch t {
	case Number:
		a.step(func(f *frame) { chooseNumbers(f.numbers[out][:f.n], f.booleans[cond], f.numbers[x], f.numbers[y]) })
	case Boolean:
		a.step(func(f *frame) { choose(f.booleans[out][:f.n], f.booleans[cond], f.booleans[x], f.booleans[y]) })
	default:
		a.step(func(f *frame) { choose(f.texts[out][:f.n], f.booleans[cond], f.texts[x], f.texts[y]) })
	}
	return out
}

func (a *assembler) in(n *node) int {
	x := a.value(n.args[0])
	if a.typ(n.args[0]) == Text {
		set := make([][]byte, 0, len(n.args)-1)
		for _, e := range n.args[1:] {
			set = append(set, []byte(e.text))
		}
		return a.test(x, func(text []byte) bool {
			return slices.ContainsFunc(set, func(e []byte) bool { return bytes.Equal(e, text) })
		})
	}
	set := make([]float64, 0, len(n.args)-1)
	for _, e := range n.args[1:] {
		set = append(set, e.number)
	}
	a.banks[numberBank].give(x)
	out := a.banks[booleanBank].take()
	a.step(func(f *frame) { within(f.booleans[out][:f.n], f.numbers[x], set) })
	return out
}

// test makes a step from texts to booleans.
func (a *assembler) test(x int, is func([]byte) bool) int {
	a.banks[textBank].give(x)
	out := a.banks[booleanBank].take()
	a.step(func(f *frame) {
		text := f.texts[x]
		for i := range f.booleans[out][:f.n] {
			f.booleans[out][i] = bit(is(text[i]))
		}
	})
	return out
}
