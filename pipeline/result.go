package pipeline

import "slices"

// Result is one group of one window of one shard, ready to be encoded.
type Result struct {
	Sink       string // the sink topic
	Key        string // of the record: the group's as JSON, or the source topic's name, or the pipeline's where topics share the sink
	Start, End int64  // ns since the epoch, half open
	Count      int64  // records
	// Group is the group's values, in the order of group_by.
	Group []GroupValue
	// Fields are the operations, by source, field by field in the order of
	// Output.Sources: Fields[s][field*len(operations)+operation]. It may lack
	// fields that joined since, which have no values. NaN is no value.
	Fields [][]float64
	// Aggregates are in the order of Output.Aggregates; NaN is no value.
	Aggregates []float64
}

// Clone gives a result whose memory is its own, for a client that keeps results
// beyond their commit.
func (r Result) Clone() Result {
	r.Fields, r.Aggregates = slices.Clone(r.Fields), slices.Clone(r.Aggregates)
	for i := range r.Fields {
		r.Fields[i] = slices.Clone(r.Fields[i])
	}
	return r
}

// DeadLetter is a record that is set aside in the transaction that passes it.
type DeadLetter struct {
	Partition Partition
	Offset    int64
	Reason    string
	Record    any // the original, as the Batch gave it
}
