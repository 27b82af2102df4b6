package simulation

import (
	"fmt"
	"slices"
	"strings"
)

// every is the fortune of a schedule that is one of all: a run is the list of what
// was taken where several things could happen, and the run after it takes the next
// thing at the last place that has one left. It ends early where it comes to a
// state from which everything was tried.
type every struct {
	w     *world
	path  []choice
	depth int             // of the path, as far as the run has come
	seen  seen            // states
	trail []step          // those of this run
	print fingerprint     // makes them
	met   func(step)      // is told of each state; may be nil
	pick  func(n int) int // takes one of n things beyond the path; nil: the first
	again bool            // the path is of choices that another has made

	bound   Bound            // of a run
	left    Bound            // what may still happen
	until   map[mishap]int64 // what lasts
	last    *thread          // who did the last thing at this time, nil for the group
	fresh   bool             // nobody did any yet
	doing   string           // what happens now,
	running *process         // and in which process
	asked   bool             // its state was looked at

	events int   // so far
	pruned bool  // the run came to a known state
	before Tally // as it was where the run left those before it
}

// Bound is how much may happen in a run: faults, and switches from who could go on
// at the same time to another.
type Bound struct{ Faults, Switches int }

// Any is as many switches as there are.
const Any = 7

// choice is a place where several things could happen.
type choice struct {
	of    string // what they are
	n     int    // 0: not known yet
	took  int
	trail int // states that the run had come through
}

// known is how a run ends in a state from which everything was tried.
type known struct{}

// step is a state that a run came through, and what was left.
type step struct {
	state uint64
	left  Bound
}

// seen says, of a state, with how much left it was met: everything was tried that is
// possible with as much.
type seen map[uint64]bounds

// bounds are a set of them.
type bounds uint32

func (b Bound) bit() bounds { return 1 << (b.Faults*(Any+1) + b.Switches) }

// cover tells that one of a set is at least as much.
func (all bounds) cover(b Bound) bool {
	for f := b.Faults; f <= 2; f++ {
		for s := b.Switches; s <= Any; s++ {
			if all&(Bound{f, s}).bit() != 0 {
				return true
			}
		}
	}
	return false
}

// begin is the beginning of a run.
func (t *every) begin(w *world) {
	t.w, t.depth, t.left, t.events, t.pruned = w, 0, t.bound, 0, false
	t.until, t.last, t.fresh, t.before = map[mishap]int64{}, nil, true, Tally{}
}

// choose takes one of n things.
func (t *every) choose(n int, of func() string) int {
	t.depth++
	if t.again || t.depth > len(t.path) {
		t.arrive()
	}
	if t.depth > len(t.path) {
		c := choice{of: of(), n: n, trail: len(t.trail)}
		if t.pick != nil {
			c.took = t.pick(n)
		}
		t.path = append(t.path, c)
		return c.took
	}
	c := &t.path[t.depth-1]
	if c.n == 0 {
		c.n, c.of = n, of()
	}
	if c.n != n {
		panic(fmt.Sprintf("a run does not repeat itself: %s at choice %d, was %s", of(), t.depth, c.of))
	}
	if t.depth == len(t.path) {
		t.before = t.w.reached
	}
	return c.took
}

// arrive ends the run in a state that is known. To come to one again in the same run
// without a fault in between is to go round for ever.
func (t *every) arrive() {
	if t.asked || t.depth < len(t.path) && !t.again {
		return
	}
	t.asked = true
	at := step{t.print.of(t), t.left}
	if slices.Contains(t.trail, at) {
		t.w.judge.violate("V6: it goes round for ever: %s", t.w.judge.drained())
		panic(known{})
	}
	if t.met != nil {
		t.met(at)
	}
	if t.seen[at.state].cover(t.left) {
		t.pruned = true
		panic(known{})
	}
	t.seen[at.state] |= t.left.bit()
	t.trail = append(t.trail, at)
}

// turn goes to the next run; false when there is none.
func (t *every) turn() bool {
	for n := len(t.path); n > 0; n = len(t.path) {
		if last := &t.path[n-1]; last.took+1 < last.n {
			last.took++
			t.trail = t.trail[:last.trail]
			return true
		}
		t.path = t.path[:n-1]
	}
	return false
}

// digits is the list of choices as it can be given again.
func (t *every) digits() string {
	var b strings.Builder
	for _, c := range t.path {
		fmt.Fprint(&b, c.took)
	}
	return b.String()
}

// String says what was chosen; where nothing went wrong, nothing.
func (t *every) String() string {
	var told []string
	for _, c := range t.path {
		if took := strings.Split(c.of, "|")[c.took]; took != nothing {
			told = append(told, took)
		}
	}
	return strings.Join(told, "\n\t")
}
