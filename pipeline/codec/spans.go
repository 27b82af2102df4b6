package codec

import (
	"encoding/binary"
	"math"
)

// Where a record has several numbers side by side, they are read column by column
// for many records at once: what has to be known of a column is then looked up
// once, not for every record.

const (
	spanRows = 128 // few enough for the bytes of so many records to stay near
	maxSpans = 2   // of a record
	spanMin  = 3   // numbers that make it worth while
)

// span is the bytes of one opFixed, by row.
type span [spanRows][]byte

type spans [maxSpans]span

// findSpans marks those of a record's own program, which runs once a record.
func findSpans(ops []op) (found []*op) {
	for i := range ops {
		o := &ops[i]
		if o.code == opFixed && len(o.doubles)+len(o.floats) >= spanMin && len(found) < maxSpans {
			found = append(found, o)
			o.span = len(found)
		}
	}
	return found
}

// read reads n rows of what o has, from row on.
func (s *span) read(o *op, columns [][]float64, row, n int) {
	rows := s[:n]
	for _, r := range o.doubles {
		column := columns[r.slot][row : row+len(rows)]
		for i, b := range rows {
			column[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[r.at:]))
		}
	}
	for _, r := range o.floats {
		column := columns[r.slot][row : row+len(rows)]
		for i, b := range rows {
			column[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[r.at:])))
		}
	}
}
