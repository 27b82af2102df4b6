package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	hamba "github.com/hamba/avro/v2"
	twmb "github.com/twmb/avro"
)

// decodeAll decodes body into one row of every numeric field of s.
func decodeAll(s *Schema, body []byte) (map[string]float64, error) {
	want := map[string]int{}
	for i, f := range s.Fields() {
		want[f.Path] = i
	}
	d, err := CompileDecoder(s, want)
	if err != nil {
		return nil, err
	}
	columns := newColumns(len(want), 1)
	if err := d.Decode(body, 0, columns); err != nil {
		return nil, err
	}
	got := map[string]float64{}
	for name, slot := range want {
		got[name] = columns[slot][0]
	}
	return got, nil
}

// sameNumbers compares what own decoding gave with what another decoder did.
func sameNumbers(t *testing.T, who string, got map[string]float64, other map[string]any) {
	t.Helper()
	for name, v := range got {
		if w := number64(other[name]); math.Float64bits(v) != math.Float64bits(w) && !(v != v && w != w) {
			t.Errorf("%s: %v, %s has %v", name, v, who, other[name])
		}
	}
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

func TestDecodeRandom(t *testing.T) {
	for seed := range uint64(400) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
		record := g.record(1 + g.IntN(10))
		text := toJSON(record)
		s, err := ParseSchema(text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		for range 4 {
			var body []byte
			want := map[string]float64{}
			for _, f := range record["fields"].([]any) {
				f := f.(map[string]any)
				var v float64
				body, v = g.body(body, f["type"])
				want[f["name"].(string)] = v
			}
			got, err := decodeAll(s, body)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s\n%x", seed, err, text, body)
			}
			for name, v := range got {
				if math.Float64bits(v) != math.Float64bits(want[name]) && !(v != v && want[name] != want[name]) {
					t.Errorf("seed %d: %s = %v, want %v", seed, name, v, want[name])
				}
			}
			var other map[string]any
			if _, err := twmb.MustParse(text).Decode(body, &other); err != nil {
				t.Fatalf("seed %d: twmb: %v\n%s\n%x", seed, err, text, body)
			}
			sameNumbers(t, "twmb", got, other)
			other = nil
			if err := hamba.Unmarshal(parseHamba(text), body, &other); err != nil {
				t.Fatalf("seed %d: hamba: %v\n%s\n%x", seed, err, text, body)
			}
			sameNumbers(t, "hamba", got, other)
			truncate(t, s, body)
			if t.Failed() {
				t.Fatalf("seed %d\n%s\n%x", seed, text, body)
			}
		}
	}
}

func parseHamba(text string) hamba.Schema {
	s, err := hamba.ParseWithCache(text, "", &hamba.SchemaCache{})
	if err != nil {
		panic(err)
	}
	return s
}

// truncate wants an error of every beginning of a body, and of one that goes on.
func truncate(t *testing.T, s *Schema, body []byte) {
	t.Helper()
	for n := range body {
		if _, err := decodeAll(s, body[:n]); err == nil {
			t.Errorf("the first %d of %d bytes decode", n, len(body))
		}
	}
	if _, err := decodeAll(s, append(slices.Clone(body), 0)); err == nil {
		t.Error("a body with one byte more decodes")
	}
}

// TestDecodeSubset reads some fields of many, into scattered slots.
func TestDecodeSubset(t *testing.T) {
	s := mustParse(t, `{"type":"record","name":"R","fields":[
		{"name":"a","type":"double"},{"name":"s","type":"string"},{"name":"b","type":["null","long"]},
		{"name":"c","type":"float"},{"name":"d","type":"int"}]}`)
	d, err := CompileDecoder(s, map[string]int{"d": 0, "gone": 1, "b": 2, "a": 4})
	if err != nil {
		t.Fatal(err)
	}
	body := appendDouble(nil, 1.5)
	body = append(body, 4, 'h', 'i', 2)
	body = binary.AppendVarint(body, 1<<53+1)
	body = append(body, 0, 0, 0, 0, 13)
	columns := newColumns(5, 3)
	for i := range columns {
		for j := range columns[i] {
			columns[i][j] = -1
		}
	}
	if err := d.Decode(body, 1, columns); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(columns)
	want := "[[-1 -7 -1] [-1 NaN -1] [-1 9.007199254740992e+15 -1] [-1 -1 -1] [-1 1.5 -1]]"
	if got != want {
		t.Errorf("columns are %s, want %s", got, want)
	}
}

func TestCompileDecoderErrors(t *testing.T) {
	s := mustParse(t, `{"type":"record","name":"R","fields":[{"name":"host","type":["null","string"]},
		{"name":"x","type":"double"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}`)
	_, err := CompileDecoder(s, map[string]int{"at": 0, "x": 1, "host": 2})
	want := "field host is of type [null, string], not a number; field at is of type long (timestamp-millis), not a number"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	_, err = CompileDecoder(mustParse(t, `{"type":"array","items":"long"}`), nil)
	if want := "the schema is of type array of long, not a record"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
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
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decodeAll(s, b.body)
			runtime.ReadMemStats(&after)
			if err == nil || !strings.HasSuffix(err.Error(), b.want) {
				t.Errorf("error is %v, want %s", err, b.want)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("allocated %d bytes", got)
			}
		})
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	s := mustParse(t, inRecord(`["null","double"]`))
	d, err := CompileDecoder(s, map[string]int{"x": 0})
	if err != nil {
		t.Fatal(err)
	}
	body, columns := appendDouble([]byte{2}, 1), newColumns(1, 1)
	if n := testing.AllocsPerRun(100, func() {
		if err := d.Decode(body, 0, columns); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}
