package simulation

import (
	"slices"
	"testing"
)

// TestAgain holds that the choices of a run, given again, come through the same
// states: what goes round for ever does so again, and within as many events.
func TestAgain(t *testing.T) {
	for i := range smalls {
		m := &smalls[i]
		within := Bound{Faults: 2, Switches: Any}
		once := m.trial()
		once.every.bound, once.every.pick = within, byChance(uint64(i), 10)
		first := states(once)
		again := states(m.trialOf(within, once.every.digits()))
		if len(first) < 10 || !slices.Equal(first, again) {
			t.Errorf("%s: a run of %d states, again of %d", m.name, len(first), len(again))
		}
	}
}

// states plays a run and gives those that it comes through.
func states(tr *trial) (all []step) {
	tr.every.met = func(at step) { all = append(all, at) }
	tr.run(nil)
	return all
}

// byChance takes by chance, in percent of all choices, any of the things.
func byChance(seed uint64, percent int) func(n int) int {
	d := newDice(seed, 3)
	return func(n int) int {
		if d.chance(percent) {
			return d.IntN(n)
		}
		return 0
	}
}
