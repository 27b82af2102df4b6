package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
)

// everyForm is a record with a value for each form, and all columns of it.
const everyForm = `{"type":"record","name":"R","fields":[
	{"name":"at","type":"double"},
	{"name":"host","type":["null","string"]},
	{"name":"on","type":["null","boolean"]},
	{"name":"kind","type":{"type":"enum","name":"K","symbols":["A","B"]}},
	{"name":"index","type":["null","long"]},
	{"name":"price","type":["null",{"type":"bytes","logicalType":"decimal","precision":30,"scale":2}]},
	{"name":"read","type":["null",{"type":"long","logicalType":"timestamp-nanos"}]},
	{"name":"wave","type":{"type":"array","items":{"type":"record","name":"P","fields":[{"name":"x","type":"double"}]}}}]}`

var everyColumn = []pipeline.Column{
	{Path: "at", Form: pipeline.Time, Unit: "s"}, {Path: "at", Form: pipeline.Number, Slot: 0}, {Path: "at", Form: pipeline.Key, Slot: 0},
	{Path: "host", Form: pipeline.Text, Slot: 1}, {Path: "host", Form: pipeline.Key, Slot: 2}, {Path: "host", Form: pipeline.Key, Slot: 3},
	{Path: "on", Form: pipeline.Number, Slot: 1}, {Path: "on", Form: pipeline.Boolean, Slot: 2}, {Path: "on", Form: pipeline.Key, Slot: 4},
	{Path: "kind", Form: pipeline.Text, Slot: 5}, {Path: "kind", Form: pipeline.Key, Slot: 6},
	{Path: "index", Form: pipeline.Key, Slot: 7}, {Path: "index", Form: pipeline.Number, Slot: 3}, {Path: "index", Form: pipeline.Number, Slot: 4},
	{Path: "price", Form: pipeline.Number, Slot: 5}, {Path: "read", Form: pipeline.Number, Slot: 6},
	{Path: "wave[1].x", Form: pipeline.Number, Slot: 7}, {Path: "wave[2].x", Form: pipeline.Key, Slot: 8},
	{Path: "$key", Form: pipeline.Text, Slot: 9},
}

func everyBody(host string, index int) []byte {
	body := appendDouble(nil, 1700000000.3)
	body = append(append(body, 2, byte(2*len(host))), host...)
	body = append(body, 2, 1, 2, 2, byte(2*index), 2, 4, 0x30, 0x39, 2, 2)
	body = append(body, 4)
	return append(appendDouble(appendDouble(body, 1), 2.5), 0)
}

// TestDecodeEveryForm reads rows into an arena that moves as it grows.
func TestDecodeEveryForm(t *testing.T) {
	d := mustCompile(t, mustParse(t, everyForm), everyColumn...)
	b := newBatch(everyColumn, 3)
	b.Arena = make([]byte, 0, 1)
	bodies := [][]byte{everyBody("dome", 7), everyBody("", 8), everyBody("mount", 9)}
	for row, body := range bodies {
		if err := d.Decode(body, row, b); err != nil {
			t.Fatal(err)
		}
	}
	const want = `times [1700000000300000000 1700000000300000000 1700000000300000000]
0 [1.7000000003e+09 1.7000000003e+09 1.7000000003e+09] ["dA\xd9T\xfc@\x1333" "dA\xd9T\xfc@\x1333" "dA\xd9T\xfc@\x1333"]
1 [1 1 1] ["dome" "" "mount"]
2 [1 1 1] ["tdome" "t" "tmount"]
3 [7 8 9] ["tdome" "t" "tmount"]
4 [7 8 9] ["b\x01" "b\x01" "b\x01"]
5 [123.45 123.45 123.45] ["B" "B" "B"]
6 [1e-09 1e-09 1e-09] ["tB" "tB" "tB"]
7 [2.5 2.5 2.5] ["i\x00\x00\x00\x00\x00\x00\x00\a" "i\x00\x00\x00\x00\x00\x00\x00\b" "i\x00\x00\x00\x00\x00\x00\x00\t"]
8 [0 0 0] ["" "" ""]
9 [0 0 0] ["" "" ""]
`
	got := fmt.Sprintln("times", b.Times)
	for slot := range b.Texts {
		got += fmt.Sprintf("%d %v %q\n", slot, b.Numbers[slot], b.Texts[slot])
	}
	if got != want {
		t.Errorf("columns are\n%s, want\n%s", got, want)
	}
	if b.Texts[1][1] == nil || b.Texts[8][1] != nil {
		t.Error("an empty text is nil, or a missing one is not")
	}
	if &b.Texts[1][0][0] != &bodies[0][10] {
		t.Error("a text is not a view of the body")
	}
	for row := range bodies {
		for slot := range b.Texts {
			if v := b.Texts[slot][row]; v != nil && slot != 5 && slot != 6 && cap(v) != len(v) {
				t.Errorf("row %d, slot %d: appending to the text would write over others", row, slot)
			}
		}
	}
}

