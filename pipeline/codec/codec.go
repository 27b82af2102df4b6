// Package codec turns bytes into columns and rows into bytes.
//
//	value -> Header -> schema id, body -> Decoder.Decode -> columns[slot][row]
//	pipeline.Result -> Encoder.Append -> value
//
// Values are Confluent's wire format: a zero byte, a 4-byte schema id, an Avro
// body. ParseSchema reads the text of a writer schema; CompileDecoder makes of it
// and of the fields wanted a flat list of operations that runs over the bytes
// without allocating. SinkSchema derives the schema of the results.
//
// The bytes of a topic are hostile until they are decoded: every length is
// checked before it is believed, what costs no byte is counted, recursion is
// bounded, and a body must end where its record ends. Limits: a value of 1 MiB,
// a schema of 1 MiB, 10,000 fields and 64 levels.
//
// All numbers become float64: a long beyond 2^53 is rounded to the nearest one.
// Null, and a field that the writer schema does not have, become NaN.
//
// To add a type that can be aggregated: a row in numbers (number.go) and a case in
// number (decode.go) that reads it.
package codec
