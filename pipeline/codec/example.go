package codec

import (
	"fmt"

	"github.com/aggrun/aggrun/pipeline"
)

// ExampleSchema is the schema of an example topic: time, then value0 and so on, as
// many as values, all doubles.
func ExampleSchema(topic string, values int) (*Schema, error) {
	r := avroRecord{
		Type: "record", Name: pipeline.AvroName(topic), Doc: "made up by aggrun produce",
		Fields: []avroField{{Name: "time", Type: "double", Doc: "when the record was made, seconds since the epoch", Units: "s"}},
	}
	for i := range values {
		r.Fields = append(r.Fields, avroField{
			Name: fmt.Sprintf("value%d", i), Type: "double",
			Doc: fmt.Sprintf("example signal %d", i), Units: "m",
		})
	}
	return r.schema()
}

// AppendDoubles appends the value of a record of doubles alone, such as an example
// topic's: the wire format's header for schema id, and the values in order.
func AppendDoubles(dst []byte, id int32, values ...float64) []byte {
	dst = AppendHeader(dst, id)
	for _, v := range values {
		dst = appendDouble(dst, v)
	}
	return dst
}
