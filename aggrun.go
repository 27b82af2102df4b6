// Package aggrun computes windowed statistics of Kafka topics as a spec
// declares them. A spec names source topics, selects fields, sets a window and
// lists aggregates; one generic program interprets every spec, so that no code
// is generated and nothing is compiled for a topic:
//
//	pipelines:
//	  example:
//	    source: "example-*"
//	    window: 1s
//	    operations: [min, q1, mean, median, stdev, q3, max]
//
// reads every topic whose name begins with example-, and writes to
// example-000-aggregated and its like one record for each second: its midpoint,
// the number of records in it, and each operation of each numeric field.
//
// The command is cmd/aggrun; spec reads specs, pipeline is the pure core,
// functions holds the aggregate functions, and pipeline/kafka runs them on a
// cluster. This package holds what they share: the schema of specs.
package aggrun

import _ "embed"

//go:embed schema.cue
var schema string

// Schema is the text of schema.cue, in CUE: its definition #Spec tells every
// field that a spec may hold, with its type, its range and its use.
func Schema() string { return schema }
