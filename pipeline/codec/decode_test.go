package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	hamba "github.com/hamba/avro/v2"

	"github.com/aggrun/aggrun/pipeline"
)

// newBatch has room for the columns.
func newBatch(columns []pipeline.Column, rows int) *pipeline.Batch {
	b := &pipeline.Batch{Times: make([]int64, rows)}
	for _, c := range columns {
		for len(b.Numbers) <= c.Slot {
			b.Numbers = append(b.Numbers, make([]float64, rows))
			b.Texts = append(b.Texts, make([][]byte, rows))
		}
	}
	return b
}

// numbersOf are the columns of every field that is aggregated by default.
func numbersOf(s *Schema) (columns []pipeline.Column) {
	for i, f := range s.Fields() {
		columns = append(columns, pipeline.Column{Path: f.Path, Form: pipeline.Number, Slot: i})
	}
	return columns
}

// decodeAll decodes body into one row of every field that is aggregated by default.
func decodeAll(s *Schema, body []byte) (map[string]float64, error) {
	want := numbersOf(s)
	b, err := decodeRow(s, want, body)
	if err != nil {
		return nil, err
	}
	got := map[string]float64{}
	for _, c := range want {
		got[c.Path] = b.Numbers[c.Slot][0]
	}
	return got, nil
}

func decodeRow(s *Schema, want []pipeline.Column, body []byte) (*pipeline.Batch, error) {
	d, err := CompileDecoder(s, want)
	if err != nil {
		return nil, err
	}
	b := newBatch(want, 1)
	return b, d.Decode(body, 0, b)
}

// same tells whether two numbers are the same bits, or both NaN.
func same(v, w float64) bool {
	return math.Float64bits(v) == math.Float64bits(w) || v != v && w != w
}

// number64 is a number as another library gives it, in its union's map or not.
func number64(v any) float64 {
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			return number64(x)
		}
	case float64:
		return v
	case float32:
		return float64(v)
	case int:
		return float64(v)
	case int32:
		return float64(v)
	case int64:
		return float64(v)
	}
	return math.NaN()
}

func parseHamba(text string) hamba.Schema {
	s, err := hamba.ParseWithCache(text, "", &hamba.SchemaCache{})
	if err != nil {
		panic(err)
	}
	return s
}

// truncate wants an error of every beginning of a body, and of one that goes on.
func truncate(t *testing.T, d *Decoder, want []pipeline.Column, body []byte) {
	t.Helper()
	b := newBatch(want, 1)
	for n := range body {
		if err := d.Decode(body[:n], 0, b); err == nil {
			t.Errorf("the first %d of %d bytes decode", n, len(body))
		}
	}
	if err := d.Decode(append(slices.Clone(body), 0), 0, b); err == nil {
		t.Error("a body with one byte more decodes")
	}
}

// TestDecodeSubset reads some fields of many, into scattered slots.
func TestDecodeSubset(t *testing.T) {
	s := mustParse(t, `{"type":"record","name":"R","fields":[
		{"name":"a","type":"double"},{"name":"s","type":"string"},{"name":"b","type":["null","long"]},
		{"name":"c","type":"float"},{"name":"d","type":"int"}]}`)
	want := []pipeline.Column{{Path: "d", Slot: 0}, {Path: "gone", Slot: 1}, {Path: "b", Slot: 2}, {Path: "a", Slot: 4}}
	d := mustCompile(t, s, want...)
	body := appendDouble(nil, 1.5)
	body = append(body, 4, 'h', 'i', 2)
	body = binary.AppendVarint(body, 1<<53+1)
	body = append(body, 0, 0, 0, 0, 13)
	b := newBatch(want, 3)
	for _, column := range b.Numbers {
		for j := range column {
			column[j] = -1
		}
	}
	if err := d.Decode(body, 1, b); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(b.Numbers)
	const numbers = "[[-1 -7 -1] [-1 NaN -1] [-1 9.007199254740992e+15 -1] [-1 -1 -1] [-1 1.5 -1]]"
	if got != numbers {
		t.Errorf("columns are %s, want %s", got, numbers)
	}
}

