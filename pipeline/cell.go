package pipeline

import (
	"math"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/spec"
)

// cell is one group of one pane of one partition: what its records made of it so
// far.
type cell struct {
	count  int64   // records
	inputs []state // those of the plan, then those of fields that joined
	rows   []int32 // room for the rows of a batch that belong to it
}

// state is what became of one input of a cell.
type state struct {
	n            int64 // values
	kept         int64 // of each value by an exact quantile: 1, or 0 where there is none
	firstTime    int64 // of firstValue; kept while n is below min_sample_size
	firstValue   float64
	accumulators []functions.Accumulator
}

var nan = math.NaN()

// pane is one pane of one partition.
type pane struct {
	start  int64 // ns
	first  int64 // offset of the first record in it
	groups map[groupID]*cell
	only   *cell // instead of groups where there is no group_by
}

// each calls f for the cells of a pane.
func (p *pane) each(f func(groupID, *cell)) {
	if p.only != nil {
		f("", p.only)
	}
	for id, c := range p.groups {
		f(id, c)
	}
}

// size is the number of cells.
func (p *pane) size() int {
	if p.only != nil {
		return 1
	}
	return len(p.groups)
}

// cells makes cells and takes them back, so that a window costs no allocation
// once the plan is warm.
type cells struct {
	plan     *Plan
	held     int       // that are in open panes
	samples  int64     // values that exact quantiles keep in them
	free     [][]*cell // by source, whose cells may have inputs of fields that joined
	programs []*program
	outcomes *outcomes
	total    total // room for the merge of several cells
	empty    state // no value

	times  []int64 // room for the rows of a column that are not missing
	values []float64
	texts  [][]byte
	key    []byte
	marked []*cell
	picked []int32
}

func newCells(plan *Plan) *cells {
	cs := &cells{
		plan: plan, free: make([][]*cell, len(plan.sources)), outcomes: newOutcomes(plan),
		empty: newState(plan.kinds),
	}
	for _, s := range plan.sources {
		cs.programs = append(cs.programs, newProgram(s))
	}
	cs.total = newTotal(plan)
	return cs
}

// pane makes a pane.
func (cs *cells) pane(start, first int64) *pane {
	p := &pane{start: start, first: first}
	if len(cs.plan.groups) > 0 {
		p.groups = map[groupID]*cell{}
	}
	return p
}

// whole is the cell of a pane without groups.
func (p *pane) whole(cs *cells, source int) *cell {
	if p.only == nil {
		p.only = cs.get(source)
	}
	return p.only
}

// release takes the cells of a pane back.
func (cs *cells) release(source int, p *pane) {
	p.each(func(_ groupID, c *cell) { cs.put(source, c) })
}

func newState(kinds []functions.Kind) state {
	s := state{accumulators: make([]functions.Accumulator, len(kinds))}
	for i, k := range kinds {
		s.accumulators[i] = functions.New(k)
		if k == functions.Samples {
			s.kept = 1
		}
	}
	return s
}

func (cs *cells) get(source int) *cell {
	cs.held++
	if n := len(cs.free[source]); n > 0 {
		c := cs.free[source][n-1]
		cs.free[source] = cs.free[source][:n-1]
		return c
	}
	c := &cell{}
	for _, in := range cs.plan.inputs {
		c.inputs = append(c.inputs, newState(in.kinds))
	}
	return c
}

func (cs *cells) put(source int, c *cell) {
	cs.held--
	c.count = 0
	for i := range c.inputs {
		cs.samples -= c.inputs[i].kept * c.inputs[i].n
		c.inputs[i].reset()
	}
	if len(cs.free[source]) < maxFree {
		cs.free[source] = append(cs.free[source], c)
	}
}

// maxFree bounds the cells that are kept for later: after a gap in event time
// there are many at once.
const maxFree = 10_000

func (s *state) reset() {
	s.n = 0
	for _, a := range s.accumulators {
		a.Reset()
	}
}

// widen gives states room for n inputs of fields.
func widen(states []state, n int, kinds []functions.Kind) []state {
	for len(states) < n {
		states = append(states, newState(kinds))
	}
	return states
}

