package codec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
)

// formLetters are how tests write a set of forms.
func formLetters(s Forms) string {
	var b strings.Builder
	for form, letter := range "NBTKt" {
		if s.Has(pipeline.Form(form)) {
			b.WriteRune(letter)
		}
	}
	return b.String()
}

func TestField(t *testing.T) {
	s := mustParse(t, everyType)
	for path, want := range map[string]string{
		"time": "double NKt d", "i": "int NKt i", "l": "[long] NKt i", "f": "[null, float] NKt d",
		"m": "[int, null, double] NKt id", "on": "boolean NBK b", "nothing": "null", "nullable_nothing": "[null]",
		"name": "[null, string] TKt t", "blob": "bytes", "price": "bytes (decimal) NKt d", "at": "long (timestamp-nanos) NKt d",
		"day": "[null, int (date)] NKt d", "odd": "long NKt i", "mine": "double NKt d", "noon": "int (time-millis) NK d",
		"kind": "enum telemetry.Kind TK t", "id": "fixed telemetry.Id of 16 bytes", "wave": "array of double",
		"wave[3]": "double NKt d", "tags": "map of union", "pos": "record telemetry.Pos", "pos.x": "double NKt d",
		"last": "[null, record telemetry.Pos, enum telemetry.Kind]", "children": "array of record telemetry.Mount",
		"children[0].children[1].pos.x": "double NKt d", "children[7].wave[0]": "double NKt d",
	} {
		f, ok, err := s.Field(path)
		got := strings.TrimSpace(fmt.Sprint(f.Type, " ", formLetters(f.Forms), " ", string(f.KeyTypes)))
		if !ok || err != nil || got != want {
			t.Errorf("%s is %s (%v, %v), want %s", path, got, ok, err, want)
		}
	}
	for _, path := range []string{"x", "pos.y", "x.y[3]", "children[0].x"} {
		if f, ok, err := s.Field(path); ok || err != nil || f.Type != "" {
			t.Errorf("%s, which is not there: %v, %v, %v", path, f, ok, err)
		}
	}
	for path, want := range map[string]string{
		"last.x":  "field last.x: last is of type [null, record telemetry.Pos, enum telemetry.Kind], not a record",
		"wave[*]": "field wave[*]: all elements of an array ([*]) are not built yet: name them, as in wave[3]",
	} {
		if _, ok, err := s.Field(path); ok || errorText(err) != want {
			t.Errorf("%s: %v, %v, want %s", path, ok, err, want)
		}
	}
	if _, _, err := mustParse(t, `"int"`).Field("x"); errorText(err) != "field x: the schema is of type int, not a record" {
		t.Errorf("error is %v", err)
	}
}

// twoRecords has a union of records with fields in common.
const twoRecords = `{"type":"record","name":"R","fields":[{"name":"u","type":["null",
	{"type":"record","name":"A","fields":[{"name":"x","type":"long","doc":"of A","units":"m","description":"an x"},{"name":"y","type":"string"},{"name":"a","type":"int"}]},
	{"type":"record","name":"B","fields":[{"name":"a","type":"int"},{"name":"x","type":"double"},{"name":"y","type":"boolean"},{"name":"b","type":{"type":"array","items":"A"}}]}]}]}`

