package simulation

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// What the judge computes by itself: windows, aggregates and the metadata of
// commits. Nothing here calls the code that is tried.

// pane is the start of the last window that holds t.
func (s *script) pane(t int64) int64 {
	advance, offset := s.advance(), int64(s.spec.Window.Offset)
	q := (t - offset) / advance
	if q*advance > t-offset {
		q--
	}
	return q*advance + offset
}

// undecided is the start of the first window that ends after C.
func (s *script) undecided(closed int64) int64 {
	return s.pane(closed-int64(s.spec.Window.Size)) + s.advance()
}

// sink is the topic of results of a topic's records.
func (s *script) sink(topic string) string {
	switch s.spec.Sink.Topic {
	case oneSink:
		return oneSink
	case capturedSink:
		return topic[1:] + "-aggregated"
	}
	return topic + "-aggregated"
}

// sample is a record of a window.
type sample struct {
	e      *entry
	at     int64 // its event time
	from   int   // index of its partition
	source int   // of the spec
	offset int64
	group  string
}

// compare orders samples by group, and then by time.
func (s sample) compare(o sample) int {
	return cmp.Or(strings.Compare(s.group, o.group), cmp.Compare(s.at, o.at), cmp.Compare(s.from, o.from), cmp.Compare(s.offset, o.offset))
}

// answer is what one group of a window comes to.
type answer struct {
	fields     [][]float64 // by source
	aggregates []float64
}

// answerOf computes the operations of the fields, and the aggregates, over whole
// numbers, exactly. Samples are in the order of their times.
func (s *script) answerOf(samples []sample) (a answer) {
	for source := range s.spec.Sources {
		a.fields = append(a.fields, s.operations(source, samples))
	}
	for _, n := range s.spec.Aggregates {
		a.aggregates = append(a.aggregates, named(outcomes, func(o outcome) bool { return o.name == n.Name }).of(samples))
	}
	return a
}

// operations are those of each field of a source: what is derived, a and b.
func (s *script) operations(source int, samples []sample) (out []float64) {
	of := make([]func(e *entry) float64, 0, 8)
	for _, n := range s.spec.Sources[source].Derive {
		if d := named(derivations, func(d derivation) bool { return d.name == n.Name }); d.aggregated {
			of = append(of, d.number)
		}
	}
	of = append(of, func(e *entry) float64 { return e.a }, func(e *entry) float64 { return e.b })
	values := make([]float64, 0, len(samples))
	for _, field := range of {
		values = values[:0]
		for i := range samples {
			if samples[i].source != source {
				continue
			}
			if v := field(samples[i].e); v == v {
				values = append(values, v)
			}
		}
		for _, op := range s.spec.Operations {
			out = append(out, operation(&s.spec, op, values))
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

// same tells whether values are those wanted, bit for bit. A field that nobody
// had a value of may be left out, with those after it.
func (a answer) same(fields [][]float64, aggregates []float64, operations int) bool {
	if len(fields) != len(a.fields) || len(aggregates) != len(a.aggregates) || !equal(aggregates, a.aggregates) {
		return false
	}
	for s, want := range a.fields {
		have := fields[s]
		if len(have) > len(want) || len(have)%operations != 0 || !equal(have, want[:len(have)]) {
			return false
		}
		for i, w := range want[len(have):] { // the first operation is count
			if w == w && (i%operations != 0 || w != 0) {
				return false
			}
		}
	}
	return true
}

// equal tells that values are the same bit for bit, whatever NaN it is.
func equal(have, want []float64) bool {
	for i, w := range want {
		if math.Float64bits(have[i]) != math.Float64bits(w) && (have[i] == have[i] || w == w) {
			return false
		}
	}
	return true
}

// metadata is what the judge reads of a commit's metadata.
type metadata struct {
	print                            string // what tells specs apart
	replay, largest, closed, skipped int64
}

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
	m.print, b = string(b[:4*hashes]), b[4*hashes:]
	m.replay = done - unsigned()
	m.largest, m.closed, m.skipped = signed(), signed(), signed()
	return m, nil
}

const none = int64(pipeline.None)
