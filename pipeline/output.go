package pipeline

import "github.com/aggrun/aggrun/functions"

// Output is what the records of one sink hold, in their order:
//
//	time, window_size, count, the group's values,
//	of each source the operations of each of its fields, the aggregates
//
// It grows with the fields that writer schemas bring, and with the types of
// group values.
type Output struct {
	Group      []GroupField
	Sources    [][]Field // by source
	Operations []functions.Function
	Aggregates []Aggregate
}

// GroupField is one value that records are grouped by.
type GroupField struct {
	Name        string    // in the output record
	Types       []KeyType // that its fields can have, each once; none before a schema showed one
	Doc         string
	Units       string
	Description string
}

// Aggregate is a named expression over aggregates.
type Aggregate struct {
	Name  string
	Text  string // as the user wrote it
	Units string // where they follow from the field's, else ""
}
