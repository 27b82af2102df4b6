package pipeline

import (
	"slices"

	"github.com/aggrun/aggrun/functions"
)

// This file folds rows of batches into cells.

// lot is rows of a selection that belong to one cell: those up to end, after those
// of the lot before.
type lot struct {
	cell *cell
	end  int
}

// folder is room for the rows of columns, gathered in the order of their lots, and
// for those of one lot that are not missing.
type folder struct {
	lots    [1]lot
	times   []int64
	columns []gathered
	texts   [][]byte

	presentTimes  []int64
	presentValues []float64
}

// gathered is a column of numbers in the order of lots.
type gathered struct {
	input  int
	values []float64
	whole  bool      // none is missing
	room   []float64 // for values
}

// add folds rows of a batch into one cell.
func (cs *cells) add(c *cell, r *program, b *Batch, rows selection) {
	f := &cs.folder
	f.lots[0] = lot{c, rows.length()}
	cs.fold(f.lots[:], r, b, rows)
}

// fold folds rows of a batch into the cells that they belong to. A lot's rows are
// in offset order, and bits do not depend on how the partition's rows were cut
// into calls.
func (cs *cells) fold(lots []lot, r *program, b *Batch, rows selection) {
	from := 0
	for _, l := range lots {
		l.cell.count += int64(l.end - from)
		l.cell.widen(cs.plan, r.width)
		from = l.end
	}
	f := &cs.folder
	times := f.gatherTimes(b.Times, rows)
	for i, in := range cs.plan.inputs {
		switch {
		case in.text && r.texts[i] != nil:
			f.foldTexts(lots, i, r.texts[i], rows)
		case !in.text && r.numbers[i] != nil:
			f.gather(i, r.numbers[i], rows)
			cs.foldNumbers(lots, times, maxGathered)
		}
	}
	fixed := len(cs.plan.inputs)
	for i := range b.Fields {
		if field := &b.Fields[i]; field.Input >= fixed {
			f.gather(field.Input, b.Numbers[field.Slot], rows)
			cs.foldNumbers(lots, times, maxGathered)
		}
	}
	cs.foldNumbers(lots, times, 0)
}

// maxGathered is about how many values are gathered before they are folded: they
// are to be in the cache still.
const maxGathered = 1 << 14

// foldNumbers folds the columns that were gathered, if they have at least so many
// values. It goes cell by cell, whose accumulators lie side by side: those of all
// cells are more than a processor's cache holds.
func (cs *cells) foldNumbers(lots []lot, times []int64, least int) {
	f, enough := &cs.folder, int64(cs.plan.Spec.MinSample)
	if len(f.columns)*len(times) < least {
		return
	}
	from := 0
	for _, l := range lots {
		for i := range f.columns {
			c := &f.columns[i]
			ts, vs := times[from:l.end], c.values[from:l.end]
			if !c.whole {
				ts, vs = f.present(ts, vs)
			}
			if len(vs) > 0 {
				s := &l.cell.inputs[c.input]
				s.add(ts, vs, enough)
				cs.samples += s.kept * int64(len(vs))
			}
		}
		from = l.end
	}
	f.columns = f.columns[:0]
}

func (f *folder) gatherTimes(column []int64, rows selection) []int64 {
	if rows.list == nil {
		return column[rows.from:rows.to]
	}
	f.times = f.times[:0]
	for _, i := range rows.list {
		f.times = append(f.times, column[i])
	}
	return f.times
}

// gather brings the column of an input in the order of lots.
func (f *folder) gather(input int, column []float64, rows selection) {
	n := len(f.columns)
	f.columns = slices.Grow(f.columns, 1)[:n+1]
	c := &f.columns[n]
	c.input = input
	if rows.list == nil {
		c.values = column[rows.from:rows.to]
		c.whole = !slices.ContainsFunc(c.values, missing)
		return
	}
	values, whole := resize(c.room, len(rows.list)), true
	for k, i := range rows.list {
		v := column[i]
		values[k] = v
		if missing(v) {
			whole = false
		}
	}
	c.values, c.whole, c.room = values, whole, values
}

func missing(v float64) bool { return v != v }

// present gives the values that are not missing.
func (f *folder) present(times []int64, values []float64) ([]int64, []float64) {
	f.presentTimes, f.presentValues = f.presentTimes[:0], f.presentValues[:0]
	for i, v := range values {
		if v == v {
			f.presentTimes = append(f.presentTimes, times[i])
			f.presentValues = append(f.presentValues, v)
		}
	}
	return f.presentTimes, f.presentValues
}

func (f *folder) foldTexts(lots []lot, input int, column [][]byte, rows selection) {
	from := 0
	for _, l := range lots {
		f.texts = f.texts[:0]
		for k := from; k < l.end; k++ {
			if v := column[rows.at(k)]; v != nil {
				f.texts = append(f.texts, v)
			}
		}
		from = l.end
		for _, a := range l.cell.inputs[input].accumulators {
			a.(functions.TextAccumulator).AddTexts(f.texts)
		}
	}
}

// resize gives a slice n items, whatever they are, and keeps its memory.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
