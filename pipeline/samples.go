package pipeline

import (
	"slices"
	"strings"

	"github.com/aggrun/aggrun/functions"
)

// This file holds what exact quantiles keep to max_samples.

// checkSamples ends the pipeline when the values in open windows are more than
// max_samples though all that is closed is committed: more would only come. What
// a commit, a replay or another worker will let go of is waited for.
func (w *Worker) checkSamples() error {
	if w.cells.samples <= w.plan.maxSamples || w.due.results > 0 {
		return nil
	}
	windows := 0
	for _, t := range w.order {
		if !t.due.ready {
			return nil
		}
		windows += t.undecided()
	}
	return stopf("%s keep %d values in the windows that are open (%d), more than max_samples (%d, of 8 bytes each): raise max_samples, "+
		"make the window shorter, or write approx_quantile(x, p) under aggregates instead, which keeps a few values whatever comes",
		w.plan.exactQuantiles(), w.cells.samples, windows, w.plan.maxSamples)
}

// undecided is how many windows hold a record and are not decided.
func (t *task) undecided() int {
	var ends []int64
	for _, p := range t.parts {
		for _, pn := range p.open {
			for end := t.plan.first(pn.start); end <= t.plan.last(pn.start); end += t.plan.advance {
				if end > t.saved {
					ends = append(ends, end)
				}
			}
		}
	}
	slices.Sort(ends)
	return len(slices.Compact(ends))
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
