package kafka

import (
	"encoding/hex"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// keyPath is the path of the columns that hold the record's key.
const keyPath = "$key"

// rows is a batch that grows.
type rows struct {
	batch   *pipeline.Batch
	records []*kgo.Record
	room    int
	keys    []pipeline.Column // of the record's key
}

// begin empties the batch and gives it room, keeping its memory.
func (rs *rows) begin(p kgo.FetchTopicPartition, layout *pipeline.Layout) {
	b, n := rs.batch, len(p.Records)
	rs.room = n
	b.Partition = pipeline.Partition{Topic: p.Topic, ID: p.Partition}
	b.Offsets = slices.Grow(b.Offsets[:0], n)
	b.Times = slices.Grow(b.Times[:0], n)
	b.Schemas = slices.Grow(b.Schemas[:0], n)
	b.Bad, b.Record, b.Arena = nil, nil, b.Arena[:0]
	b.Numbers, b.Texts = b.Numbers[:0], b.Texts[:0]
	for _, c := range layout.Columns {
		if c.Path == keyPath {
			rs.keys = append(rs.keys, c)
		}
	}
	rs.grow(layout)
}

// grow gives the batch the columns that joined the layout, missing in the rows
// before.
func (rs *rows) grow(layout *pipeline.Layout) {
	b, row := rs.batch, len(rs.records)
	for len(b.Numbers) < layout.Numbers {
		b.Numbers = next(b.Numbers, rs.room)
		fill(b.Numbers[len(b.Numbers)-1][:row], math.NaN())
	}
	for len(b.Texts) < layout.Texts {
		b.Texts = next(b.Texts, rs.room)
		fill(b.Texts[len(b.Texts)-1][:row], nil)
	}
}

// next gives columns one more of n rows, whose memory may be an earlier batch's.
func next[T any](columns [][]T, n int) [][]T {
	if len(columns) < cap(columns) {
		columns = columns[:len(columns)+1]
	} else {
		columns = append(columns, nil)
	}
	last := &columns[len(columns)-1]
	*last = slices.Grow((*last)[:0], n)[:n]
	return columns
}

func fill[T any](rows []T, v T) {
	for i := range rows {
		rows[i] = v
	}
}

// end cuts the columns to the rows there are.
func (rs *rows) end(layout *pipeline.Layout) {
	rs.grow(layout)
	b, n := rs.batch, len(rs.records)
	for i := range b.Numbers {
		b.Numbers[i] = b.Numbers[i][:n]
	}
	for i := range b.Texts {
		b.Texts[i] = b.Texts[i][:n]
	}
	b.Fields = layout.Fields
	records := rs.records
	b.Record = func(row int) any { return kept(records[row]) }
}

func (rs *rows) bad(r *kgo.Record, reason string) {
	rs.batch.Bad = append(rs.batch.Bad, pipeline.BadRecord{Offset: r.Offset, Reason: reason, Record: kept(r)})
}

// meta fills a row's columns of the record's key. A key that is no text is given
// in hexadecimal digits.
func (rs *rows) meta(r *kgo.Record, row int) {
	if len(rs.keys) == 0 {
		return
	}
	b, key := rs.batch, r.Key
	if !utf8.Valid(key) {
		key = append([]byte("0x"), hex.EncodeToString(key)...)
	}
	for _, c := range rs.keys {
		switch {
		case r.Key == nil:
			b.Texts[c.Slot][row] = nil
		case c.Form == pipeline.Key:
			at := len(b.Arena)
			b.Arena = pipeline.AppendKeyText(b.Arena, key)
			b.Texts[c.Slot][row] = b.Arena[at:len(b.Arena):len(b.Arena)]
		default:
			b.Texts[c.Slot][row] = key
		}
	}
}