func TestFieldOfTwoRecords(t *testing.T) {
	s := mustParse(t, twoRecords)
	for path, want := range map[string]string{
		"u.x":      "{{u.x u.x of A m an x 0 0} long or double NKt id}",
		"u.y":      "{{u.y u.y    0 0} string or boolean K tb}",
		"u.a":      "{{u.a u.a    0 0} int NKt i}",
		"u.b":      "{{u.b u.b    0 0} array of record A  }",
		"u.b[2].x": "{{u.b[2].x u.b[2].x of A m an x 0 0} long NKt i}",
	} {
		f, ok, err := s.Field(path)
		got := fmt.Sprintf("{%v %s %s %s}", f.Field, f.Type, formLetters(f.Forms), string(f.KeyTypes))
		if !ok || err != nil || got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	body := appendDouble([]byte{4, 14}, 2.5)
	body = append(body, 1, 0)
	b, err := decodeRow(s, []pipeline.Column{{Path: "u.x"}, {Path: "u.y", Form: pipeline.Key}, {Path: "u.a", Slot: 1}}, body)
	if got := fmt.Sprintf("%v %q %v", b.Numbers[0], b.Texts[0], err); got != `[2.5] ["b\x01"] <nil>` || b.Numbers[1][0] != 7 {
		t.Errorf("decoded %s, %v", got, b.Numbers)
	}
	_, err = decodeRow(s, []pipeline.Column{{Path: "u.y", Form: pipeline.Text}}, body)
	if want := "field u.y is of type boolean, not a string or an enum"; errorText(err) != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestExpand(t *testing.T) {
	nested := mustParse(t, `{"type":"record","name":"R","fields":[
		{"name":"v","type":"double"},{"name":"value1","type":"int"},{"name":"value2","type":["null","long"]},{"name":"value3","type":"string"},
		{"name":"a","type":{"type":"record","name":"A","fields":[{"name":"x","type":"double","units":"m"},{"name":"y","type":["null","float"]},
			{"name":"on","type":"boolean"},{"name":"in","type":["null",{"type":"record","name":"In","fields":[{"name":"z","type":"int"}]}]}]}},
		{"name":"b","type":["null","A"]},{"name":"wave","type":{"type":"array","items":"double"}},
		{"name":"grid","type":["null",{"type":"array","items":["null",{"type":"array","items":"A"}]}]}]}`)
	for _, c := range []struct {
		schema        *Schema
		pattern, want string
	}{
		{nested, "*", "v value1 value2"},
		{nested, "value*", "value1 value2"},
		{nested, "value[13]", ""}, // an index, of what is no array
		{nested, "value[1-2]", "value1 value2"},
		{nested, "v", "v"},
		{nested, "a.*", "a.x a.y"},
		{nested, "*.?", "a.x a.y b.x b.y"},
		{nested, "*.*.*", "a.in.z b.in.z"},
		{nested, "wave[3]", "wave[3]"},
		{nested, "*[3]", "wave[3]"},
		{nested, "grid[0][12].*", "grid[0][12].x grid[0][12].y"},
		{nested, "g*[0].*", ""},
		{nested, "a", ""},
		{nested, "gone.*", ""},
		{mustParse(t, twoRecords), "u.*", "u.x u.a"},
		{mustParse(t, `"int"`), "*", ""},
	} {
		fields, err := c.schema.Expand(c.pattern)
		var paths []string
		for _, f := range fields {
			paths = append(paths, f.Path)
		}
		if got := strings.Join(paths, " "); err != nil || got != c.want {
			t.Errorf("%s is %q, %v, want %q", c.pattern, got, err, c.want)
		}
	}
	if fields, _ := nested.Expand("b.x"); len(fields) != 1 || fields[0] != (pipeline.Field{Path: "b.x", Name: "b.x", Units: "m"}) {
		t.Errorf("b.x is %+v", fields)
	}
}

func TestExpandErrors(t *testing.T) {
	// Each of 64 levels has two fields of the level below it.
	doubling := mustParse(t, deepRecords(60, `"long"`))
	for _, c := range []struct{ pattern, want string }{
		{"wave[*]", "field wave[*]: all elements of an array ([*]) are not built yet: name them, as in wave[3]"},
		{"wave[*].x", "field wave[*].x: all elements of an array ([*]) are not built yet: name them, as in wave[3]"},
		{"a..b", `"a..b" is not a pattern of fields`},
		{"a[", `"a[" is not a pattern of fields`},
		{"[3]", `"[3]" is not a pattern of fields`},
		{strings.Repeat("*.", 60) + "*", `pattern "` + strings.Repeat("*.", 60) + `*" matches more than 10000 fields`},
	} {
		if fields, err := doubling.Expand(c.pattern); errorText(err) != c.want {
			t.Errorf("%s: %v, %v, want %s", c.pattern, fields, err, c.want)
		}
	}
}
