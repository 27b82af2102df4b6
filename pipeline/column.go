package pipeline

// Form is how the values of a field are read into a column.
type Form uint8

// The forms. A value that is null, or a field that a writer schema does not
// have, is missing in any of them.
const (
	// Number is a float64, NaN where missing: of int, long, float, double,
	// boolean (1 or 0), a decimal, and the logical types of time (seconds: since
	// the epoch of date, timestamp-* and local-timestamp-*, since midnight of
	// time-*). Integers beyond 2^53 are rounded.
	Number Form = iota
	// Boolean is Number of a boolean field, and of no other.
	Boolean
	// Text is the bytes of a string or of an enum's symbol, nil where missing; an
	// empty text is not nil.
	Text
	// Key is a value to group by, as AppendKey... writes it: of what Number and
	// Text take. nil is the group null.
	Key
	// Time is the record's event time, ns since the epoch: of a number in Unit, a
	// logical type of time, or a text in ISO 8601. It goes to Batch.Times.
	Time
)

// Column is one column that decoders fill: a field, by its path in the source's
// record, in one form.
type Column struct {
	Path string // a, a.b, wave[3], wave[3].x; or $key, with Form Text or Key, which is no field
	Form Form
	Slot int    // in Batch.Numbers of Number and Boolean, in Batch.Texts of Text and Key
	Unit string // of Time: s, ms, us or ns
	// Optional: where a schema has the field, but of a type that the form does not
	// take, it is missing; of form Number that is any but an int, long, float or
	// double and null. Else no record of that schema can be used.
	Optional bool
}
