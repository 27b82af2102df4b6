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
	return total{
		joined: make([][]state, len(p.sources)), own: make([][]state, len(p.sources)),
		shared: p.newStates(0, len(p.inputs), 1),
	}
}

// share is a cell and the source of its partition.
type share struct {
	source int
	cell   *cell
}

// of makes t the total of shares, in their order. It is good until the next call.
func (t *total) of(plan *Plan, shares []share) {
	fixed := len(plan.inputs)
	if len(shares) == 1 { // as it is
		c := shares[0].cell
		clear(t.joined)
		t.count, t.inputs, t.joined[shares[0].source] = c.count, c.inputs[:fixed], c.inputs[fixed:]
		return
	}
	t.reset()
	for _, s := range shares {
		t.count += s.cell.count
		for i := range fixed {
			t.inputs[i].merge(&s.cell.inputs[i])
		}
		states := s.cell.inputs[fixed:]
		if have := len(t.own[s.source]); have < len(states) {
			t.own[s.source] = append(t.own[s.source], plan.newStates(fixed+have, fixed+len(states), 1)...)
		}
		t.joined[s.source] = t.own[s.source]
		for i := range states {
			t.joined[s.source][i].merge(&states[i])
		}
	}
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

// state is what became of a field of a source; nil for one that t lacks, which has
// no value.
func (t *total) state(source int, f *Field) *state {
	switch i := f.Input - len(t.inputs); {
	case i < 0:
		return &t.inputs[f.Input]
	case i < len(t.joined[source]):
		return &t.joined[source][i]
	}
	return nil
}
