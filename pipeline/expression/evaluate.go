package expression

import "math"

// Expression is an expression that can be evaluated. It is immutable, and may be
// shared.
type Expression struct {
	typ     Type
	reads   []binding
	columns *columns
	machine *machine // where there are no columns
}

// binding is where a read's values are.
type binding struct {
	slot int // negative: nowhere, all are missing
	typ  Type
}

// Compile makes it ready. slot gives the column of a read: an index in
// Input.Numbers of a Number or Boolean, in Input.Texts of a Text; a negative one
// says that there is none, and that the name is missing in every row.
func (c *Checked) Compile(slot func(Read) int, o Options) *Expression {
	e := &Expression{typ: c.Type}
	for _, r := range c.Reads {
		e.reads = append(e.reads, binding{slot: slot(r), typ: r.Type})
	}
	p := presenceOf(c.tree)
	if o.VM || c.makesText(c.tree.root) {
		e.machine = newMachine(c, p, e.reads)
	} else {
		e.columns = newColumns(c, p, e.reads)
	}
	return e
}

// makesText tells whether n makes new texts, which have no place in columns.
func (c *Checked) makesText(n *node) bool {
	switch {
	case n.op == opCall && n.fn.change != nil, n.op == opAdd && c.types[n.id] == Text:
		return true
	}
	for _, a := range n.args {
		if c.makesText(a) {
			return true
		}
	}
	return false
}

// Backend says how it is evaluated: "columns" or "vm".
func (e *Expression) Backend() string {
	if e.columns != nil {
		return "columns"
	}
	return "vm"
}

// Type is that of its values.
func (e *Expression) Type() Type { return e.typ }

// Input is a run of rows, as columns.
type Input struct {
	Rows    int
	Numbers [][]float64 // [slot][row]; NaN is missing. Booleans are 1 and 0
	Texts   [][][]byte  // [slot][row]; nil is missing
}

// Evaluator evaluates an expression. It is scratch, and has one owner.
type Evaluator struct {
	e       *Expression
	frame   *frame
	runner  *runner
	numbers []float64
	texts   [][]byte
}

// NewEvaluator makes scratch, which grows with the first rows.
func (e *Expression) NewEvaluator() *Evaluator {
	ev := &Evaluator{e: e}
	if e.columns != nil {
		ev.frame = newFrame(e)
	} else {
		ev.runner = newRunner(e)
	}
	return ev
}

// Numbers evaluates an expression of type Number or Boolean: a value of each
// row, NaN where it is missing; booleans as 1 and 0. They are valid until the
// next call.
func (ev *Evaluator) Numbers(in *Input) []float64 {
	ev.numbers = sized(ev.numbers, in.Rows)
	if ev.runner != nil {
		ev.runner.numbers(in, ev.numbers)
	} else {
		ev.frame.evaluate(in, ev.numbers, nil)
	}
	return ev.numbers
}

// Texts evaluates an expression of type Text: a text of each row, nil where it
// is missing. They are valid until the next call, and while the input's are.
func (ev *Evaluator) Texts(in *Input) [][]byte {
	ev.texts = sized(ev.texts, in.Rows)
	if ev.runner != nil {
		ev.runner.texts(in, ev.texts)
	} else {
		ev.frame.evaluate(in, nil, ev.texts)
	}
	return ev.texts
}

// sized gives a slice of n, of s's memory if that is enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// number gives a read's value in a row; NaN where it is missing.
func (b binding) number(in *Input, row int) float64 {
	if b.slot < 0 {
		return math.NaN()
	}
	return in.Numbers[b.slot][row]
}

// bytes gives a read's text in a row; nil where it is missing.
func (b binding) bytes(in *Input, row int) []byte {
	if b.slot < 0 {
		return nil
	}
	return in.Texts[b.slot][row]
}

func (b binding) missing(in *Input, row int) bool {
	if b.typ == Text {
		return b.bytes(in, row) == nil
	}
	return math.IsNaN(b.number(in, row))
}
