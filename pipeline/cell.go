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
	group  *group  // nil where there is no group_by
	inputs []state // those of the plan, then those of fields that joined
	room   int64   // values of exact quantiles that it had room for when it was put back
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

// cells makes cells and panes and takes them back, so that a window costs no
// allocation once the plan is warm, and holds what the shards of a worker share:
// room for what is folded, dealt out and added up, one after the other.
type cells struct {
	plan     *Plan
	held     int       // that are in open panes
	samples  int64     // values that exact quantiles keep in them
	halted   holding   // of both, by stopped shards, as these were last looked at
	room     int64     // that cells have been kept with
	free     [][]*cell // by source, whose cells may have inputs of fields that joined
	slab     []int     // cells that were made together last, by source
	panes    []*pane
	paneSlab int // panes that were made together last
	programs []*program
	folder   folder
	dealer   dealer
	closer   closer
}

func newCells(plan *Plan) *cells {
	cs := &cells{
		plan: plan, free: make([][]*cell, len(plan.sources)), slab: make([]int, len(plan.sources)),
		dealer: newDealer(plan), closer: newCloser(plan),
	}
	for _, s := range plan.sources {
		cs.programs = append(cs.programs, newProgram(s))
	}
	return cs
}

// What is kept for later and made together is bounded: after a gap in event time
// many cells are free at once, and most pipelines need few.
const (
	maxFree      = 4096
	smallestSlab = 4
	largestSlab  = 64
)

// get gives a cell of at least so many inputs.
func (cs *cells) get(source, width int) *cell {
	cs.held++
	if len(cs.free[source]) == 0 {
		cs.make(source, width)
	}
	free := cs.free[source]
	c := free[len(free)-1]
	cs.free[source] = free[:len(free)-1]
	c.widen(cs.plan, width)
	return c
}

// make makes cells side by side.
func (cs *cells) make(source, width int) {
	n := min(max(2*cs.slab[source], smallestSlab), largestSlab)
	cs.slab[source] = n
	all, states := make([]cell, n), cs.plan.newStates(0, width, n)
	for i := range all {
		all[i].inputs = states[i*width : (i+1)*width : (i+1)*width]
	}
	for i := range all {
		cs.free[source] = append(cs.free[source], &all[n-1-i])
	}
}

func (cs *cells) put(source int, c *cell) {
	cs.held--
	cs.samples -= c.samples()
	c.count, c.group = 0, nil
	for i := range c.inputs {
		c.inputs[i].reset()
	}
	cs.room -= c.room
	if len(cs.free[source]) < maxFree {
		c.room = c.roomOf()
		cs.room += c.room
		cs.free[source] = append(cs.free[source], c)
		cs.limitRoom()
	}
}

// widen gives a cell room for inputs of fields that joined since it was made.
func (c *cell) widen(plan *Plan, width int) {
	if have := len(c.inputs); have < width {
		c.inputs = append(c.inputs, plan.newStates(have, width, 1)...)
	}
}

// newStates makes the states of inputs [from, to) for so many cells, one after the
// other, in a few allocations for all of them.
func (p *Plan) newStates(from, to, cells int) []state {
	each, total := map[functions.Kind]int{}, 0
	for i := from; i < to; i++ {
		for _, k := range p.kindsOf(i) {
			each[k]++
			total++
		}
	}
	made := map[functions.Kind][]functions.Accumulator{}
	for k, n := range each {
		made[k] = functions.Make(k, n*cells)
	}
	states, all := make([]state, 0, (to-from)*cells), make([]functions.Accumulator, 0, total*cells)
	for range cells {
		for i := from; i < to; i++ {
			at, s := len(all), state{}
			for _, k := range p.kindsOf(i) {
				all = append(all, made[k][0])
				made[k] = made[k][1:]
				if k == functions.Samples {
					s.kept = 1
				}
			}
			s.accumulators = all[at:len(all):len(all)]
			states = append(states, s)
		}
	}
	return states
}

// kindsOf are the accumulators of an input: of the plan, or of a field that joined.
func (p *Plan) kindsOf(input int) []functions.Kind {
	if input < len(p.inputs) {
		return p.inputs[input].kinds
	}
	return p.kinds
}

func (s *state) reset() {
	s.n = 0
	for _, a := range s.accumulators {
		a.Reset()
	}
}

// add folds values, of which there is at least one. Of the first ones, up to
// enough, the earliest is kept: values beyond do not matter.
func (s *state) add(times []int64, values []float64, enough int64) {
	if s.n < enough {
		s.addFirst(times, values, enough)
	}
	s.n += int64(len(values))
	for _, a := range s.accumulators {
		a.Add(times, values)
	}
}

// addFirst keeps the value of the earliest event time as long as the small
// sample could still be asked for.
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

// value is one operation of one field; NaN is no value. Below min_sample_size
// what is no value of the field is told as it is, a count or a time; every other
// operation gives the first value or none.
func (p *Plan) value(s *state, op int) float64 {
	fn := &p.Operations[op]
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
