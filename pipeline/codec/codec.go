// Package codec turns bytes into columns and rows into bytes.
//
//	value -> Header -> schema id, body -> Decoder.Decode -> a row of a pipeline.Batch
//	pipeline.Result -> Encoder.Append -> value
//
// Values are Confluent's wire format: a zero byte, a 4-byte schema id, an Avro
// body. ParseSchema reads the text of a writer schema; CompileDecoder makes of it
// and of the columns wanted a flat list of operations that runs over the bytes
// without allocating. Schema.Field and Schema.Expand tell what a schema has at a
// path or a pattern of paths, and in which forms it can be read. SinkSchema derives
// the schema of the results.
//
// The bytes of a topic are hostile until they are decoded: every length is
// checked before it is believed, what costs no byte is counted, recursion is
// bounded, and a body must end where its record ends. Limits: a value of 1 MiB,
// a schema of 1 MiB, 10,000 fields and 64 levels, a path of 64 steps, a decimal of
// 32 bytes, an event time within 146 years of 1970.
//
// Paths lead through records and elements of arrays, null or not, and never
// through maps. pipeline.Form says what each form makes of which types; in short,
// numbers become float64, a long beyond 2^53 rounded to the nearest one, and null,
// an element beyond an array's end and a field that the writer schema does not have
// are missing. A union is read where the form takes each of its types.
//
// To add a type: its class in forms.go, with the forms that take it, and how its
// bytes are read in value.go; store.go has what each form makes of a class.
package codec
