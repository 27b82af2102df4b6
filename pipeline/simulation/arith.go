package simulation

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// What the judge computes by itself: windows, aggregates and the metadata of
// commits. Nothing here calls the code that is tried.

// floor is the start of the window that holds t.
func floor(t, size int64) int64 {
	q := t / size
	if q*size > t {
		q--
	}
	return q * size
}

// sample is a record of a window.
type sample struct {
	time   int64
	from   int // index of its source
	offset int64
	a, b   float64
}

func (s sample) compare(o sample) int {
	return cmp.Or(cmp.Compare(s.time, o.time), cmp.Compare(s.from, o.from), cmp.Compare(s.offset, o.offset))
}

// aggregate computes the operations of both fields over whole numbers, exactly.
func aggregate(p *spec.Pipeline, samples []sample) []float64 {
	slices.SortFunc(samples, sample.compare)
	var out, values []float64
	for field := range 2 {
		values = values[:0]
		for _, s := range samples {
			v := s.a
			if field == 1 {
				v = s.b
			}
			if v == v {
				values = append(values, v)
			}
		}
		for _, op := range p.Operations {
			out = append(out, operation(p, op, values))
		}
	}
	return out
}

// operation is one aggregate of values in the order of their times.
func operation(p *spec.Pipeline, op string, values []float64) float64 {
	n := len(values)
	switch {
	case op == "count":
		return float64(n)
	case n == 0, n < p.MinSample && p.SmallSample == spec.NullValue:
		return nan
	case n < p.MinSample:
		return values[0]
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	switch op {
	case "sum":
		return sum
	case "mean":
		return sum / float64(n)
	case "min":
		return slices.Min(values)
	case "max":
		return slices.Max(values)
	case "first":
		return values[0]
	case "last":
		return values[n-1]
	case "median":
		sorted := slices.Sorted(slices.Values(values))
		return (sorted[(n-1)/2] + sorted[n/2]) / 2
	}
	panic("no oracle for " + op)
}

// same tells whether values are those wanted, bit for bit; those that a window
// without any value of the second field leaves out are no values.
func same(have, want []float64) bool {
	if len(have) != len(want) && 2*len(have) != len(want) {
		return false
	}
	for i, w := range want {
		if i >= len(have) {
			if w == w && w != 0 {
				return false
			}
			continue
		}
		if math.Float64bits(have[i]) != math.Float64bits(w) && (have[i] == have[i] || w == w) {
			return false
		}
	}
	return true
}

// metadata is what the judge reads of a commit's metadata.
type metadata struct{ replay, largest, closed, skipped int64 }

var errMetadata = errors.New("not as written")

// readMetadata takes the text apart: version, hashes, then numbers.
func readMetadata(text string, done int64) (m metadata, err error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) < 2 || b[0] != 1 {
		return m, errMetadata
	}
	b = b[1:]
	unsigned := func() int64 {
		v, n := binary.Uvarint(b)
		b = b[max(n, 0):]
		return int64(v)
	}
	signed := func() int64 {
		v, n := binary.Varint(b)
		b = b[max(n, 0):]
		return v
	}
	hashes := unsigned()
	if int64(len(b)) < 4*hashes {
		return m, errMetadata
	}
	b = b[4*hashes:]
	m.replay = done - unsigned()
	m.largest, m.closed, m.skipped = signed(), signed(), signed()
	return m, nil
}

const none = int64(pipeline.None)
