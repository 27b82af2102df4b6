package functions

import (
	"strconv"
	"testing"
)

// recorded is a window of testdata/statistics.json.gz, which tabulate.py there
// writes: values and what Python says of them, in hexadecimal, nil for nothing.
type recorded struct {
	Name   string
	Values []string
	Says   map[string]*string
}

// pythonNames gives the functions by the name of what Python is asked, and the
// steps from its answer that they may be.
var pythonNames = map[string]struct {
	functions []string
	steps     uint64
}{
	"min":       {[]string{"min"}, 0},
	"max":       {[]string{"max"}, 0},
	"fsum":      {[]string{"sum"}, 0},
	"mean":      {[]string{"mean"}, 0},
	"median":    {[]string{"median"}, 0},
	"q1":        {[]string{"q1"}, 0},
	"q3":        {[]string{"q3"}, 0},
	"stdev":     {[]string{"stdev", "stddev_samp"}, 1},
	"pstdev":    {[]string{"stddev_pop"}, 1},
	"variance":  {[]string{"var_samp"}, 1},
	"pvariance": {[]string{"var_pop"}, 1},
	"mode":      {[]string{"mode"}, 0},
	"distinct":  {[]string{"count_distinct"}, 0},
}

func TestFunctionsAgainstPython(t *testing.T) {
	table := readGzip[recorded](t, "testdata/statistics.json.gz")
	if len(table) < 300 {
		t.Fatalf("%d windows recorded", len(table))
	}
	for _, c := range table {
		values := parseAll(t, c.Values)
		for asked, says := range c.Says {
			for _, name := range pythonNames[asked].functions {
				f, _ := Lookup(name)
				a := New(f.Kind)
				a.Add(make([]int64, len(values)), values)
				got, ok := f.Value(a)
				if ok != (says != nil) {
					t.Errorf("%s of %s: %v, %v; Python says %v", name, c.Name, got, ok, says)
				} else if ok && stepsBetween(got, parse(t, *says)) > pythonNames[asked].steps {
					t.Errorf("%s of %s: %x; Python says %s", name, c.Name, got, *says)
				}
			}
		}
	}
}

func parseAll(t *testing.T, texts []string) []float64 {
	t.Helper()
	values := make([]float64, len(texts))
	for i, text := range texts {
		values[i] = parse(t, text)
	}
	return values
}

func parse(t *testing.T, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
