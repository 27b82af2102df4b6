package simulation

import (
	"fmt"
	"math/rand/v2"
)

// fortune is what a schedule leaves open as it is played: by dice, or by trying
// everything (every.go).
type fortune interface {
	between(lo, hi int64) int64 // a number in [lo, hi)
	chance(percent int) bool    // of what is not to be tried in itself
	either(what string) bool    // of two that both have to be
	IntN(n int) int
	Int64N(n int64) int64
	Perm(n int) []int
	name(s *session) string // a member's
	next() (event, bool)    // what happens next, which is taken from what is to happen
	strikes(p *process, what mishap) bool
	lasts(what mishap) bool
	rests() bool // nothing is on the way any more
}

// dice are all chance of a schedule: its seed is everything.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

// between is a number in [lo, hi).
func (d dice) between(lo, hi int64) int64 { return lo + d.Int64N(hi-lo) }

// either is one of two.
func (d dice) either(string) bool { return d.chance(50) }

// name is a member's, of which only the order counts.
func (d dice) name(*session) string { return fmt.Sprintf("%08x", d.Uint32()) }

// chance is true in percent of all cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// pick is one of the given.
func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

// drawn is a schedule of which dice decide, and whose faults have their times.
type drawn struct {
	dice
	w *world
}

func (d drawn) next() (event, bool) { return d.w.first() }

// rests is of no matter: schedules go on until they are quiet.
func (d drawn) rests() bool { return true }

// strikes takes a fault of the kind that waits for the process to come here.
func (d drawn) strikes(p *process, what mishap) bool {
	now := d.w.now
	for i := range d.w.faults {
		f := &d.w.faults[i]
		if f.what == what && f.process == p.number && f.at <= now && now < f.until {
			f.until = 0
			return true
		}
	}
	return false
}

func (d drawn) lasts(what mishap) bool {
	for i := range d.w.faults {
		if f := &d.w.faults[i]; f.what == what && f.at <= d.w.now && d.w.now < f.until {
			return true
		}
	}
	return false
}
