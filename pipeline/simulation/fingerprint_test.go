package simulation

import (
	"math/rand/v2"
	"reflect"
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

// TestFingerprintOfAny is TestFingerprint for states anywhere in runs, that are played
// on with faults and switches.
func TestFingerprintOfAny(t *testing.T) {
	for i := range smalls {
		m, first, pairs := &smalls[i], map[step]string{}, 0
		d := rand.New(rand.NewPCG(uint64(i), 4))
		within := Bound{Faults: 2, Switches: 2} // else the order in which things are to be taken is no part of a state
		for run := range uint64(200) {
			tr := m.trial()
			e := &tr.every
			e.bound, e.pick = within, byChance(run, 3+d.IntN(20))
			both := map[step][2]string{}
			e.met = func(at step) {
				if other, ok := first[at]; !ok {
					first[at] = e.digits()
				} else if d.IntN(20) == 0 && other != e.digits() {
					both[at] = [2]string{other, e.digits()}
				}
			}
			tr.run(nil)
			for at, of := range both {
				pairs++
				a, b := m.onBy(within, of[0], at, run), m.onBy(within, of[1], at, run)
				if !slices.Equal(a, b) {
					t.Errorf("%s: after %s and %s, runs go on in %d states and in %d, of which as many are the same: %d", m.name, of[0], of[1], len(a), len(b), same(a, b))
				}
			}
		}
		if pairs < 5 {
			t.Errorf("%s: %d pairs", m.name, pairs)
		}
	}
}

// onBy plays a run on from a state, by chance, and gives the states that it comes
// through.
func (m *small) onBy(within Bound, choices string, from step, seed uint64) []step {
	tr := m.trialOf(within, choices)
	tr.every.again, tr.every.pick = false, byChance(seed, 15)
	all := states(tr)
	return all[max(0, slices.Index(all, from)):]
}

// TestFingerprintOfSilence holds that states differ of which the judge would say
// something else.
func TestFingerprintOfSilence(t *testing.T) {
	m := &smalls[slices.IndexFunc(smalls, func(m small) bool { return m.name == "silence" })]
	tr := m.trial()
	e, w := &tr.every, makeWorld(tr.script, tr.plans, nil)
	e.begin(w)
	l := w.judge.ledgers[0]
	b := l.books[0]
	b.done = 3
	at := func(after int64) (state uint64, leaves bool) {
		w.now, l.at = w.script.quiet+after, w.script.quiet+after-sec
		return e.print.of(e), w.judge.leaves(nil, l, b)
	}
	early, can := at(sec)
	late, may := at(3 * sec)
	if !can || may || early == late {
		t.Errorf("a partition can have left: %v, then %v, and of one fingerprint is %v", can, may, early == late)
	}
}

// TestFingerprintOfBegun holds that how many generations there were is of no matter
// to a transaction that has none yet.
func TestFingerprintOfBegun(t *testing.T) {
	tr := smalls[0].trial()
	w := makeWorld(tr.script, tr.plans, nil)
	id := &producerID{}
	id.open = &pendingCommit{of: id}
	s := &session{process: &process{w: w}, open: id.open}
	of := func(generation int32) uint64 {
		f := fingerprint{kept: map[reflect.Type][]field{}}
		w.group.generation = generation
		f.session(s, id)
		return f.h
	}
	if of(2) != of(4) {
		t.Error("two fingerprints of one state")
	}
}
