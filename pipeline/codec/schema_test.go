package codec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
)

const everyType = `{"type":"record","name":"telemetry.Mount","fields":[
	{"name":"time","type":"double","doc":"when","units":"s"},
	{"name":"i","type":"int","description":"an int","units":"deg"},
	{"name":"l","type":["long"],"default":{"not":"a long"}},
	{"name":"f","type":["null","float"],"default":null},
	{"name":"m","type":["int","null","double"],"units":7},
	{"name":"on","type":"boolean"},
	{"name":"nothing","type":"null"},
	{"name":"nullable_nothing","type":["null"]},
	{"name":"name","type":["null",{"type":"string","avro.java.string":"String"}]},
	{"name":"blob","type":"bytes"},
	{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
	{"name":"at","type":{"type":"long","logicalType":"timestamp-nanos"}},
	{"name":"day","type":["null",{"type":"int","logicalType":"date"}]},
	{"name":"odd","type":{"type":"long","logicalType":"decimal"}},
	{"name":"mine","type":{"type":"double","logicalType":"metres"}},
	{"name":"noon","type":{"type":"int","logicalType":"time-millis"}},
	{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B"],"default":"A"}},
	{"name":"id","type":{"type":"fixed","name":"Id","size":16}},
	{"name":"wave","type":{"type":"array","items":"double"}},
	{"name":"tags","type":{"type":"map","values":["null","string"]}},
	{"name":"pos","type":{"type":"record","name":"Pos","fields":[{"name":"x","type":"double"}]}},
	{"name":"last","type":["null","Pos","Kind"]},
	{"name":"children","type":{"type":"array","items":"Mount"}}
]}`

func TestFields(t *testing.T) {
	s := mustParse(t, everyType)
	var b strings.Builder
	for _, f := range s.Fields() {
		fmt.Fprintf(&b, "%+v\n", f)
	}
	want := []pipeline.Field{
		{Path: "time", Name: "time", Doc: "when", Units: "s"},
		{Path: "i", Name: "i", Units: "deg", Description: "an int"},
		{Path: "l", Name: "l"}, {Path: "f", Name: "f"}, {Path: "m", Name: "m"},
		{Path: "odd", Name: "odd"}, {Path: "mine", Name: "mine"},
	}
	if fmt.Sprint(s.Fields()) != fmt.Sprint(want) {
		t.Errorf("fields are\n%s", b.String())
	}
	if s.Text() != everyType {
		t.Error("Text is not what was parsed")
	}
}

func TestParseSchemaErrors(t *testing.T) {
	wide := make([]string, MaxFields+1)
	for i := range wide {
		wide[i] = fmt.Sprintf(`{"name":"f%d","type":"int"}`, i)
	}
	deep := func(n int) string {
		return strings.Repeat(`{"type":"array","items":`, n) + `"int"` + strings.Repeat("}", n)
	}
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", `{"type":`, "the schema is not JSON: unexpected EOF"},
		{"empty", ``, "the schema is not JSON: EOF"},
		{"two values", `"int" "int"`, "the schema is not JSON: text after its end"},
		{"no type", `{"name":"a"}`, "the schema is not valid Avro: unknown type: map[name:a]"},
		{"unknown type", `"Pos"`, "the schema is not valid Avro: unknown type: Pos"},
		{"number", `7`, "the schema is not valid Avro: unknown type: 7"},
		{"bad name", inRecordNamed("a-b"), "the schema is not valid Avro: invalid name a-b"},
		{"same name twice", `{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}`, `the schema is not valid Avro: duplicate field name "a"`},
		{"union in a union", `["null",["int"]]`, "the schema is not valid Avro: union type cannot be a union"},
		{"negative size", inRecord(`{"type":"fixed","name":"F","size":-1}`), "the schema is not valid Avro: fixed size cannot be negative"},
		{"too long", `"` + strings.Repeat("x", MaxSchema) + `"`, "schema of 1048578 bytes, over the limit of 1048576"},
		{"too wide", `{"type":"record","name":"R","fields":[` + strings.Join(wide, ",") + `]}`, "the schema has more than 10000 fields"},
		{"too deep", deep(MaxLevels + 1), "the schema nests types more than 64 levels deep"},
		{"much too deep", deep(9000), "the schema nests types more than 64 levels deep"},
	} {
		if _, err := ParseSchema(c.text); errorText(err) != c.want {
			t.Errorf("%s: error is %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := ParseSchema(deep(MaxLevels)); err != nil {
		t.Error(err)
	}
}

func inRecordNamed(field string) string {
	return `{"type":"record","name":"R","fields":[{"name":"` + field + `","type":"int"}]}`
}

// TestParseSchemaDefaults gives defaults that would cost a parser that reads them
// exponential time, or that it would stumble over.
func TestParseSchemaDefaults(t *testing.T) {
	text := deepRecords(60, `"long"`)
	text = strings.ReplaceAll(text, `"name":"a",`, `"name":"a","default":{},`)
	text = strings.ReplaceAll(text, `"name":"b",`, `"name":"b","default":{},`)
	mustParse(t, text)
	mustParse(t, `{"type":"record","name":"N","fields":[{"name":"n","type":"N","default":{}}]}`)
}

func TestParseSchemaReferences(t *testing.T) {
	point := `{"type":"record","name":"geo.Point","fields":[{"name":"x","type":"double"}]}`
	line := `{"type":"record","name":"geo.Line","fields":[{"name":"from","type":"Point"},{"name":"to","type":"Point"}]}`
	text := `{"type":"record","name":"R","fields":[{"name":"v","type":"double"},{"name":"line","type":"geo.Line"}]}`
	s := mustParse(t, text, point, line, point)
	if f, ok, err := s.Field("line"); !ok || err != nil || f.Type != "record geo.Line" {
		t.Errorf("line is %s", f.Type)
	}
	got, err := decodeAll(s, appendDouble(appendDouble(appendDouble(nil, 1), 2), 3))
	if err != nil || got["v"] != 1 {
		t.Errorf("decoded %v, %v", got, err)
	}
	want := "reference 1: the schema is not valid Avro: unknown type: Point"
	if _, err := ParseSchema(text, line, point); errorText(err) != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	if _, err := ParseSchema(text); err == nil {
		t.Error("a name of another parse is known")
	}
}
