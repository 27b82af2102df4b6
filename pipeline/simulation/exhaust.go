package simulation

import (
	"fmt"
	"io"
	"reflect"

	"github.com/aggrun/aggrun/pipeline"
)

// Tried is what became of all runs of one small schedule.
type Tried struct {
	Name      string
	Runs      int
	Ended     int // of them, to the end; the others came to a state that was known
	States    int // that differ
	Longest   int // events of a run
	Reached   Tally
	Violation string // of the first run that has one, and how to see it again
}

// trial plays the runs of one small schedule.
type trial struct {
	script *script
	plans  [2]*pipeline.Plan
	every  every
	out    Tried
}

func (m *small) trial() *trial {
	t := &trial{script: m.script(), out: Tried{Name: m.name}}
	t.plans = t.script.plans()
	t.every = every{seen: seen{}, print: fingerprint{kept: map[reflect.Type][]field{}}}
	return t
}

// exhaust plays all runs within each of some bounds, or up to the first that violates
// something.
func (m *small) exhaust(within []Bound) Tried {
	t := m.trial()
	for _, b := range within {
		t.every.bound, t.every.path, t.every.trail = b, nil, nil
		for more := true; more && t.out.Violation == ""; more = t.every.turn() {
			t.run(nil)
		}
	}
	t.out.States = len(t.every.seen)
	return t.out
}

// again plays one run, of the choices that a violation named.
func (m *small) again(within Bound, choices string, trace io.Writer) Tried {
	t := m.trialOf(within, choices)
	t.run(trace)
	return t.out
}

// trialOf is about to play a run of given choices.
func (m *small) trialOf(within Bound, choices string) *trial {
	t := m.trial()
	t.every.bound, t.every.again = within, true
	for _, c := range choices {
		t.every.path = append(t.every.path, choice{took: int(c - '0')})
	}
	return t
}

// run plays the run that is next.
func (t *trial) run(trace io.Writer) {
	w, e := makeWorld(t.script, t.plans, trace), &t.every
	w.grain, w.timeouts, w.fortune = sec, short, e
	e.begin(w)
	w.play()
	t.out.Runs++
	if !e.pruned {
		t.out.Ended++
	}
	t.out.Longest = max(t.out.Longest, e.events)
	for i, n := range w.reached {
		t.out.Reached[i] += n - e.before[i]
	}
	if len(w.judge.violations) > 0 {
		t.out.Violation = fmt.Sprintf("%s\n\t%s\nagain: AGGRUN_CHOICES='%s/%d/%d/%s' go test -count=1 -v -run TestExhaustive ./pipeline/simulation/",
			w.judge.violations, e, t.out.Name, e.bound.Faults, e.bound.Switches, e.digits())
	}
}