// add folds rows of a batch into c. They are in offset order, and bits do not
// depend on how the partition's rows were cut into calls.
func (cs *cells) add(c *cell, r *program, b *Batch, rows selection) {
	c.count += int64(rows.length())
	for i, in := range cs.plan.inputs {
		switch {
		case in.text && r.texts[i] != nil:
			cs.addTexts(&c.inputs[i], r.texts[i], rows)
		case !in.text && r.numbers[i] != nil:
			cs.addNumbers(&c.inputs[i], b.Times, r.numbers[i], rows)
		}
	}
	fixed := len(cs.plan.inputs)
	for i := range b.Fields {
		if f := &b.Fields[i]; f.Input >= fixed {
			c.inputs = widen(c.inputs, f.Input+1, cs.plan.kinds)
			cs.addNumbers(&c.inputs[f.Input], b.Times, b.Numbers[f.Slot], rows)
		}
	}
}

func (cs *cells) addNumbers(s *state, times []int64, column []float64, rows selection) {
	var ts []int64
	var vs []float64
	if rows.list != nil {
		ts, vs = cs.pick(times, column, rows.list)
	} else {
		ts, vs = cs.present(times[rows.from:rows.to], column[rows.from:rows.to])
	}
	if len(vs) == 0 {
		return
	}
	s.addFirst(ts, vs, int64(cs.plan.Spec.MinSample))
	s.n += int64(len(vs))
	cs.samples += s.kept * int64(len(vs))
	for _, a := range s.accumulators {
		a.Add(ts, vs)
	}
}

// pick gathers the listed rows whose value is not missing.
func (cs *cells) pick(times []int64, column []float64, rows []int32) ([]int64, []float64) {
	cs.times, cs.values = cs.times[:0], cs.values[:0]
	for _, i := range rows {
		if v := column[i]; v == v {
			cs.times = append(cs.times, times[i])
			cs.values = append(cs.values, v)
		}
	}
	return cs.times, cs.values
}

// present gives the rows whose value is not missing.
func (cs *cells) present(times []int64, column []float64) ([]int64, []float64) {
	i := 0
	for i < len(column) && column[i] == column[i] {
		i++
	}
	if i == len(column) {
		return times, column
	}
	cs.times = append(cs.times[:0], times[:i]...)
	cs.values = append(cs.values[:0], column[:i]...)
	for ; i < len(column); i++ {
		if column[i] == column[i] {
			cs.times = append(cs.times, times[i])
			cs.values = append(cs.values, column[i])
		}
	}
	return cs.times, cs.values
}

func (cs *cells) addTexts(s *state, column [][]byte, rows selection) {
	cs.texts = cs.texts[:0]
	for k := range rows.length() {
		if v := column[rows.at(k)]; v != nil {
			cs.texts = append(cs.texts, v)
		}
	}
	for _, a := range s.accumulators {
		a.(functions.TextAccumulator).AddTexts(cs.texts)
	}
}

// addFirst keeps the value of the earliest event time as long as the small
// sample could still be asked for: values beyond enough do not matter.
func (s *state) addFirst(times []int64, values []float64, enough int64) {
	for i := 0; i < len(values) && s.n+int64(i) < enough; i++ {
		if s.n+int64(i) == 0 || times[i] < s.firstTime {
			s.firstTime, s.firstValue = times[i], values[i]
		}
	}
}

// merge folds from, whose records come after those already in s.
func (s *state) merge(from *state) {
	if from.n > 0 {
		if s.n == 0 || from.firstTime < s.firstTime {
			s.firstTime, s.firstValue = from.firstTime, from.firstValue
		}
		s.n += from.n
	}
	for k, a := range s.accumulators {
		a.Merge(from.accumulators[k])
	}
}

// Empty are the operations of a field without a value.
func (p *Plan) Empty() []float64 {
	cs := newCells(p)
	return cs.operations(&cs.total, 0, []Field{{Input: len(p.inputs)}})
}

// value is one operation of one field; NaN is no value. Below min_sample_size
// what is no value of the field is told as it is, a count or a time; every other
// operation gives the first value or none.
func (p *Plan) value(s *state, op int) float64 {
	fn := p.Operations[op]
	if fn.Unit != functions.NoUnit && fn.Unit != functions.SecondsUnit && s.n < int64(p.Spec.MinSample) {
		if s.n == 0 || p.Spec.SmallSample == spec.NullValue {
			return nan
		}
		return s.firstValue
	}
	if v, ok := fn.Value(s.accumulators[p.slots[op]]); ok {
		return v
	}
	return nan
}
