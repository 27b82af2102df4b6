package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// Encoder writes results by one version of a sink schema. It is immutable, and
// safe for concurrent use.
type Encoder struct {
	id         int32
	group      [][]pipeline.KeyType // the branches of each value after null
	columns    []int                // of each source
	aggregates int
	nan        bool
	empty      []float64 // the operations of a field that a result does not reach; nil for no values
}

// NewEncoder makes an encoder for the schema of that id, which SinkSchema derived
// from out and nulls.
func NewEncoder(schemaID int32, out pipeline.Output, nulls spec.Nulls) *Encoder {
	e := &Encoder{id: schemaID, aggregates: len(out.Aggregates), nan: nulls == spec.NullsNaN}
	for _, g := range out.Group {
		e.group = append(e.group, groupBranches(g))
	}
	for _, fields := range out.Sources {
		e.columns = append(e.columns, len(fields)*len(out.Operations))
	}
	return e
}

// Filling gives an encoder that writes the fields which a result does not reach as
// those of operations.
func (e *Encoder) Filling(operations []float64) *Encoder {
	filling := *e
	filling.empty = operations
	return &filling
}

// Append appends the record value of r to dst: the wire format's header and the
// body. A value that is NaN, or that r does not reach, is written as no value. r
// must have all values of the group, each of a type that the schema has (an
// integer may be written as a double), and no more results than the schema has
// columns.
func (e *Encoder) Append(dst []byte, r *pipeline.Result) []byte {
	check("group values", len(r.Group) == len(e.group), len(r.Group), len(e.group))
	check("sources", len(r.Fields) <= len(e.columns), len(r.Fields), len(e.columns))
	dst = AppendHeader(dst, e.id)
	dst = appendDouble(dst, midpoint(r.Start, r.End))
	dst = appendDouble(dst, seconds(r.End-r.Start))
	dst = binary.AppendVarint(dst, r.Count)
	for i, branches := range e.group {
		dst = appendGroupValue(dst, branches, r.Group[i])
	}
	for s, columns := range e.columns {
		var values []float64
		if s < len(r.Fields) {
			values = r.Fields[s]
		}
		dst = e.appendValues(dst, values, columns, e.empty)
	}
	return e.appendValues(dst, r.Aggregates, e.aggregates, nil)
}

func check(what string, ok bool, got, want int) {
	if !ok {
		panic(fmt.Sprintf("codec: a result of %d %s for a schema of %d", got, what, want))
	}
}

// appendValues appends values; the columns that they do not reach are filled with
// empty over and over, or have no value.
func (e *Encoder) appendValues(dst []byte, values []float64, columns int, empty []float64) []byte {
	check("values", len(values) <= columns, len(values), columns)
	dst = slices.Grow(dst, columns*valueSize)
	dst = e.write(dst, values)
	for at := len(values); at < columns; at++ {
		v := noValue
		if len(empty) > 0 {
			v[0] = empty[at%len(empty)]
		}
		dst = e.write(dst, v[:])
	}
	return dst
}

var noValue = [1]float64{math.NaN()}

// The indices of the branches of ["null","double"], as a body has them, and the
// most bytes that a value takes.
const (
	branchNull   = 0 << 1
	branchDouble = 1 << 1
	valueSize    = 1 + 8
)

// write appends values to dst, which has room for them.
func (e *Encoder) write(dst []byte, values []float64) []byte {
	n, b := len(dst), dst[:cap(dst)]
	for _, v := range values {
		switch {
		case e.nan && v != v:
			v = math.NaN() // one NaN, whatever bits v has
		case v != v:
			b[n] = branchNull
			n++
			continue
		case !e.nan:
			b[n] = branchDouble
			n++
		}
		binary.LittleEndian.PutUint64(b[n:], math.Float64bits(v))
		n += 8
	}
	return b[:n]
}

// appendGroupValue appends a value of a union of null and branches.
func appendGroupValue(dst []byte, branches []pipeline.KeyType, v pipeline.GroupValue) []byte {
	if v == nil {
		return append(dst, branchNull)
	}
	typ := v.Type()
	at := slices.Index(branches, typ)
	if at < 0 && typ == pipeline.KeyInteger {
		typ = pipeline.KeyNumber
		at = slices.Index(branches, typ)
	}
	if at < 0 {
		panic(fmt.Sprintf("codec: a group value of type %c for a schema of %c", v.Type(), branches))
	}
	dst = binary.AppendVarint(dst, int64(at+1))
	switch typ {
	case pipeline.KeyInteger:
		return binary.AppendVarint(dst, v.Integer())
	case pipeline.KeyNumber:
		return appendDouble(dst, v.Number())
	case pipeline.KeyBoolean:
		return append(dst, v[1])
	}
	dst = binary.AppendVarint(dst, int64(len(v.Text())))
	return append(dst, v.Text()...)
}

func appendDouble(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}
