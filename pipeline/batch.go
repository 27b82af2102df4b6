package pipeline

import (
	"cmp"
	"math"
)

// None marks a time or an offset that is not known.
const None = math.MinInt64

// Partition names one partition of a source topic.
type Partition struct {
	Topic string
	ID    int32
}

// Compare orders partitions by topic, then number: the order in which
// accumulators are merged.
func (p Partition) Compare(q Partition) int {
	return cmp.Or(cmp.Compare(p.Topic, q.Topic), cmp.Compare(p.ID, q.ID))
}

// Batch is a run of records of one partition, in offset order, as columns: row i
// of every column is one record that was decoded. Records that could not be
// decoded are in Bad. What is in neither (control records, aborted and compacted
// ones) counts for Next alone.
//
// Its memory is the client's, who may fill it anew with the next poll. What is kept
// of it is Fields, and the originals of dead letters.
type Batch struct {
	Partition Partition
	Offsets   []int64     // offset of each row
	Times     []int64     // event time, ns since the epoch
	Schemas   []int32     // writer schema id
	Bad       []BadRecord // in offset order
	Next      int64       // the offset after the last record read
	Epoch     int32       // leader epoch of the last record
	Numbers   [][]float64 // [slot][row]: the columns of form Number and Boolean; NaN is missing
	Texts     [][][]byte  // [slot][row]: the columns of form Text and Key; nil is missing
	Arena     []byte      // what Texts point into where they do not point into the records
	Fields    []Field     // those whose operations are computed; their Slot is in Numbers
	// Record gives the original of a row, for a dead letter. It is opaque here.
	Record func(row int) any
}

// BadRecord is a record that cannot be used.
type BadRecord struct {
	Offset  int64
	Reason  string
	Unknown bool  // the registry answered that it does not know Schema
	Schema  int32 // of an unknown id
	Record  any   // the original
}
