package kafka

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// keyPath is the path of the columns that hold the record's key.
const keyPath = "$key"

// rows fills a batch from the records of one partition. What is needed of a record
// to decode it is gathered for a few of them first: records lie far apart in
// memory, and a processor waits for several at once.
type rows struct {
	piece *piece
	batch *pipeline.Batch
	topic topicShard
	timed bool              // a field holds event time
	most  time.Duration     // that it may be ahead of the record's timestamp
	keys  []pipeline.Column // of the record's key

	id      int32    // the writer schema of what is gathered
	decoder *decoder // of id; nil: none yet
	records []*kgo.Record
	times   []int64
	bodies  [][]byte
}

// gathered is how many records are gathered before they are decoded.
const gathered = 128

// begin starts a batch of up to n rows.
func (rs *rows) begin(t topicShard, to *piece, id pipeline.Partition, n int) {
	rs.piece, rs.batch, rs.topic, rs.decoder = to, to.batch(id, n), t, nil
	rs.keys = rs.keys[:0]
	for _, c := range rs.layout().Columns {
		if c.Path == keyPath {
			rs.keys = append(rs.keys, c)
		}
	}
	rs.widen()
}

func (rs *rows) layout() *pipeline.Layout { return rs.topic.layouts[rs.topic.source] }

func (rs *rows) widen() { rs.piece.widen(rs.batch, rs.layout()) }

// end completes the batch. last is the last record of the partition that was read.
func (rs *rows) end(last *kgo.Record) {
	rs.decode()
	rs.widen()
	b := rs.batch
	b.Fields = rs.layout().Fields
	b.Next, b.Epoch = last.Offset+1, last.LeaderEpoch
	rs.piece.seal(b)
}

// add gathers a record of the schema at hand.
func (rs *rows) add(r *kgo.Record, at int64, body []byte) {
	rs.records, rs.times, rs.bodies = append(rs.records, r), append(rs.times, at), append(rs.bodies, body)
	if len(rs.records) == gathered {
		rs.decode()
	}
}

// decode makes rows of what is gathered.
func (rs *rows) decode() {
	for len(rs.records) > 0 {
		b, row := rs.batch, len(rs.batch.Offsets)
		b.Times = append(b.Times, rs.times...)
		n, err := rs.decoder.codec.DecodeRun(rs.bodies, row, b)
		if rs.timed {
			n, err = rs.punctual(row, n, err)
		}
		b.Times = b.Times[:row+n]
		rs.keep(n)
		if err != nil {
			rs.batch.Bad = append(rs.batch.Bad, badRecord(rs.records[n], err.Error()))
			n++
		}
		rs.records, rs.times, rs.bodies = slices.Delete(rs.records, 0, n), slices.Delete(rs.times, 0, n), slices.Delete(rs.bodies, 0, n)
	}
}

// punctual finds the first of n rows that is too far ahead.
func (rs *rows) punctual(row, n int, err error) (int, error) {
	for i := range n {
		if late := ahead(rs.batch.Times[row+i], rs.records[i], rs.most); late != nil {
			return i, late
		}
	}
	return n, err
}

// keep takes over the first n of what is gathered, whose columns are filled.
func (rs *rows) keep(n int) {
	b, row := rs.batch, len(rs.batch.Offsets)
	copy(rs.piece.records[rs.piece.used+row:], rs.records[:n])
	for _, r := range rs.records[:n] {
		b.Offsets = append(b.Offsets, r.Offset)
		b.Schemas = append(b.Schemas, rs.id)
	}
	if len(rs.keys) > 0 {
		for i, r := range rs.records[:n] {
			rs.meta(r, row+i)
		}
	}
}

// bad sets a record aside, after those before it.
func (rs *rows) bad(r *kgo.Record, reason string) *pipeline.BadRecord {
	rs.decode()
	rs.batch.Bad = append(rs.batch.Bad, badRecord(r, reason))
	return &rs.batch.Bad[len(rs.batch.Bad)-1]
}

func badRecord(r *kgo.Record, reason string) pipeline.BadRecord {
	return pipeline.BadRecord{Offset: r.Offset, Reason: reason, Record: kept(r)}
}

// meta fills a row's columns of the record's key. A key that is no text is given
// in hexadecimal digits.
func (rs *rows) meta(r *kgo.Record, row int) {
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

// furthest bounds event time, ms: windows and grace are added to it.
const furthest = (1 << 62) / 1_000_000

// eventTime is the record's timestamp in ns, or why it has none.
func eventTime(r *kgo.Record) (at int64, reason string) {
	switch ms := r.Timestamp.UnixMilli(); {
	case ms == -1:
		return 0, "the record has no timestamp"
	case ms > furthest || ms < -furthest:
		return 0, fmt.Sprintf("timestamp %d ms is out of range", ms)
	default:
		return ms * 1e6, ""
	}
}

// ahead tells why an event time that a field holds is refused. It is compared with
// the record's own timestamp, which is the same whenever it is read.
func ahead(at int64, r *kgo.Record, most time.Duration) error {
	switch ms := r.Timestamp.UnixMilli(); {
	case ms == -1:
		return errors.New("the record has no timestamp to hold its event time against")
	case at/1e6-ms > most.Milliseconds():
		return fmt.Errorf("event time is more than max_future (%v) ahead of the record's timestamp", most)
	}
	return nil
}
