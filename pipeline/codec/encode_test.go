package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	hamba "github.com/hamba/avro/v2"
	twmb "github.com/twmb/avro"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// TestEncode reads encoded results back with two other libraries and our own.
func TestEncode(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	operations := functions.All()[:3]
	for _, nulls := range []spec.Nulls{spec.NullsUnion, spec.NullsNaN} {
		for n := range 5 {
			var fields []pipeline.Field
			for i := range n {
				fields = append(fields, pipeline.Field{Name: fmt.Sprintf("v%d", i)})
			}
			s, err := SinkSchema("t", spec.Sink{Nulls: nulls}, fields, operations)
			if err != nil {
				t.Fatal(err)
			}
			r := randomResult(g, g.IntN(n*len(operations)+1))
			value := NewEncoder(77, n, len(operations), nulls).Append([]byte("before"), r)
			id, body, err := Header(value[len("before"):])
			if id != 77 || err != nil {
				t.Fatalf("header: %d, %v", id, err)
			}
			readBack(t, s, body, r, columnNames(fields, operations))
		}
	}
}

func randomResult(g *rand.Rand, values int) *pipeline.Result {
	start := g.Int64N(2e18)
	r := &pipeline.Result{Start: start, End: start + g.Int64N(1e12), Count: g.Int64()}
	for range values {
		r.Values = append(r.Values, []float64{g.NormFloat64(), math.NaN(), math.Inf(-1), 0}[g.IntN(4)])
	}
	return r
}

func readBack(t *testing.T, s *Schema, body []byte, r *pipeline.Result, columns []string) {
	t.Helper()
	want := map[string]float64{
		"time": midpoint(r.Start, r.End), "window_size": seconds(r.End - r.Start), "count": float64(r.Count),
	}
	for i, name := range columns {
		want[name] = math.NaN()
		if i < len(r.Values) {
			want[name] = r.Values[i]
		}
	}
	var byHamba, byTwmb map[string]any
	if err := hamba.Unmarshal(parseHamba(s.Text()), body, &byHamba); err != nil {
		t.Fatal(err)
	}
	if rest, err := twmb.MustParse(s.Text()).Decode(body, &byTwmb); err != nil || len(rest) > 0 {
		t.Fatal(err, rest)
	}
	sameNumbers(t, "hamba", want, byHamba)
	sameNumbers(t, "twmb", want, byTwmb)
	own, err := decodeAll(s, body)
	if err != nil || len(own) != len(want) {
		t.Fatal(own, err)
	}
	for name, v := range own {
		if v != want[name] && (v == v || want[name] == want[name]) {
			t.Errorf("%s is %v, want %v", name, v, want[name])
		}
	}
}

func TestEncodeTooManyValues(t *testing.T) {
	defer func() {
		if got, want := recover(), "codec: a result of 2 values for a schema of 1"; got != want {
			t.Errorf("panic is %v, want %s", got, want)
		}
	}()
	NewEncoder(1, 1, 1, spec.NullsUnion).Append(nil, &pipeline.Result{Values: make([]float64, 2)})
}

func TestEncodeOneNaN(t *testing.T) {
	e := NewEncoder(1, 1, 1, spec.NullsNaN)
	odd := &pipeline.Result{Values: []float64{math.Float64frombits(0xfff8_0000_0000_1234)}}
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
	r := &pipeline.Result{Start: 1e18, End: 1e18 + 1e9, Count: 100, Values: make([]float64, 70)}
	e := NewEncoder(1, 10, 7, spec.NullsUnion)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = e.Append(dst[:0], r)
	}
}