func TestCompileDecoderErrors(t *testing.T) {
	s := mustParse(t, everyType)
	column := func(path string, form pipeline.Form) pipeline.Column {
		return pipeline.Column{Path: path, Form: form, Unit: "s"}
	}
	for _, c := range []struct {
		path string
		form pipeline.Form
		want string
	}{
		{"name", pipeline.Number, "field name is of type [null, string], not a number"},
		{"i", pipeline.Boolean, "field i is of type int, not a boolean"},
		{"m", pipeline.Text, "field m is of type [int, null, double], not a string or an enum"},
		{"id", pipeline.Key, "field id is of type fixed telemetry.Id of 16 bytes, not a number, boolean, string or enum, to group by"},
		{"wave", pipeline.Key, "field wave is of type array of double, not a number, boolean, string or enum, to group by"},
		{"noon", pipeline.Time, "field noon is of type int (time-millis), not a number, a date, a timestamp or a string, to tell a time"},
		{"kind", pipeline.Time, "field kind is of type enum telemetry.Kind, not a number, a date, a timestamp or a string, to tell a time"},
		{"nullable_nothing", pipeline.Number, "field nullable_nothing is of type [null], not a number"},
		{"blob", pipeline.Text, "field blob is of type bytes, not a string or an enum"},
		{"pos", pipeline.Number, "field pos is of type record telemetry.Pos, not a number"},
		{"pos.x.y", pipeline.Number, "field pos.x.y: pos.x is of type double, not a record"},
		{"pos[0]", pipeline.Number, "field pos[0]: pos is of type record telemetry.Pos, not an array"},
		{"wave", pipeline.Number, "field wave is of type array of double, not a number"},
		{"wave.x", pipeline.Number, "field wave.x: wave is of type array of double, not a record"},
		{"wave[2][3]", pipeline.Number, "field wave[2][3]: wave[2] is of type double, not an array"},
		{"last.x", pipeline.Number, "field last.x: last is of type [null, record telemetry.Pos, enum telemetry.Kind], not a record"},
		{"tags.x", pipeline.Text, "field tags.x: tags is of type map of union, not a record"},
		{"wave[*]", pipeline.Number, "field wave[*]: all elements of an array ([*]) are not built yet: name them, as in wave[3]"},
		{"wave[]", pipeline.Number, `field "wave[]" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"wave[-1]", pipeline.Number, `field "wave[-1]" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"wave[+1]", pipeline.Number, `field "wave[+1]" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"wave[1", pipeline.Number, `field "wave[1" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"wave[1]x", pipeline.Number, `field "wave[1]x" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"[1]", pipeline.Number, `field "[1]" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"pos..x", pipeline.Number, `field "pos..x" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"", pipeline.Number, `field "" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{"wave[4294967296]", pipeline.Number, `field "wave[4294967296]" is not a path such as a, a.b, wave[3] or wave[3].x`},
	} {
		_, err := CompileDecoder(s, []pipeline.Column{column("time", pipeline.Number), column(c.path, c.form), column("$key", pipeline.Key)})
		if errorText(err) != c.want {
			t.Errorf("error is %v, want %s", err, c.want)
		}
	}
	_, err := CompileDecoder(s, []pipeline.Column{column("name", pipeline.Number), column("x.y", pipeline.Text), column("blob", pipeline.Key), {Path: "time", Form: pipeline.Time, Unit: "min"}})
	want := "field name is of type [null, string], not a number; " +
		"field blob is of type bytes, not a number, boolean, string or enum, to group by; " +
		`field time: "min" is no unit of time`
	if errorText(err) != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	_, err = CompileDecoder(mustParse(t, `{"type":"array","items":"long"}`), nil)
	if want := "the schema is of type array of long, not a record"; errorText(err) != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	long := "a" + strings.Repeat(".a", maxSteps)
	if _, err := CompileDecoder(s, []pipeline.Column{column(long, pipeline.Number)}); err == nil {
		t.Error("a path of too many steps compiles")
	}
}

func mustParse(t testing.TB, text string, references ...string) *Schema {
	t.Helper()
	s, err := ParseSchema(text, references...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func inRecord(typ string) string {
	return `{"type":"record","name":"R","fields":[{"name":"x","type":` + typ + `}]}`
}

// deepRecords is a record of two of a record of two and so on, the last of leaf.
func deepRecords(n int, leaf string) string {
	typ := leaf
	for i := range n {
		typ = fmt.Sprintf(`{"type":"record","name":"R%d","fields":[{"name":"a","type":%s},{"name":"b","type":"R%d"}]}`, i, typ, i-1)
		if i == 0 {
			typ = fmt.Sprintf(`{"type":"record","name":"R0","fields":[{"name":"a","type":%s}]}`, leaf)
		}
	}
	return inRecord(typ)
}

// bombs are small bodies that ask for much. Each must be an error at once.
var bombs = []struct {
	name, schema string
	body         []byte
	want         string
}{
	{"string of 2^40 bytes", inRecord(`"string"`), binary.AppendVarint(nil, 1<<40), "it ends too early"},
	{"bytes of a negative length", inRecord(`"bytes"`), binary.AppendVarint(nil, -5), "a length is negative"},
	{"array of 2^40 longs", inRecord(`{"type":"array","items":"long"}`), binary.AppendVarint(nil, 1<<40), "it ends too early"},
	{"array of 2^62 doubles", inRecord(`{"type":"array","items":"double"}`), binary.AppendVarint(nil, 1<<62), "it ends too early"},
	{"array of 20 million nulls", inRecord(`{"type":"array","items":"null"}`), append(binary.AppendVarint(nil, 20_000_000), 0), "too many items without bytes"},
	{"array of many blocks of nulls", inRecord(`{"type":"array","items":"null"}`), slices.Repeat(binary.AppendVarint(nil, 4000), 2), "too many items without bytes"},
	{"array of 2^63-1 and 1 nulls", inRecord(`{"type":"array","items":"null"}`), append(binary.AppendVarint(nil, 1), binary.AppendVarint(nil, math.MaxInt64)...), "too many items without bytes"},
	{"map of 2^40", inRecord(`{"type":"map","values":"long"}`), binary.AppendVarint(nil, 1<<40), "it ends too early"},
	{"block of MinInt64", inRecord(`{"type":"array","items":"long"}`), binary.AppendVarint(binary.AppendVarint(nil, math.MinInt64), math.MinInt64), "a length is negative"},
	{"block of negative bytes", inRecord(`{"type":"array","items":"long"}`), []byte{1, 1, 0}, "a length is negative"},
	{"block of other bytes", inRecord(`{"type":"array","items":"long"}`), []byte{1, 4, 2, 0}, "a block's size is not that of its items"},
	{"list 200,000 long", `{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]}]}`, append(slices.Repeat([]byte{2}, 200_000), 0), "values are nested too deep"},
	{"record that never ends", `{"type":"record","name":"N","fields":[{"name":"a","type":"N"},{"name":"b","type":"N"}]}`, make([]byte, 1000), "values are nested too deep"},
	{"2^60 longs in a record", deepRecords(60, `"long"`), make([]byte, 1000), "it ends too early"},
	{"2^60 doubles in a record", deepRecords(60, `"double"`), make([]byte, 1000), "it ends too early"},
	{"fixed of 2^60 bytes", inRecord(`{"type":"fixed","name":"F","size":1152921504606846976}`), nil, "it ends too early"},
	{"no body", inRecord(`"double"`), nil, "it ends too early"},
	{"union of an index too high", inRecord(`["null","double"]`), []byte{20}, "a union has no branch of that index"},
	{"union of a negative index", inRecord(`["null","string"]`), []byte{1}, "a union has no branch of that index"},
	{"enum of an index too high", inRecord(`{"type":"enum","name":"E","symbols":["A"]}`), []byte{2}, "an enum has no symbol of that index"},
	{"number of 11 bytes", inRecord(`"long"`), slices.Repeat([]byte{0x80}, 11), "a number has more than 64 bits"},
	{"skipped number of 11 bytes", inRecord(`{"type":"long","logicalType":"timestamp-millis"}`), slices.Repeat([]byte{0x80}, 11), "a number has more than 64 bits"},
	{"int of 33 bits", inRecord(`"int"`), binary.AppendVarint(nil, 1<<32), "an int has more than 32 bits"},
	{"skipped int of 33 bits", inRecord(`{"type":"int","logicalType":"date"}`), binary.AppendVarint(nil, 1<<32), "an int has more than 32 bits"},
	{"index drawn out over 6 bytes", inRecord(`["null","string"]`), []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0}, "an int has more than 32 bits"},
	{"more than the record", inRecord(`"double"`), make([]byte, 9), "bytes follow the record's end"},
}

func TestBombs(t *testing.T) {
	for _, b := range bombs {
		t.Run(b.name, func(t *testing.T) {
			s := mustParse(t, b.schema)
			p := newProbe(t, s, plainJSON(b.schema))
			batch := newBatch(p.columns, 1)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decodeAll(s, b.body)
			probed := p.decoder.Decode(b.body, 0, batch)
			runtime.ReadMemStats(&after)
			for _, err := range []error{err, probed} {
				if err == nil || !strings.HasSuffix(err.Error(), b.want) {
					t.Errorf("error is %v, want %s", err, b.want)
				}
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("allocated %d bytes", got)
			}
		})
	}
}
