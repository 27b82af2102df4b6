package pipeline

// total is one group of one window: what the cells of all its panes and
// partitions come to.
type total struct {
	count  int64
	inputs []state   // those of the plan: every source's records count
	joined [][]state // of fields that joined, by source
	own    [][]state // the memory of joined
	shared []state   // and that of inputs
}

func newTotal(p *Plan) total {
	t := total{joined: make([][]state, len(p.sources)), own: make([][]state, len(p.sources))}
	for _, in := range p.inputs {
		t.shared = append(t.shared, newState(in.kinds))
	}
	return t
}

// share is a cell and the source of its partition.
type share struct {
	source int
	cell   *cell
}

// sum gives the total of shares, in their order. It is good until the next call.
func (cs *cells) sum(shares []share) *total {
	t := &cs.total
	fixed := len(cs.plan.inputs)
	if len(shares) == 1 { // as it is
		c := shares[0].cell
		clear(t.joined)
		t.count, t.inputs, t.joined[shares[0].source] = c.count, c.inputs[:fixed], c.inputs[fixed:]
		return t
	}
	t.reset()
	for _, s := range shares {
		t.count += s.cell.count
		for i := range fixed {
			t.inputs[i].merge(&s.cell.inputs[i])
		}
		states := s.cell.inputs[fixed:]
		t.own[s.source] = widen(t.own[s.source], len(states), cs.plan.kinds)
		t.joined[s.source] = t.own[s.source]
		for i := range states {
			t.joined[s.source][i].merge(&states[i])
		}
	}
	return t
}

func (t *total) reset() {
	t.count, t.inputs = 0, t.shared
	for i := range t.shared {
		t.shared[i].reset()
	}
	for s, states := range t.own {
		for i := range states {
			states[i].reset()
		}
		t.joined[s] = states
	}
}

// operations gives the operations of a source's fields. What t lacks has no
// value.
func (cs *cells) operations(t *total, source int, fields []Field) []float64 {
	fixed := len(cs.plan.inputs)
	out := make([]float64, 0, len(fields)*len(cs.plan.Operations))
	for _, f := range fields {
		s := &cs.empty
		switch i := f.Input - fixed; {
		case i < 0:
			s = &t.inputs[f.Input]
		case i < len(t.joined[source]):
			s = &t.joined[source][i]
		}
		for op := range cs.plan.Operations {
			out = append(out, cs.plan.value(s, op))
		}
	}
	return out
}
