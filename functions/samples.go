package functions

import (
	"math"
	"slices"
)

// samples keeps every value, as a key whose unsigned order is that of the
// values, -0 before +0: so the sorted sequence has one form, whatever came when.
type samples struct {
	keys   []uint64
	spare  []uint64 // the other side of a radix sort
	sorted bool
}

func (s *samples) Add(_ []int64, values []float64) {
	at := len(s.keys)
	s.keys = slices.Grow(s.keys, len(values))[:at+len(values)]
	for i, key := at, s.keys; i < len(key); i++ {
		key[i] = keyOf(values[i-at])
	}
	s.sorted = false
}

func (s *samples) Merge(other Accumulator) {
	s.keys = append(s.keys, other.(*samples).keys...)
	s.sorted = false
}

func (s *samples) Reset() { s.keys, s.sorted = s.keys[:0], false }

func (s *samples) at(i int) float64 { return valueOf(s.keys[i]) }

// radixFrom is the length from which eight passes over bytes beat comparing.
const radixFrom = 64

func (s *samples) sort() {
	switch {
	case s.sorted:
	case len(s.keys) < radixFrom:
		slices.Sort(s.keys)
	default:
		s.radixSort()
	}
	s.sorted = true
}

// radixSort orders the keys byte by byte from the lowest, passing over those
// bytes that all keys share.
func (s *samples) radixSort() {
	var tallies [8][256]uint32
	for _, k := range s.keys {
		for b := range tallies {
			tallies[b][byte(k>>(8*b))]++
		}
	}
	s.spare = slices.Grow(s.spare[:0], len(s.keys))[:len(s.keys)]
	for b := range tallies {
		tally := &tallies[b]
		if int(tally[byte(s.keys[0]>>(8*b))]) == len(s.keys) {
			continue
		}
		deal(s.spare, s.keys, tally, 8*b)
		s.keys, s.spare = s.spare, s.keys
	}
}

// deal copies the keys to their places by the byte at shift, whose counts are
// in tally.
func deal(to, from []uint64, tally *[256]uint32, shift int) {
	var place uint32
	for i, n := range tally {
		tally[i] = place
		place += n
	}
	for _, k := range from {
		next := &tally[byte(k>>shift)]
		to[*next] = k
		*next++
	}
}

const signBit = 1 << 63

// keyOf flips the sign bit of what is positive and every bit of the rest.
func keyOf(x float64) uint64 {
	b := math.Float64bits(x)
	return b ^ (uint64(int64(b)>>63) | signBit)
}

func valueOf(key uint64) float64 {
	return math.Float64frombits(key ^ (uint64(int64(^key)>>63) | signBit))
}
