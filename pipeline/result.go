package pipeline

// Result is one window of one shard, ready to be encoded.
type Result struct {
	Sink       string // the sink topic
	Key        string // the source topic, or the pipeline where the shard has several
	Start, End int64  // ns since the epoch, half open
	Count      int64  // records
	// Values are the operations of each field of the layout, field by field:
	// Values[slot*len(operations)+operation]. NaN is no value.
	Values []float64
	// Group is the group's values, in the order of group_by.
	Group []GroupValue
	// Fields are the operations, by source, field by field in the order of
	// Output.Sources: Fields[s][field*len(operations)+operation]. It may lack
	// fields that joined since, which have no values. NaN is no value.
	Fields [][]float64
	// Aggregates are in the order of Output.Aggregates; NaN is no value.
	Aggregates []float64
}

// DeadLetter is a record that is set aside in the transaction that passes it.
type DeadLetter struct {
	Partition Partition
	Offset    int64
	Reason    string
	Record    any // the original, as the Batch gave it
}
