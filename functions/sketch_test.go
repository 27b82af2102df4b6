package functions

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every bucket holds its middle, and is no wider than is said; between one and
// the next no value is left.
func TestBucketsOfAllMagnitudes(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	check := func(x float64) {
		i := bucketOf(math.Float64bits(x))
		middle := middleOf(i)
		if got := bucketOf(math.Float64bits(middle)); got != i || math.Abs(middle-x) > approximate*x {
			t.Fatalf("%v is in bucket %d, the middle of which is %v, in %d", x, i, middle, got)
		}
		if next := bucketOf(math.Float64bits(x) + 1); next != i && next != i+1 && x >= smallestNormal {
			t.Fatalf("%v is in bucket %d, and what follows it in %d", x, i, next)
		}
	}
	for range 100000 {
		check(math.Abs(math.Float64frombits(r.Uint64N(infinity-1) + 1)))
		check(math.Float64frombits(r.Uint64N(1<<uint(1+r.IntN(52))) + 1))
	}
	for _, x := range []float64{math.SmallestNonzeroFloat64, smallestNormal, math.Nextafter(smallestNormal, 0), 1, math.Nextafter(1, 0)} {
		check(x)
	}
	if i := bucketOf(math.Float64bits(math.MaxFloat64)); middleOf(i) > math.MaxFloat64 {
		t.Errorf("the last bucket has the middle %v", middleOf(i))
	}
}

// Neither the order of values, nor how partitions and calls part them, changes a
// bit of what is told.
func TestSketchesOfPermutations(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	used := New(Sketch).(*sketch)
	for range 500 {
		values := mixture(r)
		w := window{make([]int64, len(values)), values}
		whole, p := fold(nil, Sketch, w).(*sketch), decimalOf(randomShare(r))
		want, _ := whole.quantile(p)
		r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		used.Reset()
		used.Merge(foldParts(r, Sketch, w, randomEnds(r, len(values))))
		if got, _ := used.quantile(p); math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%v, not %v, of %v", got, want, values)
		}
		for i := range used.sides {
			a, b := used.sides[i], whole.sides[i]
			if a.from != b.from || a.n != b.n || !slices.Equal(a.counts, b.counts) {
				t.Fatalf("%v\n%v\n%v", values, a, b)
			}
		}
	}
}

// However many values there are, what is kept goes by their range.
func TestSketchIsSmall(t *testing.T) {
	s := New(Sketch).(*sketch)
	for range 100 {
		_, values := benchmarkInput(1000)
		for i := range values {
			values[i] = 1e9 + values[i]
		}
		s.Add(nil, values)
	}
	if n := kept(s); n > 64 {
		t.Errorf("%d counts of values that are much alike", n)
	}
	s.Add(nil, []float64{math.Inf(1), 0, math.Inf(-1)})
	if n := kept(s); n > 64 {
		t.Errorf("%d counts with what has no bucket", n)
	}
	s.Add(nil, []float64{math.SmallestNonzeroFloat64, math.MaxFloat64, -math.SmallestNonzeroFloat64, -math.MaxFloat64})
	if n := kept(s); n > 2*64*2100 {
		t.Errorf("%d counts of all magnitudes", n)
	}
}

func TestApproxQuantileParams(t *testing.T) {
	for _, c := range []struct {
		params []Literal
		index  int
		want   string
	}{
		{nil, 0, `p is missing; want a number from 0 to 1`},
		{[]Literal{{Number: 99}}, 0, `p is 99; want a number from 0 to 1 (did you mean 0.99?)`},
		{[]Literal{{Number: 0.5}, {Text: "r7", IsText: true}}, 1, `2 arguments after x; want p alone`},
	} {
		value, err := approxQuantile(c.params)
		var param *ParamError
		if value != nil || !errors.As(err, &param) || param.Index != c.index || err.Error() != c.want {
			t.Errorf("%v: %v, want param %d: %s", c.params, err, c.index, c.want)
		}
	}
}

// kept is how many counts a sketch keeps.
func kept(s *sketch) int { return len(s.sides[0].counts) + len(s.sides[1].counts) }
