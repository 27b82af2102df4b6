package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// TestEncode reads encoded results back with two other libraries and our own.
func TestEncode(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		nulls := []spec.Nulls{spec.NullsUnion, spec.NullsNaN}[i%2]
		out := randomOutput(g)
		s := mustSink(t, nulls, out)
		r, want := randomResult(g, out)
		value := NewEncoder(77, out, nulls).Append([]byte("before"), r)
		id, body, err := Header(value[len("before"):])
		if id != 77 || err != nil {
			t.Fatalf("header: %d, %v", id, err)
		}
		p := newProbe(t, s, plainJSON(s.Text()))
		p.compare(t, "the result", body, want)
		p.compareOthers(t, s.Text(), body)
		if t.Failed() {
			t.Fatalf("%s\n%+v", s.Text(), r)
		}
	}
}

func randomOutput(g *rand.Rand) pipeline.Output {
	out := pipeline.Output{Operations: functions.All()[:g.IntN(4)]}
	for i := range g.IntN(4) {
		var found []pipeline.KeyType
		for _, letter := range g.Perm(4)[:g.IntN(5)] {
			found = append(found, types("idbt")[letter])
		}
		out.Group = append(out.Group, pipeline.GroupField{Name: fmt.Sprintf("g%d", i), Types: found})
	}
	for s := range g.IntN(3) {
		var fields []pipeline.Field
		for i := range g.IntN(4) {
			fields = append(fields, pipeline.Field{Name: fmt.Sprintf("v%d_%d", s, i)})
		}
		out.Sources = append(out.Sources, fields)
	}
	for i := range g.IntN(3) {
		out.Aggregates = append(out.Aggregates, pipeline.Aggregate{Name: fmt.Sprintf("x%d", i), Text: "sum(a)"})
	}
	return out
}

// randomResult is a result, which may not reach all columns, and the record that it
// is to be: without the fields that have no value.
func randomResult(g *rand.Rand, out pipeline.Output) (*pipeline.Result, map[string]any) {
	start := g.Int64N(2e18)
	r := &pipeline.Result{Start: start, End: start + g.Int64N(1e12), Count: g.Int64()}
	want := map[string]any{"time": midpoint(r.Start, r.End), "window_size": seconds(r.End - r.Start), "count": r.Count}
	names := columnNames(out)[3:]
	for i, field := range out.Group {
		value, v := randomGroupValue(g, field)
		r.Group = append(r.Group, value)
		want[names[i]] = v
	}
	names = names[len(out.Group):]
	random := func(columns int) (values []float64) {
		for i := range g.IntN(columns + 1) {
			values = append(values, []float64{g.NormFloat64(), math.NaN(), math.Inf(-1), 0}[g.IntN(4)])
			want[names[i]] = values[i]
		}
		names = names[columns:]
		return values
	}
	for _, fields := range out.Sources {
		r.Fields = append(r.Fields, random(len(fields)*len(out.Operations)))
	}
	r.Aggregates = random(len(out.Aggregates))
	for len(r.Fields) > 0 && r.Fields[len(r.Fields)-1] == nil {
		r.Fields = r.Fields[:len(r.Fields)-1]
	}
	return r, want
}

// randomGroupValue is a group value of one of the field's types, and what is to be
// read of it.
func randomGroupValue(g *rand.Rand, field pipeline.GroupField) (pipeline.GroupValue, any) {
	if g.IntN(4) == 0 {
		return nil, nil
	}
	letter := byte('t')
	if len(field.Types) > 0 {
		letter = byte(field.Types[g.IntN(len(field.Types))])
	}
	switch letter {
	case 'i':
		v := int64(g.Uint64()) >> g.IntN(64)
		return pipeline.AppendKeyInteger(nil, v), v
	case 'd':
		v := []float64{g.NormFloat64(), math.Inf(1), float64(g.IntN(10))}[g.IntN(3)]
		if v == math.Trunc(v) && !math.IsInf(v, 0) && slices.Contains(field.Types, pipeline.KeyInteger) {
			return pipeline.AppendKeyNumber(nil, v), int64(v)
		}
		return pipeline.AppendKeyNumber(nil, v), v
	case 'b':
		v := g.IntN(2) == 0
		return pipeline.AppendKeyBoolean(nil, v), v
	}
	text := strings.Repeat("é", g.IntN(100))
	return pipeline.AppendKeyText(nil, text), text
}

