package expression

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

var benchmarks = []string{
	"value0 > 3 && value1 < 2",
	"sqrt(value0*value0 + value1*value1)",
	"sqrt(value0^2 + value1^2)",
	"(value0 + value1) / 2 * value2 - value3",
	"hypot(value0, value1)",
	"(value0 ?? 0) + (value1 ?? 1)",
	"value0 > 3 ? value1 : value2",
	"clamp(value0, -1, 1) + abs(value1)",
	"host == \"mount-1\"",
	"host in [\"mount-1\", \"mount-2\", \"dome\"] && value0 > 0",
	"host matches \"^mount-[0-9]+$\"",
	"lower(host) == \"mount-1\"",
}

// BenchmarkRows tells ns a row, of batches of 4,096 with and without gaps, in
// both back ends.
func BenchmarkRows(b *testing.B) {
	for _, source := range benchmarks {
		b.Run(source, func(b *testing.B) {
			b.Run("full/columns", func(b *testing.B) { benchmark(b, source, Options{}, 0) })
			b.Run("gaps/columns", func(b *testing.B) { benchmark(b, source, Options{}, 10) })
			b.Run("full/vm", func(b *testing.B) { benchmark(b, source, Options{VM: true}, 0) })
		})
	}
}

func benchmark(b *testing.B, source string, o Options, gaps int) {
	ev, in := prepared(b, source, o, 4096, gaps)
	b.ReportAllocs()
	for b.Loop() {
		ev.Numbers(in)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(in.Rows), "ns/row")
}

func prepared(t testing.TB, source string, o Options, rows, gaps int) (*Evaluator, *Input) {
	t.Helper()
	tree, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	c, err := tree.Check(nil, Any)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	in := &Input{Rows: rows}
	e := c.Compile(func(read Read) int {
		if read.Type == Text {
			in.Texts = append(in.Texts, texts(r, rows))
			return len(in.Texts) - 1
		}
		in.Numbers = append(in.Numbers, numbers(r, rows, gaps))
		return len(in.Numbers) - 1
	}, o)
	return e.NewEvaluator(), in
}

func numbers(r *rand.Rand, rows, gaps int) []float64 {
	column := make([]float64, rows)
	for i := range column {
		column[i] = r.NormFloat64() * 5
		if gaps > 0 && r.IntN(gaps) == 0 {
			column[i] = math.NaN()
		}
	}
	return column
}

func texts(r *rand.Rand, rows int) [][]byte {
	column := make([][]byte, rows)
	for i := range column {
		column[i] = [][]byte{[]byte("mount-1"), []byte("mount-22"), []byte("dome"), []byte("Rotator")}[r.IntN(4)]
	}
	return column
}

// Columns do not allocate once they have grown; regular expressions are left out,
// whose scratch is pooled and may be dropped.
func TestAllocations(t *testing.T) {
	for _, source := range benchmarks {
		ev, in := prepared(t, source, Options{}, 3000, 10)
		if ev.e.Backend() != "columns" || strings.Contains(source, "matches") {
			continue
		}
		ev.Numbers(in)
		if n := testing.AllocsPerRun(10, func() { ev.Numbers(in) }); n > 0 {
			t.Errorf("%s: %v allocations for 3,000 rows", source, n)
		}
	}
}

// BenchmarkWindow is what an expression over aggregates costs a window.
func BenchmarkWindow(b *testing.B) {
	tree, _, err := ParseAggregates("100 * count_if(x > 3) / count() + max(x) - min(x)")
	if err != nil {
		b.Fatal(err)
	}
	c, err := tree.Check(nil, Number)
	if err != nil {
		b.Fatal(err)
	}
	ev := c.Compile(func(r Read) int { return r.Call }, Options{}).NewEvaluator()
	in := &Input{Rows: 1, Numbers: [][]float64{{3}, {10}, {4}, {2}}}
	b.ReportAllocs()
	for b.Loop() {
		ev.Numbers(in)
	}
}
