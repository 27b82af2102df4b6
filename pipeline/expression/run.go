package expression

import (
	"math"

	"github.com/expr-lang/expr/vm"
)

// runner is what one evaluator keeps of a machine. Rows are evaluated one by
// one, each number boxed.
type runner struct {
	e       *Expression
	vm      vm.VM
	env     map[string]any
	missing []bool // by term of presence
	arena   []byte // of the texts that were made
}

func newRunner(e *Expression) *runner {
	return &runner{e: e, env: e.machine.sample(), missing: make([]bool, len(e.machine.presence.terms)), arena: []byte{}}
}

func (r *runner) numbers(in *Input, out []float64) {
	for row := range out {
		out[row] = math.NaN()
		switch v := r.row(in, row).(type) {
		case float64:
			out[row] = v
		case bool:
			out[row] = float64(bit(v))
		}
	}
}

// texts keeps what was made in the arena, whose growth leaves older texts where
// they are.
func (r *runner) texts(in *Input, out [][]byte) {
	r.arena = r.arena[:0]
	for row := range out {
		out[row] = nil
		if v, ok := r.row(in, row).(string); ok {
			from := len(r.arena)
			r.arena = append(r.arena, v...)
			out[row] = r.arena[from:len(r.arena):len(r.arena)]
		}
	}
}

// row evaluates one row, and gives nil where it is missing. What the machine
// cannot do, which our checks leave nothing of, is missing too.
func (r *runner) row(in *Input, row int) any {
	m := r.e.machine
	for i, t := range m.presence.terms {
		r.missing[i] = r.test(t, in, row)
	}
	if m.presence.root != never && r.missing[m.presence.root] {
		return nil
	}
	for _, v := range m.tests {
		r.env[v.name] = r.missing[v.of]
	}
	for _, v := range m.reads {
		r.env[v.name] = r.value(v, in, row)
	}
	v, err := r.vm.Run(m.program, r.env)
	if err != nil {
		return nil
	}
	return v
}

func (r *runner) test(t term, in *Input, row int) bool {
	if t.both {
		return r.missing[t.terms[0]] && r.missing[t.terms[1]]
	}
	for _, read := range t.reads {
		if r.e.reads[read].missing(in, row) {
			return true
		}
	}
	for _, of := range t.terms {
		if r.missing[of] {
			return true
		}
	}
	return false
}

// value boxes what a variable has in a row; of one that is missing, any value
// of its type.
func (r *runner) value(v variable, in *Input, row int) any {
	b := r.e.reads[v.of]
	switch v.typ {
	case Text:
		return string(b.bytes(in, row))
	case Boolean:
		return b.number(in, row) == 1
	}
	return b.number(in, row)
}