// TestEncodeUnfit wants a panic of a result that is not of its schema.
func TestEncodeUnfit(t *testing.T) {
	out := pipeline.Output{
		Group: []pipeline.GroupField{{Name: "g", Types: types("it")}}, Sources: [][]pipeline.Field{{{Name: "v"}}},
		Operations: lookup(t, "mean"),
	}
	group := []pipeline.GroupValue{nil}
	for want, r := range map[string]*pipeline.Result{
		"codec: a result of 2 values for a schema of 1":        {Group: group, Fields: [][]float64{{1, 2}}},
		"codec: a result of 2 sources for a schema of 1":       {Group: group, Fields: [][]float64{{1}, nil}},
		"codec: a result of 1 values for a schema of 0":        {Group: group, Aggregates: []float64{1}},
		"codec: a result of 0 group values for a schema of 1":  {},
		"codec: a group value of type b for a schema of [i t]": {Group: []pipeline.GroupValue{pipeline.AppendKeyBoolean(nil, true)}},
		"codec: a group value of type d for a schema of [i t]": {Group: []pipeline.GroupValue{pipeline.AppendKeyNumber(nil, 1.5)}},
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic is %v, want %s", got, want)
				}
			}()
			NewEncoder(1, out, spec.NullsUnion).Append(nil, r)
		}()
	}
}

func TestEncodeOneNaN(t *testing.T) {
	out := pipeline.Output{Sources: [][]pipeline.Field{{{Name: "v"}}}, Operations: lookup(t, "mean")}
	e := NewEncoder(1, out, spec.NullsNaN)
	odd := &pipeline.Result{Fields: [][]float64{{math.Float64frombits(0xfff8_0000_0000_1234)}}}
	none := &pipeline.Result{}
	if a, b := e.Append(nil, odd), e.Append(nil, none); string(a) != string(b) {
		t.Errorf("%x and %x", a, b)
	}
}

func TestExample(t *testing.T) {
	s, err := ExampleSchema("example-000", 2)
	if err != nil {
		t.Fatal(err)
	}
	value := AppendDoubles(nil, 5, 1.5, 2.5, 3.5)
	id, body, err := Header(value)
	if err != nil || id != 5 {
		t.Fatal(id, err)
	}
	got, err := decodeAll(s, body)
	if want := "map[time:1.5 value0:2.5 value1:3.5]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("decoded %v, %v, want %s", got, err, want)
	}
	const text = `{"type":"record","name":"example_000","doc":"made up by aggrun produce","fields":[` +
		`{"name":"time","type":"double","doc":"when the record was made, seconds since the epoch","units":"s"},` +
		`{"name":"value0","type":"double","doc":"example signal 0","units":"m"},` +
		`{"name":"value1","type":"double","doc":"example signal 1","units":"m"}]}`
	if s.Text() != text {
		t.Errorf("schema is %s", s.Text())
	}
}

func BenchmarkEncode(b *testing.B) {
	out := pipeline.Output{Sources: [][]pipeline.Field{make([]pipeline.Field, 10)}, Operations: functions.All()[:5]}
	out.Aggregates = make([]pipeline.Aggregate, 5)
	grouped := out
	grouped.Group = []pipeline.GroupField{{Types: types("i")}, {Types: types("t")}}
	for name, out := range map[string]pipeline.Output{"plain": out, "grouped": grouped} {
		b.Run(name, func(b *testing.B) {
			r := &pipeline.Result{Start: 1e18, End: 1e18 + 1e9, Count: 100, Fields: [][]float64{make([]float64, 50)}, Aggregates: make([]float64, 5)}
			if out.Group != nil {
				r.Group = []pipeline.GroupValue{pipeline.AppendKeyInteger(nil, 7), pipeline.AppendKeyText(nil, "dome")}
			}
			e := NewEncoder(1, out, spec.NullsUnion)
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = e.Append(dst[:0], r)
			}
		})
	}
}

// Fields that a result does not reach are written as if it had the operations of
// empty ones.
func TestEncodeFilling(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	for i := range 200 {
		out := randomOutput(g)
		empty := []float64{0, math.NaN(), 3}[:len(out.Operations)]
		e := NewEncoder(1, out, []spec.Nulls{spec.NullsUnion, spec.NullsNaN}[i%2])
		short, _ := randomResult(g, out)
		full := *short
		full.Fields = make([][]float64, len(out.Sources))
		for s, fields := range out.Sources {
			if s < len(short.Fields) {
				n := len(short.Fields[s])
				if n > 0 {
					n -= n % len(out.Operations) // whole fields
				}
				short.Fields[s] = short.Fields[s][:n]
				full.Fields[s] = slices.Clone(short.Fields[s])
			}
			for len(full.Fields[s]) < len(fields)*len(out.Operations) {
				full.Fields[s] = append(full.Fields[s], empty...)
			}
		}
		if got, want := e.Filling(empty).Append(nil, short), e.Append(nil, &full); string(got) != string(want) {
			t.Fatalf("got  %x\nwant %x", got, want)
		}
	}
}
