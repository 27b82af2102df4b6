package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// Encoder writes results by one version of a sink schema. It is immutable, and
// safe for concurrent use.
type Encoder struct {
	id      int32
	columns int
	nan     bool
}

// NewEncoder makes an encoder for the schema of that id, which SinkSchema derived
// from as many fields and operations.
func NewEncoder(schemaID int32, fields, operations int, nulls spec.Nulls) *Encoder {
	return &Encoder{id: schemaID, columns: fields * operations, nan: nulls == spec.NullsNaN}
}

// Append appends the record value of r to dst: the wire format's header and the
// body. A value that is NaN, or that r does not reach, is written as no value. r
// must not have more values than the schema has columns.
func (e *Encoder) Append(dst []byte, r *pipeline.Result) []byte {
	if len(r.Values) > e.columns {
		panic(fmt.Sprintf("codec: a result of %d values for a schema of %d", len(r.Values), e.columns))
	}
	dst = AppendHeader(dst, e.id)
	dst = appendDouble(dst, midpoint(r.Start, r.End))
	dst = appendDouble(dst, seconds(r.End-r.Start))
	dst = binary.AppendVarint(dst, r.Count)
	for _, v := range r.Values {
		dst = e.appendValue(dst, v)
	}
	for range e.columns - len(r.Values) {
		dst = e.appendValue(dst, math.NaN())
	}
	return dst
}

// The indices of the branches of ["null","double"], as a body has them.
const (
	branchNull   = 0 << 1
	branchDouble = 1 << 1
)

func (e *Encoder) appendValue(dst []byte, v float64) []byte {
	switch {
	case e.nan && math.IsNaN(v):
		return appendDouble(dst, math.NaN()) // one NaN, whatever bits v has
	case e.nan:
		return appendDouble(dst, v)
	case math.IsNaN(v):
		return append(dst, branchNull)
	}
	return appendDouble(append(dst, branchDouble), v)
}

func appendDouble(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}
