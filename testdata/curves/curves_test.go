package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

func fixedNumbers(t *testing.T) numbers {
	t.Helper()
	n, err := readNumbers("testdata")
	if err != nil || len(n.Curves) == 0 {
		t.Fatal("no numbers", err)
	}
	return n
}

// golden compares with a file, byte by byte.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is another one (go test ./testdata/curves -update writes it): %v\n%s", path, err, got)
	}
}

// An axis that is even and one that is not, the usual panels and others; and no
// picture of what was not measured, or is a single point.
func TestDraw(t *testing.T) {
	dir, n := t.TempDir(), fixedNumbers(t)
	if err := drawAll(dir, n); err != nil {
		t.Fatal(err)
	}
	drawn, err := filepath.Glob(dir + "/*")
	if err != nil || len(drawn) != 2 {
		t.Fatalf("drew %q, %v", drawn, err)
	}
	for _, name := range []string{"samples.svg", "where.svg"} {
		picture, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", name), picture)
	}
}

// Tables come from the numbers, and what is around them stays.
func TestTables(t *testing.T) {
	document := "before\n"
	for _, name := range []string{"where", "window", stagesName, "memory", "results", sizing, "works", "hop"} {
		document += "<!-- table: " + name + " -->\nold\n<!-- end of table -->\n"
	}
	works, err := readReports("testdata")
	if err != nil || len(works) != 1 {
		t.Fatal(len(works), err)
	}
	got, err := replaceTables(document, fixedNumbers(t), works)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/tables.md", []byte(got))
	if again, _ := replaceTables(got, fixedNumbers(t), works); again != got {
		t.Error("written again, tables differ")
	}
	if _, err := replaceTables("<!-- table: nothing -->\n<!-- end of table -->", numbers{}, nil); err == nil {
		t.Error("a table of nothing is written")
	}
}

// The document and its pictures are what the numbers beside it make of them, each
// curve has its table and, once measured, its picture there.
func TestDocument(t *testing.T) {
	const dir, path = "../../docs/performance", "../../docs/performance.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := readNumbers(dir)
	if err != nil {
		t.Fatal(err)
	}
	works, err := readReports(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := replaceTables(string(text), n, works); err != nil || got != string(text) {
		t.Errorf("its tables are not those of the numbers: go run ./testdata/curves --draw (%v)", err)
	}
	for _, c := range curves() {
		if !strings.Contains(string(text), "<!-- table: "+c.name+" -->") || c.name != sizing && !strings.Contains(string(text), "(performance/"+c.name+".svg)") {
			t.Errorf("%s is not in the document", c.name)
		}
		if m := n.of(c.name); len(m.Points) > 1 {
			picture, err := os.ReadFile(filepath.Join(dir, c.name+".svg"))
			if err != nil || !bytes.Equal(picture, c.draw(m)) {
				t.Errorf("%s.svg is not that of the numbers: go run ./testdata/curves --draw (%v)", c.name, err)
			}
		}
	}
}

// Points ascend, and their pipelines are good ones.
func TestCurves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spec.yaml")
	for _, c := range curves() {
		if !slices.IsSortedFunc(c.points, func(a, b point) int { return int(a.x - b.x) }) {
			t.Errorf("%s: points do not ascend", c.name)
		}
		for _, p := range c.points {
			if err := os.WriteFile(path, []byte(p.spec), 0o600); err != nil {
				t.Fatal(err)
			}
			loaded, err := spec.Load([]string{path}, spec.Options{})
			if err != nil {
				t.Fatalf("%s: %v\n%s", c.name, err, p.spec)
			}
			if _, err := pipeline.Compile(loaded.Pipelines[0], pipeline.Options{}); err != nil {
				t.Errorf("%s: %v\n%s", c.name, err, p.spec)
			}
		}
	}
}

func TestMetrics(t *testing.T) {
	const out = `goos: linux
BenchmarkRows/value0_>_3_&&_value1_<_2/full/columns-2     100  13000 ns/op  3.289 ns/row  0 B/op
BenchmarkRows/value0_>_3_&&_value1_<_2/full/columns-2     100  14000 ns/op  3.5 ns/row  0 B/op
BenchmarkRows/value0_>_3_&&_value1_<_2/full/columns-wide  100  14000 ns/op  9 ns/row
PASS
`
	s := stage{benchmark: "Rows/value0_>_3_&&_value1_<_2/full/columns", unit: "ns/row"}
	if got := s.metrics(out); !slices.Equal(got, []float64{3.289, 3.5}) {
		t.Errorf("got %v", got)
	}
	if got, want := s.pattern(), "^BenchmarkRows$/^value0_>_3_&&_value1_<_2$/^full$/^columns$"; got != want {
		t.Errorf("pattern %s", got)
	}
}

// What is written is what is read, and a curve that is measured anew replaces itself.
func TestNumbers(t *testing.T) {
	n := fixedNumbers(t)
	m := n.of("where")
	m.Runs = 9
	n.put(m)
	dir := filepath.Join(t.TempDir(), "new")
	if err := n.write(dir); err != nil {
		t.Fatal(err)
	}
	again, err := readNumbers(dir)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := json.Marshal(n)
	is, _ := json.Marshal(again)
	if !bytes.Equal(was, is) || again.of("where").Runs != 9 || len(again.Curves) != len(fixedNumbers(t).Curves) {
		t.Errorf("read %s", is)
	}
}

func TestTicks(t *testing.T) {
	for most, want := range map[float64][]float64{
		0: {0, 0.2, 0.4, 0.6, 0.8, 1}, 1.01: {0, 0.5, 1, 1.5}, 4.9: {0, 1, 2, 3, 4, 5}, 960: {0, 200, 400, 600, 800, 1000}, 0.3: {0, 0.1, 0.2, 0.3},
	} {
		if got := ticksTo(most); !slices.Equal(got, want) {
			t.Errorf("to %g: %v", most, got)
		}
	}
}
