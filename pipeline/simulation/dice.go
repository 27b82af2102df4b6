package simulation

import "math/rand/v2"

// dice are all chance of a schedule: its seed is everything.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

// between is a number in [lo, hi).
func (d dice) between(lo, hi int64) int64 { return lo + d.Int64N(hi-lo) }

// chance is true in percent of all cases.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// pick is one of the given.
func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }
