package simulation

import (
	"slices"
	"testing"
)

// TestFingerprint holds that states of one fingerprint go on alike: of runs that ended
// in a known state, and of those that had come through it first, every hundredth pair
// is played on from there.
func TestFingerprint(t *testing.T) {
	for i := range smalls {
		m, first, pairs, met := &smalls[i], map[step][]choice{}, 0, 0
		tr := m.trial()
		e := &tr.every
		e.bound = Bound{Faults: 2, Switches: 2}
		e.met = func(at step) {
			switch other, ok := first[at]; {
			case !ok:
				first[at] = slices.Clone(e.path)
			case met%100 == 0:
				pairs++
				if a, b := m.on(e.bound, other, at), m.on(e.bound, e.path, at); !slices.Equal(a, b) {
					t.Errorf("%s: after %d states: runs go on in %d states and in %d, of which as many are the same: %d", m.name, len(first), len(a), len(b), same(a, b))
				}
				fallthrough
			default:
				met++
			}
		}
		for more := true; more && tr.out.Runs < 3000; more = e.turn() {
			tr.run(nil)
		}
		if pairs < 5 {
			t.Errorf("%s: %d pairs", m.name, pairs)
		}
	}
}

// on plays a run on from a state, without a further choice, and gives the states that
// it comes through.
func (m *small) on(within Bound, path []choice, from step) (after []step) {
	tr := m.trial()
	tr.every.bound, tr.every.path = within, slices.Clone(path)
	tr.every.met = func(at step) {
		if at == from || len(after) > 0 {
			after = append(after, at)
		}
	}
	tr.run(nil)
	return after
}

func same(a, b []step) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
