package codec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/avro"

	"github.com/aggrun/aggrun/pipeline"
)

// benchmarkCase is a schema, some of its records, and the fields to select.
type benchmarkCase struct {
	name   string
	schema string
	fields []string
	value  func(record, field int) any
}

func benchmarkCases() []benchmarkCase {
	f13 := make([]string, 13)
	for i := range f13 {
		f13[i] = fmt.Sprintf(`{"name":"value%d","type":"double"}`, i-1)
	}
	f13[0] = `{"name":"time","type":"double"}`
	f13[11], f13[12] = `{"name":"host","type":"string"}`, `{"name":"region","type":"string"}`
	f50 := make([]string, 50)
	for i := range f50 {
		f50[i] = fmt.Sprintf(`{"name":"f%d","type":%s}`, i, []string{`"double"`, `"string"`, `"long"`, `["null","double"]`, `"double"`}[i%5])
	}
	text := func(fields []string) string {
		return `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`
	}
	few := []string{"time", "value0", "value1"}
	all := append(few[:3:3], "value2", "value3", "value4", "value5", "value6", "value7", "value8", "value9")
	value13 := func(r, f int) any {
		if f > 10 {
			return fmt.Sprintf("string-%d-%d", r, f)
		}
		return float64(r) + float64(f)/10
	}
	value50 := func(r, f int) any {
		switch {
		case f%5 == 1:
			return fmt.Sprintf("string-%d-%d", r, f)
		case f%5 == 2:
			return int64(r * 1000 * f)
		case f%5 == 3 && (r+f)%3 == 0:
			return nil
		}
		return float64(r)
	}
	return []benchmarkCase{
		{"13_fields_3_selected", text(f13), few, value13},
		{"13_fields_11_selected", text(f13), all, value13},
		{"50_mixed_fields_3_selected", text(f50), []string{"f0", "f23", "f49"}, value50},
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range benchmarkCases() {
		b.Run(c.name, func(b *testing.B) {
			var want []pipeline.Column
			for i, f := range c.fields {
				want = append(want, pipeline.Column{Path: f, Slot: i})
			}
			d, bodies := c.decoder(b, want)
			batch := newBatch(want, len(bodies))
			b.ReportAllocs()
			for i := 0; b.Loop(); i = (i + 1) & (len(bodies) - 1) {
				if err := d.Decode(bodies[i], i, batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecodeKey reads ten numbers and a group value, as runs.
func BenchmarkDecodeKey(b *testing.B) {
	for _, kind := range []string{"long", "string", "double"} {
		b.Run(kind, func(b *testing.B) {
			fields := make([]string, 11)
			want := []pipeline.Column{{Path: "f0", Form: pipeline.Key}}
			for i := range fields {
				fields[i] = fmt.Sprintf(`{"name":"f%d","type":"double"}`, i)
				if i > 0 {
					want = append(want, pipeline.Column{Path: fmt.Sprintf("f%d", i), Slot: i})
				}
			}
			fields[0] = fmt.Sprintf(`{"name":"f0","type":"%s"}`, kind)
			c := benchmarkCase{schema: `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`}
			c.value = func(r, f int) any {
				switch {
				case f == 0 && kind == "string":
					return fmt.Sprintf("host-%d", 100+r)
				case f == 0 && kind == "long":
					return int64(r)
				}
				return float64(r)
			}
			d, bodies := c.decoder(b, want)
			batch := newBatch(want, len(bodies))
			b.ReportAllocs()
			for b.Loop() {
				batch.Arena = batch.Arena[:0]
				if _, err := d.DecodeRun(bodies, 0, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(bodies)), "ns/record")
		})
	}
}

// decoder gives that of the columns, and bodies for it.
func (c benchmarkCase) decoder(b *testing.B, want []pipeline.Column) (*Decoder, [][]byte) {
	s, err := ParseSchema(c.schema)
	if err != nil {
		b.Fatal(err)
	}
	d, err := CompileDecoder(s, want)
	if err != nil {
		b.Fatal(err)
	}
	other := avro.MustParse(c.schema)
	bodies := make([][]byte, 64)
	for r := range bodies {
		record := map[string]any{}
		for f := range s.root.fields {
			record[s.root.fields[f].name] = c.value(r, f)
		}
		body, err := other.Encode(record)
		if err != nil {
			b.Fatal(err)
		}
		bodies[r] = body
	}
	return d, bodies
}
