package codec

import (
	"testing"

	"github.com/aggrun/aggrun/pipeline"
)

// dirtyBatch is one row whose every slot held something before.
func dirtyBatch(columns []pipeline.Column) *pipeline.Batch {
	b := newBatch(columns, 1)
	for slot := range b.Numbers {
		b.Numbers[slot][0], b.Texts[slot][0] = 7, []byte("before")
	}
	return b
}

// TestOptional wants every optional column missing that the schema has nothing for,
// and the others read as ever, also of the same fields.
func TestOptional(t *testing.T) {
	missing := []pipeline.Column{
		{Path: "host", Form: pipeline.Number},         // a string
		{Path: "price", Form: pipeline.Number},        // a decimal, which no default takes
		{Path: "day", Form: pipeline.Number},          // a date
		{Path: "wave", Form: pipeline.Number},         // an array
		{Path: "wave[1]", Form: pipeline.Number},      // a record
		{Path: "wave.x", Form: pipeline.Number},       // a field of an array
		{Path: "wave[1][0]", Form: pipeline.Number},   // an element of a record
		{Path: "wave[1].x.y", Form: pipeline.Number},  // a field of a number
		{Path: "at[0]", Form: pipeline.Number},        // an element of a number
		{Path: "at.x", Form: pipeline.Text},           // a field of a number
		{Path: "index", Form: pipeline.Boolean},       // a number
		{Path: "at", Form: pipeline.Text},             // a number
		{Path: "wave[0]", Form: pipeline.Key},         // a record
		{Path: "gone", Form: pipeline.Key},            // nothing
		{Path: "gone[0].x", Form: pipeline.Number},    // nothing
		{Path: "gone.x", Form: pipeline.Number},       // nothing, though gone[0] is wanted
		{Path: "wave[1].gone.x", Form: pipeline.Text}, // nothing
	}
	present := []pipeline.Column{
		{Path: "at"}, {Path: "wave[1].x"}, {Path: "host", Form: pipeline.Text}, {Path: "index", Form: pipeline.Key}, {Path: "price", Form: pipeline.Key},
	}
	columns := append(missing, present...)
	for i := range columns {
		columns[i].Slot, columns[i].Optional = i, true
	}
	b := dirtyBatch(columns)
	if err := mustCompile(t, mustParse(t, everyForm), columns...).Decode(everyBody("dome", 7), 0, b); err != nil {
		t.Fatal(err)
	}
	for i, c := range columns {
		number := c.Form == pipeline.Number || c.Form == pipeline.Boolean
		gone := !number && b.Texts[i][0] == nil || number && b.Numbers[i][0] != b.Numbers[i][0]
		if want := i < len(missing); gone != want {
			t.Errorf("%s in form %d is missing: %v", c.Path, c.Form, gone)
		}
	}
}

// TestOptionalOfTwoRecords asks a union's every record for the form: a value is not
// missing by what its record happens to be.
func TestOptionalOfTwoRecords(t *testing.T) {
	s := mustParse(t, twoRecords)
	columns := []pipeline.Column{
		{Path: "u.y", Form: pipeline.Text, Optional: true}, {Path: "u.b.c", Slot: 1, Optional: true}, {Path: "u.x", Slot: 2, Optional: true},
	}
	d := mustCompile(t, s, columns...)
	for _, body := range [][]byte{{2, 14, 4, 'h', 'i', 0}, append(appendDouble([]byte{4, 0}, 7), 1, 0)} {
		b := dirtyBatch(columns)
		if err := d.Decode(body, 0, b); err != nil {
			t.Fatal(err)
		}
		if b.Texts[0][0] != nil || b.Numbers[1][0] == b.Numbers[1][0] || b.Numbers[2][0] != 7 {
			t.Errorf("columns are %q %v", b.Texts[0], b.Numbers)
		}
	}
}

// TestOptionalErrors wants what no schema could mend refused, and every record of a
// schema that has no time.
func TestOptionalErrors(t *testing.T) {
	s := mustParse(t, everyForm)
	for _, c := range []struct {
		column pipeline.Column
		want   string
	}{
		{pipeline.Column{Path: "wave["}, `field "wave[" is not a path such as a, a.b, wave[3] or wave[3].x`},
		{pipeline.Column{Path: "wave[*]"}, "field wave[*]: all elements of an array ([*]) are not built yet: name them, as in wave[3]"},
		{pipeline.Column{Path: "at", Form: pipeline.Time, Unit: "min"}, `field at: "min" is no unit of time`},
		{pipeline.Column{Path: "kind", Form: pipeline.Time, Unit: "s"}, "field kind: a time is missing"},
		{pipeline.Column{Path: "at.x", Form: pipeline.Time, Unit: "s"}, "field at.x: a time is missing"},
		{pipeline.Column{Path: "at", Form: pipeline.Time, Unit: "s"}, ""},
	} {
		c.column.Optional = true
		if _, err := decodeRow(s, []pipeline.Column{c.column}, everyBody("dome", 7)); errorText(err) != c.want {
			t.Errorf("error is %v, want %s", err, c.want)
		}
	}
	if _, err := CompileDecoder(mustParse(t, `"int"`), []pipeline.Column{{Path: "x", Optional: true}}); errorText(err) != "the schema is of type int, not a record" {
		t.Errorf("error is %v", err)
	}
}
