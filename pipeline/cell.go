package pipeline

import (
	"math"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/spec"
)

// cell is one window of one partition: what its records made of it so far.
type cell struct {
	start  int64 // ns
	first  int64 // offset of its first record
	count  int64 // records
	fields []fieldState
}

// fieldState is one field of a cell.
type fieldState struct {
	n            int64 // values
	firstTime    int64 // of firstValue; kept while n is below min_sample_size
	firstValue   float64
	accumulators []functions.Accumulator // [index in Plan.kinds]
}

// cells makes cells and takes them back, so that a window costs no allocation
// once the plan is warm.
type cells struct {
	plan    *Plan
	free    []*cell
	times   []int64 // room for the rows of a column that are not missing
	values  []float64
	results cell // room for the merge of several partitions
	empty   cell // one field without a value
}

func newCells(plan *Plan) *cells {
	cs := &cells{plan: plan}
	cs.empty.widen(1, plan.kinds)
	return cs
}

func (cs *cells) get(start, first int64) *cell {
	if n := len(cs.free); n > 0 {
		c := cs.free[n-1]
		cs.free = cs.free[:n-1]
		c.start, c.first = start, first
		return c
	}
	return &cell{start: start, first: first}
}

func (cs *cells) put(c *cell) {
	c.reset()
	cs.free = append(cs.free, c)
}

func (c *cell) reset() {
	c.count = 0
	for i := range c.fields {
		f := &c.fields[i]
		f.n = 0
		for _, a := range f.accumulators {
			a.Reset()
		}
	}
}

// widen gives the cell room for n fields.
func (c *cell) widen(n int, kinds []functions.Kind) {
	for len(c.fields) < n {
		f := fieldState{accumulators: make([]functions.Accumulator, len(kinds))}
		for i, k := range kinds {
			f.accumulators[i] = functions.New(k)
		}
		c.fields = append(c.fields, f)
	}
}

// add folds rows [from, to) of the columns into c. They are in offset order, and
// bits do not depend on how the partition's rows were cut into calls.
func (cs *cells) add(c *cell, times []int64, columns [][]float64, from, to int) {
	c.count += int64(to - from)
	c.widen(len(columns), cs.plan.kinds)
	for slot, column := range columns {
		ts, vs := cs.present(times[from:to], column[from:to])
		if len(vs) == 0 {
			continue
		}
		f := &c.fields[slot]
		f.addFirst(ts, vs, int64(cs.plan.Spec.MinSample))
		f.n += int64(len(vs))
		for _, a := range f.accumulators {
			a.Add(ts, vs)
		}
	}
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

// addFirst keeps the value of the earliest event time as long as the small
// sample could still be asked for: values beyond enough do not matter.
func (f *fieldState) addFirst(times []int64, values []float64, enough int64) {
	for i := 0; i < len(values) && f.n+int64(i) < enough; i++ {
		if f.n+int64(i) == 0 || times[i] < f.firstTime {
			f.firstTime, f.firstValue = times[i], values[i]
		}
	}
}

// merge folds other, whose partition comes after those already in c.
func (c *cell) merge(other *cell, kinds []functions.Kind) {
	c.count += other.count
	c.widen(len(other.fields), kinds)
	for i := range other.fields {
		from, to := &other.fields[i], &c.fields[i]
		if from.n == 0 {
			continue
		}
		if to.n == 0 || from.firstTime < to.firstTime {
			to.firstTime, to.firstValue = from.firstTime, from.firstValue
		}
		to.n += from.n
		for k, a := range to.accumulators {
			a.Merge(from.accumulators[k])
		}
	}
}

// compute gives the operations of as many fields as the shard has. Cells come
// from shards of any width: what c lacks has no value, what it has beyond is not
// this shard's.
func (cs *cells) compute(c *cell, width int) []float64 {
	out := make([]float64, 0, width*len(cs.plan.Operations))
	for i := range width {
		f := &cs.empty.fields[0]
		if i < len(c.fields) {
			f = &c.fields[i]
		}
		out = cs.plan.appendValues(out, f)
	}
	return out
}

func (p *Plan) appendValues(out []float64, f *fieldState) []float64 {
	for op := range p.Operations {
		out = append(out, p.value(f, op))
	}
	return out
}

// Empty are the operations of a field without a value.
func (p *Plan) Empty() []float64 {
	return p.appendValues(nil, &newCells(p).empty.fields[0])
}

// value is one operation of one field; NaN is no value. Below min_sample_size
// the sample's size is still told, and every other operation gives the first
// value or none.
func (p *Plan) value(f *fieldState, op int) float64 {
	fn := p.Operations[op]
	if fn.Kind != functions.Tally && f.n < int64(p.Spec.MinSample) {
		if f.n == 0 || p.Spec.SmallSample == spec.NullValue {
			return math.NaN()
		}
		return f.firstValue
	}
	if v, ok := fn.Value(f.accumulators[p.slots[op]]); ok {
		return v
	}
	return math.NaN()
}
