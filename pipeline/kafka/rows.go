package kafka

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// keyPath is the path of the columns that hold the record's key.
const keyPath = "$key"

// rows fills a batch from the records of one partition. What is needed of a record
// to decode it is gathered for a few of them first: records lie far apart in
// memory, and a processor waits for several at once. Where it can be, that is no
// pointer: while the collector is at work, to write one costs more than to decode a
// number.
type rows struct {
	piece *piece
	batch *pipeline.Batch
	topic topicShard
	from  []*kgo.Record     // the batch's, in offset order
	timed bool              // a field holds event time
	most  time.Duration     // that it may be ahead of the record's timestamp
	keys  []pipeline.Column // of the record's key

	id      int32         // the writer schema of what is gathered
	decoder *decoder      // of id; nil: none yet
	n       int           // gathered
	places  [gathered]int // in from
	times   [gathered]int64
	bodies  [gathered][]byte
}

// gathered is how many records are gathered before they are decoded.
const gathered = 128

// begin starts a batch of records.
func (rs *rows) begin(t topicShard, to *piece, id pipeline.Partition, from []*kgo.Record) {
	rs.piece, rs.batch, rs.topic, rs.from, rs.decoder, rs.n = to, to.batch(id, len(from)), t, from, nil, 0
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

// end completes the batch.
func (rs *rows) end() {
	rs.decode()
	rs.widen()
	b, last := rs.batch, rs.from[len(rs.from)-1]
	b.Fields = rs.layout().Fields
	b.Next, b.Epoch = last.Offset+1, last.LeaderEpoch
	rs.piece.seal(b, rs.from)
}

// drop lets go of the records.
func (rs *rows) drop() {
	rs.from = nil
	clear(rs.bodies[:])
}

// add gathers the record at a place, of the schema at hand.
func (rs *rows) add(place int, at int64, body []byte) {
	i := rs.n
	rs.places[i], rs.times[i], rs.bodies[i] = place, at, body
	if rs.n++; rs.n == gathered {
		rs.decode()
	}
}

// decode makes rows of what is gathered.
func (rs *rows) decode() {
	most := rs.n // at once; one by one after a record whose time is refused, since those after it are read anew
	for i := 0; i < rs.n; {
		b, row, end := rs.batch, len(rs.batch.Offsets), min(i+most, rs.n)
		b.Times = append(b.Times, rs.times[i:end]...)
		n, err := rs.decoder.codec.DecodeRun(rs.bodies[i:end], row, b)
		if rs.timed {
			if punctual, early := rs.punctual(row, rs.places[i:i+n]); early != nil {
				n, err, most = punctual, early, 1
			}
		}
		b.Times = b.Times[:row+n]
		rs.keep(rs.places[i : i+n])
		if i += n; err != nil {
			rs.batch.Bad = append(rs.batch.Bad, badRecord(rs.from[rs.places[i]], err.Error()))
			i++
		}
	}
	rs.n = 0
}

// punctual gives how many rows there are before one that is too far ahead, and what
// is wrong with that.
func (rs *rows) punctual(row int, places []int) (int, error) {
	for i, place := range places {
		if early := ahead(rs.batch.Times[row+i], rs.from[place], rs.most); early != nil {
			return i, early
		}
	}
	return len(places), nil
}

// keep takes over records whose columns are filled.
func (rs *rows) keep(places []int) {
	b, row := rs.batch, len(rs.batch.Offsets)
	for i, place := range places {
		r := rs.from[place]
		b.Offsets = append(b.Offsets, r.Offset)
		b.Schemas = append(b.Schemas, rs.id)
		if len(rs.keys) > 0 {
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

// whole tells that the timestamp is the one on the wire. kgo counts nanoseconds in 64
// bits: one beyond the years 1677 to 2262, as of a producer that takes µs for ms,
// comes as another time, which is no whole number of ms but once in 15,625 times.
func whole(r *kgo.Record) bool { return r.Timestamp.UnixNano()%1e6 == 0 }

// eventTime is the record's timestamp in ns, or why it has none.
func eventTime(r *kgo.Record) (at int64, reason string) {
	switch ns := r.Timestamp.UnixNano(); {
	case ns == -1e6:
		return 0, "the record has no timestamp"
	case ns%1e6 != 0: // not whole
		return 0, "the record's timestamp is out of range"
	case ns > furthest*1e6 || ns < -furthest*1e6:
		return 0, fmt.Sprintf("timestamp %d ms is out of range", ns/1e6)
	default:
		return ns, ""
	}
}

// ahead tells why an event time that a field holds is refused. It is compared with
// the record's own timestamp, which is the same whenever it is read.
func ahead(at int64, r *kgo.Record, most time.Duration) error {
	switch ms := r.Timestamp.UnixMilli(); {
	case !whole(r):
		return errors.New("the record's timestamp, to hold its event time against, is out of range")
	case ms == -1:
		return errors.New("the record has no timestamp to hold its event time against")
	case at/1e6-ms > most.Milliseconds():
		return fmt.Errorf("event time is more than max_future (%v) ahead of the record's timestamp", most)
	}
	return nil
}
