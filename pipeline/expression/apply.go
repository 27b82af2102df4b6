package expression

import "bytes"

// This file makes the steps of operators and functions whose arguments are
// registers already.

func (a *assembler) apply(n *node, args []int) int {
	switch n.op {
	case opCall:
		return a.call(n.fn, args)
	case opMatches:
		return a.test(args[0], n.pattern.Match)
	case opContains:
		return a.test2(bytes.Contains, args[0], args[1])
	case opStartsWith:
		return a.test2(bytes.HasPrefix, args[0], args[1])
	case opEndsWith:
		return a.test2(bytes.HasSuffix, args[0], args[1])
	case opAnd:
		return a.logic(both, args[0], args[1])
	case opOr:
		return a.logic(either, args[0], args[1])
	case opNot:
		x := args[0]
		a.banks[booleanBank].give(x)
		out := a.banks[booleanBank].take()
		a.step(func(f *frame) { not(f.booleans[out][:f.n], f.booleans[x]) })
		return out
	case opMinus:
		return a.column(negate, args[0])
	}
	if arithmetic := arithmetics[n.op]; arithmetic != nil {
		return a.two(arithmetic, args[0], args[1])
	}
	return a.compare(n, args[0], args[1])
}

// call makes the steps of a function.
func (a *assembler) call(fn *scalar, args []int) int {
	switch {
	case fn.name == "sqrt":
		return a.column(roots, args[0])
	case fn.one != nil:
		return a.column(func(out, x []float64) { map1(out, x, fn.one) }, args[0])
	case fn.two != nil:
		return a.folded(fn.two, args)
	case fn.three != nil:
		return a.three(fn.three, args)
	case fn.test != nil:
		return a.test2(fn.test, args[0], args[1])
	}
	bank := &a.banks[numberBank]
	a.banks[textBank].give(args...)
	out, x := bank.take(), args[0]
	if fn.measure != nil {
		a.step(func(f *frame) { map1(f.numbers[out][:f.n], f.texts[x], fn.measure) })
	} else {
		y := args[1]
		a.step(func(f *frame) { map2(f.numbers[out][:f.n], f.texts[x], f.texts[y], fn.find) })
	}
	return out
}

// column makes a step of a loop over one column of numbers.
func (a *assembler) column(loop func(out, x []float64), x int) int {
	a.banks[numberBank].give(x)
	out := a.banks[numberBank].take()
	a.step(func(f *frame) { loop(f.numbers[out][:f.n], f.numbers[x]) })
	return out
}

// two makes a step of a loop over two columns of numbers.
func (a *assembler) two(loop func(out, x, y []float64), x, y int) int {
	a.banks[numberBank].give(x, y)
	out := a.banks[numberBank].take()
	a.step(func(f *frame) { loop(f.numbers[out][:f.n], f.numbers[x], f.numbers[y]) })
	return out
}

// folded applies a function of two from the left.
func (a *assembler) folded(fn func(x, y float64) float64, args []int) int {
	x := args[0]
	for _, y := range args[1:] {
		x = a.two(func(out, x, y []float64) { map2(out, x, y, fn) }, x, y)
	}
	return x
}

func (a *assembler) three(fn func(x, y, z float64) float64, args []int) int {
	a.banks[numberBank].give(args...)
	out, x, y, z := a.banks[numberBank].take(), args[0], args[1], args[2]
	a.step(func(f *frame) { map3(f.numbers[out][:f.n], f.numbers[x], f.numbers[y], f.numbers[z], fn) })
	return out
}

// test2 makes a step from two columns of texts to booleans.
func (a *assembler) test2(is func(text, part []byte) bool, x, y int) int {
	a.banks[textBank].give(x, y)
	out := a.banks[booleanBank].take()
	a.step(func(f *frame) {
		map2(f.booleans[out][:f.n], f.texts[x], f.texts[y], func(x, y []byte) uint8 { return bit(is(x, y)) })
	})
	return out
}

func (a *assembler) logic(loop func(out, x, y []uint8), x, y int) int {
	a.banks[booleanBank].give(x, y)
	out := a.banks[booleanBank].take()
	a.step(func(f *frame) { loop(f.booleans[out][:f.n], f.booleans[x], f.booleans[y]) })
	return out
}

// compare makes the step of a comparison, by the type of what it compares.
func (a *assembler) compare(n *node, x, y int) int {
	t := a.typ(n.args[0])
	a.bankOf(t).give(x, y)
	out := a.banks[booleanBank].take()
	switch t {
	case Number:
		loop := comparisons[n.op]
		a.step(func(f *frame) { loop(f.booleans[out][:f.n], f.numbers[x], f.numbers[y]) })
	case Boolean:
		differ := bit(n.op == opUnequal)
		a.step(func(f *frame) { alike(f.booleans[out][:f.n], f.booleans[x], f.booleans[y], differ) })
	default:
		holds := orders[n.op]
		a.step(func(f *frame) { map2(f.booleans[out][:f.n], f.texts[x], f.texts[y], holds) })
	}
	return out
}
