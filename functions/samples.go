package functions

import (
	"math"
	"slices"
)

// samples keeps every value, as a key whose unsigned order is that of the
// values, -0 before +0: so the sorted sequence has one form, whatever came when.
// What is asked for are a few places of it. To find them the keys are dealt into
// buckets of equal width, and those buckets sorted that a place is in.
type samples struct {
	keys    []uint64
	starts  []uint32 // of the buckets in keys, and the end; none before a place is asked for
	settled int      // the bucket that was sorted last; -1: none
	shared  *sharedRoom
}

// sharedRoom is what samples share that are made together.
type sharedRoom struct {
	sorting []uint64 // each has its turn
	chunk   []uint64 // first keys lie side by side
	without int      // samples that have no keys yet
}

func makeSamples(n int) []Accumulator {
	all, shared := slab[samples](n), &sharedRoom{without: n}
	for _, a := range all {
		a.(*samples).shared = shared
	}
	return all
}

// mostChunk bounds, in keys, what is made for several samples at once.
const mostChunk = 1 << 10

// first gives no keys, with room for n: no more is made than the samples that have
// none yet would take, if each had as many.
func (r *sharedRoom) first(n int) []uint64 {
	if n > len(r.chunk) {
		r.chunk = make([]uint64, max(min(r.without*n, mostChunk), n))
	}
	r.without--
	keys := r.chunk[:0:n]
	r.chunk = r.chunk[n:]
	return keys
}

func (s *samples) Add(_ []int64, values []float64) {
	keys := s.grow(len(values))
	for i, x := range values {
		keys[i] = keyOf(x)
	}
}

func (s *samples) Merge(other Accumulator) {
	from := other.(*samples).keys
	copy(s.grow(len(from)), from)
}

// grow gives room for n keys more. There may be many samples: their first keys are
// made together, and they grow by a quarter, not to twice.
func (s *samples) grow(n int) []uint64 {
	at, need := len(s.keys), len(s.keys)+n
	switch {
	case need > 0 && cap(s.keys) == 0:
		s.keys = s.shared.first(need)
	case need > cap(s.keys):
		s.keys = append(slices.Grow([]uint64(nil), max(need, at+at/4)), s.keys...)
	}
	s.keys, s.starts = s.keys[:need], s.starts[:0]
	return s.keys[at:]
}

func (s *samples) Reset() { s.keys, s.starts = s.keys[:0], s.starts[:0] }

// Room gives how many values fit. What the samples that were made together share
// beside that is no more than the room of the one of them that has most, and mostChunk.
func (s *samples) Room() int { return cap(s.keys) }

// Free resets s without its room. First keys are let go of together with those that
// lie beside them.
func (s *samples) Free() {
	if cap(s.keys) > 0 {
		s.shared.without++
	}
	s.keys, s.starts = nil, nil
	s.shared.sorting, s.shared.chunk = nil, nil
}

// at gives the i-th least value, from 0.
func (s *samples) at(i int) float64 {
	if len(s.starts) == 0 {
		s.part()
	}
	if b := s.bucketWith(i); b != s.settled {
		s.sort(s.keys[s.starts[b]:s.starts[b+1]])
		s.settled = b
	}
	return valueOf(s.keys[i])
}

// bucketWith finds the bucket that the place i is in.
func (s *samples) bucketWith(i int) int {
	if len(s.starts) == 2 {
		return 0
	}
	b, found := slices.BinarySearch(s.starts, uint32(i))
	if !found {
		return b - 1
	}
	for s.starts[b+1] == s.starts[b] { // b is empty, and so the next begins at i
		b++
	}
	return b
}

const (
	perBucket   = 8    // values, about: so few are sorted soonest
	mostBuckets = 1024 // more find no place in the processor's nearest memory
	partFrom    = 64
)

// part deals the keys into buckets, the values of each no greater than those of
// the next.
func (s *samples) part() {
	n := len(s.keys)
	s.settled = -1
	by := s.ruler(min(n/perBucket, mostBuckets))
	if n < partFrom || !by.usable() {
		s.starts = append(s.starts, 0, uint32(n))
		return
	}
	s.starts = slices.Grow(s.starts, by.buckets+1)[:by.buckets+1]
	clear(s.starts)
	for _, k := range s.keys {
		s.starts[by.bucket(k)]++
	}
	end := uint32(0)
	for b, count := range s.starts {
		end += count
		s.starts[b] = end
	}
	s.shared.sorting = append(s.shared.sorting[:0], s.keys...)
	for _, k := range s.shared.sorting {
		start := &s.starts[by.bucket(k)]
		*start--
		s.keys[*start] = k
	}
}

// ruler tells the bucket of a key.
type ruler struct {
	least, scale float64 // the value that the first begins with, and buckets for a unit
	buckets      int
}

// ruler gives one for most of the values: those between the least and the
// greatest of some that are looked at. The rest, far off as it may be, is in the
// first bucket and the last.
func (s *samples) ruler(buckets int) ruler {
	const looks = 32
	step := 1 + len(s.keys)/looks
	low := s.keys[step/2]
	high := low
	for i := step/2 + step; i < len(s.keys); i += step {
		low, high = min(low, s.keys[i]), max(high, s.keys[i])
	}
	least := valueOf(low)
	return ruler{least, float64(buckets-1) / (valueOf(high) - least), buckets}
}

// usable is false where the values are equal, infinite or too far apart.
func (r ruler) usable() bool { return r.scale > 0 && r.scale <= math.MaxFloat64 }

// bucket never falls as values grow, through every rounding.
func (r ruler) bucket(key uint64) int {
	at, last := (valueOf(key)-r.least)*r.scale, r.buckets-1
	switch {
	case at < 0:
		return 0
	case at >= float64(last):
		return last
	}
	return int(at)
}

// radixFrom is the length from which eight passes over bytes beat comparing.
const radixFrom = 64

// sort sorts a bucket.
func (s *samples) sort(keys []uint64) {
	if len(keys) < radixFrom {
		slices.Sort(keys)
	} else if !slices.IsSorted(keys) { // as of equal values, or once sorted
		s.radixSort(keys)
	}
}

// radixSort orders keys byte by byte from the lowest, passing over those bytes
// that all of them share.
func (s *samples) radixSort(keys []uint64) {
	var tallies [8][256]uint32
	for _, k := range keys {
		for b := range tallies {
			tallies[b][byte(k>>(8*b))]++
		}
	}
	s.shared.sorting = slices.Grow(s.shared.sorting[:0], len(keys))[:len(keys)]
	from, to := keys, s.shared.sorting
	for b := range tallies {
		tally := &tallies[b]
		if int(tally[byte(keys[0]>>(8*b))]) == len(keys) {
			continue
		}
		deal(to, from, tally, 8*b)
		from, to = to, from
	}
	copy(keys, from)
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
