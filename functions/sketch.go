package functions

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// sketch counts values by buckets: 64 of equal width between a power of two and
// the next, whose middle is within 1/128 of every value in them. Its memory goes
// by the range of the values and not by their number: 512 bytes for each power of
// two between the values nearest to 0 and those farthest from it, on either side.
//
// It is a DDSketch with the logarithm interpolated between powers of two, so that
// a bucket is read from a value's bits, alike on every machine. Counts can be
// added: neither order nor partitions matter.
type sketch struct {
	sides  [2]side // the values above 0, and those below
	zeros  int64
	extent extent // what is told is not outside it
}

// side counts the values of one sign, by the buckets from the one numbered from.
type side struct {
	from   int
	counts []int64
	n      int64 // with the infinite ones, which have no bucket
}

func (s *sketch) Add(_ []int64, values []float64) {
	s.extent.Add(nil, values)
	for _, x := range values {
		b := math.Float64bits(x)
		if size := b &^ signBit; size > 0 {
			s.sides[b>>63].count(size)
		} else {
			s.zeros++
		}
	}
}

func (s *sketch) Merge(other Accumulator) {
	o := other.(*sketch)
	s.extent.Merge(&o.extent)
	s.zeros += o.zeros
	for i := range s.sides {
		s.sides[i].merge(&o.sides[i])
	}
}

func (s *sketch) Reset() {
	s.zeros = 0
	for i := range s.sides {
		s.sides[i] = side{counts: s.sides[i].counts[:0]}
	}
	s.extent.Reset()
}

// count takes a value above 0 by its bits.
func (s *side) count(b uint64) {
	s.n++
	if b == infinity {
		return
	}
	bucket := bucketOf(b)
	at := bucket - s.from
	if uint(at) >= uint(len(s.counts)) {
		s.cover(bucket, bucket+1)
		at = bucket - s.from
	}
	s.counts[at]++
}

func (s *side) merge(o *side) {
	s.n += o.n
	if len(o.counts) == 0 {
		return
	}
	s.cover(o.from, o.from+len(o.counts))
	for i, n := range o.counts {
		s.counts[o.from-s.from+i] += n
	}
}

// cover makes room for the buckets from a to before b. Which ones there is room
// for does not depend on what came first.
func (s *side) cover(a, b int) {
	const grain = 32
	a, b = a&^(grain-1), (b+grain-1)&^(grain-1)
	if len(s.counts) > 0 {
		a, b = min(a, s.from), max(b, s.from+len(s.counts))
	} else {
		s.from = a
	}
	old, front := s.counts, s.from-a
	s.from, s.counts = a, slices.Grow(s.counts, b-a-len(old))[:b-a]
	copy(s.counts[front:], old)
	clear(s.counts[:front])
	clear(s.counts[front+len(old):])
}

// at gives about the value at a place among them, the least at 1.
func (s *side) at(place int64) float64 {
	for i, n := range s.counts {
		if place -= n; place <= 0 {
			return middleOf(s.from + i)
		}
	}
	return math.Inf(1)
}

// A bucket's number is the bits of its values, but for those of the fraction
// beyond the first six. What is too small for a float64 of full precision is
// numbered as if it were 2^64 times as large.
const (
	fractionLeft = 52 - 6
	lift         = 64 << 6
	leastFull    = 1 << 6 // the bucket of 2^-1022
	infinity     = 2047 << 52
)

// bucketOf gives the bucket of a finite value above 0 from its bits.
func bucketOf(b uint64) int {
	if i := int(b >> fractionLeft); i >= leastFull {
		return i
	}
	return int(math.Float64bits(math.Float64frombits(b)*0x1p64)>>fractionLeft) - lift
}

// middleOf gives the middle of a bucket; of one that has a single value, that.
func middleOf(i int) float64 {
	scale := 1.0
	if i < leastFull {
		i, scale = i+lift, 0x1p-64
	}
	low := math.Float64frombits(uint64(i) << fractionLeft)
	half := math.Float64frombits(uint64(2*i+1)<<(fractionLeft-1)) - low
	return float64(low*scale) + float64(half*scale) // half a least step is 0
}

func approxQuantile(params []Literal) (func(Accumulator) (float64, bool), error) {
	p, err := shareParam(params)
	if err != nil {
		return nil, err
	}
	if len(params) > 1 {
		return nil, &ParamError{1, fmt.Sprintf("%d arguments after x; want p alone", len(params))}
	}
	return of(func(s *sketch) (float64, bool) { return s.quantile(p) }), nil
}

// quantile gives about the value that stands, of all of them sorted, at n*p
// rounded up.
func (s *sketch) quantile(p decimal) (float64, bool) {
	above, below := &s.sides[0], &s.sides[1]
	n := below.n + s.zeros + above.n
	if n == 0 {
		return none()
	}
	v, place := 0.0, p.placeOf(n)
	switch {
	case place <= below.n:
		v = -below.at(below.n + 1 - place)
	case place > below.n+s.zeros:
		v = above.at(place - below.n - s.zeros)
	}
	if v < s.extent.least {
		return s.extent.least, true
	}
	if v > s.extent.greatest {
		return s.extent.greatest, true
	}
	return v, true
}

// placeOf gives n*p rounded up, and 1 at least.
func (p decimal) placeOf(n int64) int64 {
	high, low := bits.Mul64(uint64(n), p.whole)
	whole, rest := bits.Div64(high, low, p.over)
	if rest > 0 || whole == 0 {
		whole++
	}
	return int64(whole)
}
