package bench

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/aggrun/aggrun/pipeline/codec"
)

// keyField is the field that holds the number of the record's key.
const keyField = "salIndex"

// kind is a type of field: how the schema says it, and how a value near the
// number x is written.
type kind struct {
	name   string
	schema func(field string) string
	append func(dst []byte, x float64) []byte
}

func plain(name string) func(string) string {
	return func(string) string { return `"` + name + `"` }
}

// kinds are what mixed records hold, in turns.
func kinds() []kind {
	return []kind{
		{"int", plain("int"), func(dst []byte, x float64) []byte { return binary.AppendVarint(dst, int64(x*1e3)) }},
		{"long", plain("long"), func(dst []byte, x float64) []byte { return binary.AppendVarint(dst, int64(x*1e9)) }},
		{"float", plain("float"), func(dst []byte, x float64) []byte {
			return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(x)))
		}},
		{"double", plain("double"), appendDouble},
		{"boolean", plain("boolean"), func(dst []byte, x float64) []byte { return append(dst, byte(int64(x*1e3)&1)) }},
		{"string", plain("string"), func(dst []byte, x float64) []byte {
			return append(binary.AppendVarint(dst, 8), states[int64(math.Abs(x)*1e3)%int64(len(states))]...)
		}},
		{"enum", func(field string) string {
			return fmt.Sprintf(`{"type": "enum", "name": "E_%s", "symbols": ["%s"]}`, field, strings.Join(states[:], `", "`))
		}, func(dst []byte, x float64) []byte {
			return binary.AppendVarint(dst, int64(math.Abs(x)*1e3)%int64(len(states)))
		}},
		{"nullable", plainUnion, func(dst []byte, x float64) []byte {
			if int64(x*1e3)%10 == 0 {
				return append(dst, 0)
			}
			return appendDouble(append(dst, 2), x)
		}},
		{"nested", func(field string) string {
			return fmt.Sprintf(`{"type": "record", "name": "R_%s", "fields": [{"name": "x", "type": "double"}, {"name": "n", "type": "int"}]}`, field)
		}, func(dst []byte, x float64) []byte { return append(appendDouble(dst, x), 2) }},
	}
}

func plainUnion(string) string { return `["null", "double"]` }

// states are texts of eight bytes.
var states = [...]string{"DISABLED", "ENABLED_", "FAULTED_", "STANDBY_"}

func appendDouble(dst []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
}

// field is one of a record's, beside time and the key's number.
type field struct {
	name   string
	kind   kind
	offset float64
}

// fields are value0, value1 and so on, or, of mixed types, int0, long1 and so on.
func (l Load) fields() []field {
	all := kinds()
	var fields []field
	for i := range l.Fields {
		f := field{name: fmt.Sprintf("value%d", i), kind: kind{"double", plain("double"), appendDouble}, offset: float64(10 * i)}
		if l.Mixed {
			f.kind = all[i%len(all)]
			f.name = fmt.Sprintf("%s%d", f.kind.name, i)
		}
		fields = append(fields, f)
	}
	return fields
}

// schema is the Avro schema of the load's records.
func (l Load) schema() string {
	fields := []string{`{"name": "time", "type": "double"}`}
	if l.Keys > 0 {
		fields = append(fields, `{"name": "`+keyField+`", "type": "int"}`)
	}
	for _, f := range l.fields() {
		name, err := json.Marshal(f.name)
		if err != nil {
			panic(err) // a name that we made
		}
		fields = append(fields, fmt.Sprintf(`{"name": %s, "type": %s}`, name, f.kind.schema(f.name)))
	}
	return `{"type": "record", "name": "Bench", "fields": [` + strings.Join(fields, ", ") + `]}`
}

// encoder writes the values of records.
type encoder struct {
	schema int32 // id
	keyed  bool
	fields []field
	random *rand.Rand
}

// append writes a record of event time ms since the epoch. Every field is its
// offset and noise from -1 to 1.
func (e *encoder) append(dst []byte, ms int64, key int64) []byte {
	dst = appendDouble(codec.AppendHeader(dst, e.schema), float64(ms)/1e3)
	if e.keyed {
		dst = binary.AppendVarint(dst, key)
	}
	for i := range e.fields {
		f := &e.fields[i]
		dst = f.kind.append(dst, f.offset+2*e.random.Float64()-1)
	}
	return dst
}