// TestDecodeFailure wants the arena as it was after a record that does not decode.
func TestDecodeFailure(t *testing.T) {
	d := mustCompile(t, mustParse(t, everyForm), everyColumn...)
	b := newBatch(everyColumn, 1)
	b.Arena = append(make([]byte, 0, 1000), "before"...)
	body := everyBody("dome", 7)
	if err := d.Decode(body[:len(body)-1], 0, b); err == nil || string(b.Arena) != "before" {
		t.Errorf("error is %v, the arena %q", err, b.Arena)
	}
	body = everyBody("do\xffme", 7)
	want := "field host: a text is not UTF-8"
	if err := d.Decode(body, 0, b); errorText(err) != want || string(b.Arena) != "before" {
		t.Errorf("error is %v, the arena %q", err, b.Arena)
	}
	body = everyBody("dome", 7)
	body[15] = 2
	want = "body is not of its schema: at byte 15 of 43: a boolean is neither 0 nor 1"
	if err := d.Decode(body, 0, b); errorText(err) != want || string(b.Arena) != "before" {
		t.Errorf("error is %v, the arena %q, want %s", err, b.Arena, want)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d := mustCompile(t, mustParse(t, everyForm), everyColumn...)
	b := newBatch(everyColumn, 1)
	b.Arena = make([]byte, 0, 1000)
	body := everyBody("dome", 7)
	if n := testing.AllocsPerRun(100, func() {
		b.Arena = b.Arena[:0]
		if err := d.Decode(body, 0, b); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func BenchmarkDecodeForms(b *testing.B) {
	s := mustParse(b, everyForm)
	batch := newBatch(everyColumn, 1)
	body := everyBody("dome", 7)
	for _, c := range everyColumn {
		b.Run(fmt.Sprintf("%s_%d", c.Path, c.Form), func(b *testing.B) {
			d := mustCompile(b, s, c)
			b.ReportAllocs()
			for b.Loop() {
				batch.Arena = batch.Arena[:0]
				if err := d.Decode(body, 0, batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestText wants UTF-8 of a text that is read, and of no other.
func TestText(t *testing.T) {
	s := mustParse(t, `{"type":"record","name":"R","fields":[{"name":"s","type":["null","string"]},{"name":"n","type":"double"}]}`)
	for text, valid := range map[string]bool{
		"": true, "é天🔭\x00": true, "\xff": false, "caf\xe9": false, "\xc0\x80": false, "\xed\xa0\x80": false, "天"[:2]: false, "\xf4\x90\x80\x80": false,
	} {
		body := appendDouble(append([]byte{2, byte(2 * len(text))}, text...), 1)
		for form, want := range map[pipeline.Form]string{pipeline.Text: text, pipeline.Key: "t" + text} {
			b, err := decodeRow(s, []pipeline.Column{{Path: "s", Form: form}}, body)
			switch {
			case !valid && errorText(err) != "field s: a text is not UTF-8":
				t.Errorf("%q in form %d: error is %v", text, form, err)
			case valid && (err != nil || b.Texts[0][0] == nil || string(b.Texts[0][0]) != want):
				t.Errorf("%q in form %d is %q, %v", text, form, b.Texts[0][0], err)
			}
		}
		if _, err := decodeRow(s, []pipeline.Column{{Path: "n"}}, body); err != nil {
			t.Errorf("%q, which is not read: %v", text, err)
		}
	}
}

// TestNumberKeys groups by what is a number, but not written as one.
func TestNumberKeys(t *testing.T) {
	decimal := `{"type":"bytes","logicalType":"decimal","precision":60,"scale":2}`
	tiny := `{"type":"bytes","logicalType":"decimal","precision":400,"scale":400}`
	nanos := `{"type":"long","logicalType":"timestamp-nanos"}`
	whole := func(v int64) string { return string(pipeline.AppendKeyInteger(nil, v)) }
	for _, c := range []struct {
		typ  string
		body []byte
		want string
	}{
		{decimal, []byte{4, 0x30, 0x39}, "d\x40\x5e\xdc\xcc\xcc\xcc\xcc\xcd"},                      // 123.45
		{decimal, []byte{4, 0xff, 0x38}, whole(-2)},                                                // -2.00
		{decimal, []byte{0}, whole(0)},                                                             // no bytes
		{decimal, append([]byte{24, 1}, make([]byte, 11)...), "d\x45\x04\x7a\xe1\x47\xae\x14\x7b"}, // 2^88/100, more than an integer
		{tiny, []byte{2, 0xff}, whole(0)},                                                          // -0 is 0
		{`{"type":"int","logicalType":"date"}`, []byte{1}, whole(-86400)},                          // a day before the epoch
		{`{"type":"int","logicalType":"time-millis"}`, []byte{2}, "d\x3f\x50\x62\x4d\xd2\xf1\xa9\xfc"},
		{nanos, binary.AppendVarint(nil, 1700000000e9), whole(1700000000)},
		{nanos, binary.AppendVarint(nil, math.MinInt64), "d\xc2\x01\x2e\x0b\xe8\x26\xd6\x95"},
		{`["null",` + nanos + `]`, []byte{0}, ""},
	} {
		b, err := decodeRow(mustParse(t, inRecord(c.typ)), []pipeline.Column{{Path: "x", Form: pipeline.Key}}, c.body)
		if got := b.Texts[0][0]; err != nil || string(got) != c.want || (got == nil) != (c.want == "") {
			t.Errorf("%s of %x is %q, %v, want %q", c.typ, c.body, got, err, c.want)
		}
	}
}
