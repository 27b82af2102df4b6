package pipeline

import (
	"slices"
	"strings"

	"github.com/aggrun/aggrun/functions"
)

// This file holds what exact quantiles keep to max_samples.

// checkSamples ends the pipeline when the values in the windows that its partitions
// are in are more than max_samples though all that is closed is committed: more
// would only come. What a commit, a replay or another worker will let go of is
// waited for, and what was read ahead of a shard's slowest partition waits for that:
// how much it is depends on how records were fetched, and align bounds it.
func (w *Worker) checkSamples() error {
	if !w.cells.full() || w.due.results > 0 {
		return nil
	}
	values, windows := int64(0), 0
	for _, t := range w.order {
		switch {
		case t.stopped != nil:
			continue // it is not read
		case !t.due.ready:
			return nil
		}
		v, n := t.present(w.now)
		values += v
		windows += n
	}
	if values <= w.plan.maxSamples {
		return nil
	}
	return stopf("%s keep %d values in the windows that are open (%d), more than max_samples (%d, of 8 bytes each): raise max_samples, "+
		"make the window shorter, or write approx_quantile(x, p) under aggregates instead, which keeps counts of values that are alike, mostly some KB",
		w.plan.exactQuantiles(), values, windows, w.plan.maxSamples)
}

// present gives the values that exact quantiles keep in the panes that begin no
// later than the slowest partition is read, and how many windows hold such a pane
// and are not decided. Read as slowly as can be, a shard would hold them all the
// same.
func (t *task) present(now int64) (values int64, windows int) {
	var ends []int64
	low := t.slowest(now)
	for _, p := range t.parts {
		for _, pn := range p.open {
			if pn.start > low {
				break
			}
			for _, c := range pn.cells {
				values += c.samples()
			}
			for end := t.plan.next(pn.start, t.saved); end <= t.plan.last(pn.start); end += t.plan.advance {
				ends = append(ends, end)
			}
		}
	}
	slices.Sort(ends)
	return values, len(slices.Compact(ends))
}

// samples is how many values exact quantiles keep in a cell.
func (c *cell) samples() (n int64) {
	for i := range c.inputs {
		n += c.inputs[i].kept * c.inputs[i].n
	}
	return n
}

// keepers are the accumulators of a cell that keep values of exact quantiles.
func (c *cell) keepers(each func(functions.Keeper)) {
	for i := range c.inputs {
		s := &c.inputs[i]
		if s.kept == 0 {
			continue
		}
		for _, a := range s.accumulators {
			if k, ok := a.(functions.Keeper); ok {
				each(k)
			}
		}
	}
}

// roomOf is how many values they have room for.
func (c *cell) roomOf() (n int64) {
	c.keepers(func(k functions.Keeper) { n += int64(k.Room()) })
	return n
}

// limitRoom lets free cells keep room for a quarter of max_samples, with what open
// ones brought along: a backlog keeps less for the windows of a commit. Beyond that
// all of them give it up, since those that have most may be used least: a group
// that has many values in one window may have few in the next.
func (cs *cells) limitRoom() {
	if cs.room <= cs.plan.maxSamples/4 {
		return
	}
	for _, free := range cs.free {
		for _, c := range free {
			if c.room > 0 {
				cs.room -= c.room
				c.free()
			}
		}
	}
}

// free gives up the room of a cell without values.
func (c *cell) free() {
	c.room = 0
	c.keepers(functions.Keeper.Free)
}

// exactQuantiles names the functions of the plan that keep every value.
func (p *Plan) exactQuantiles() string {
	var names []string
	for _, fn := range p.Operations {
		if fn.Kind == functions.Samples {
			names = append(names, fn.Name)
		}
	}
	for _, c := range p.calls {
		if c.input >= 0 && p.inputs[c.input].kinds[c.slot] == functions.Samples {
			names = append(names, c.name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
