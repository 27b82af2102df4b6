package expression

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// expressions is how many random ones that both back ends can evaluate are
// compared.
func expressions(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("AGGRUN_EXPRESSIONS")); err == nil {
		return n
	}
	if testing.Short() {
		return 2_000
	}
	return 100_000
}

// TestBackends compares columns and virtual machine, bit for bit, on random
// expressions of all types and rows with missing and special values, and on one
// in five the dumb twin with both.
func TestBackends(t *testing.T) {
	counts := &coverage{map[string]int{}, map[string]int{}, map[string]int{}, map[string]map[string]int{}}
	n := expressions(t)
	for seed := 0; counts.expressions["columns"] < n; seed++ {
		g := &generator{Rand: rand.New(rand.NewPCG(uint64(seed), 1)), fields: recordFields, left: 60}
		if seed%10 == 0 {
			g.fields = aggregateFields
		}
		g.plain = g.IntN(4) > 0
		g.gaps = pick(g, [][]int{{0}, {0, 50}, {2, 5, 0}})
		depth, rows := 2+g.IntN(4), 1+g.IntN(12)
		switch {
		case seed%1000 == 1:
			depth, rows = 10, 2*chunk+100
		case seed%100 == 1:
			depth, g.left = 40, 200
		}
		made := g.expression(g.kind(Number, Boolean, Text), depth)
		c := compare(t, g, made, g.rows(rows), seed%5 == 0)
		counts.add(made, c)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	counts.print(t)
}

// compiled is an expression made for both back ends.
type compiled struct {
	source     string
	checked    *Checked
	chosen, vm *Expression
	results    []any
}

func compile(t *testing.T, g *generator, made *tree) *compiled {
	t.Helper()
	c := &compiled{source: g.source(made)}
	tree, err := parseFor(g, c.source)
	if err != nil {
		t.Fatalf("%s\n%v", c.source, err)
	}
	if c.checked, err = checkFor(g, tree, made.typ); err != nil {
		t.Fatalf("%s\n%v", c.source, err)
	}
	slot := func(r Read) int { return fieldNamed(g, r.Name) }
	c.chosen, c.vm = c.checked.Compile(slot, Options{}), c.checked.Compile(slot, Options{VM: true})
	if again, err := parseFor(g, tree.String()); err != nil || again.String() != tree.String() {
		t.Fatalf("%s\nis written %s\nwhich is read as %v, %v", c.source, tree, again, err)
	}
	return c
}

func parseFor(g *generator, source string) (*Tree, error) {
	if g.fields[0].path == "x" {
		return Parse(source)
	}
	tree, _, err := ParseAggregates(source)
	return tree, err
}

// checkFor infers the types and, where that leaves a name open, tells them.
func checkFor(g *generator, tree *Tree, want Type) (*Checked, error) {
	if g.IntN(2) == 0 {
		c, err := tree.Check(nil, want)
		if err != nil || !slices.ContainsFunc(c.Reads, func(r Read) bool { return r.Open }) {
			return c, err
		}
	}
	return tree.Check(func(name string) (Type, bool) { return g.fields[fieldNamed(g, name)].typ, true }, want)
}

func fieldNamed(g *generator, path string) int {
	return slices.IndexFunc(g.fields, func(f field) bool { return f.path == path })
}

func compare(t *testing.T, g *generator, made *tree, d *data, twin bool) *compiled {
	t.Helper()
	c := compile(t, g, made)
	in := &Input{Rows: d.rows, Numbers: d.numbers, Texts: d.texts}
	a, b := results(c.chosen, in), results(c.vm, in)
	c.results = a
	for row := range d.rows {
		if a[row] != b[row] {
			t.Errorf("%s\nrow %d: %s %v, vm %v\n%s", c.source, row, c.chosen.Backend(), a[row], b[row], shownRow(g, d, row))
			return c
		}
		if !twin {
			continue
		}
		if want := bits(oracle{d, g.fields, row}.value(made)); a[row] != want {
			t.Errorf("%s\nrow %d: %s %v, twin %v\n%s", c.source, row, c.chosen.Backend(), a[row], want, shownRow(g, d, row))
			return c
		}
	}
	return c
}

// results evaluates twice, of which the second has to leave nothing of the first.
func results(e *Expression, in *Input) []any {
	ev := e.NewEvaluator()
	all := make([]any, in.Rows)
	for range 2 {
		if e.Type() == Text {
			for i, v := range ev.Texts(in) {
				all[i] = nil
				if v != nil {
					all[i] = string(bytes.Clone(v))
				}
			}
			continue
		}
		for i, v := range ev.Numbers(in) {
			all[i] = bits(v)
		}
	}
	return all
}

// bits makes values comparable by ==: numbers by their bits, booleans as 1 and
// 0, what is missing as nil.
func bits(v any) any {
	switch v := v.(type) {
	case bool:
		return math.Float64bits(float64(bit(v)))
	case float64:
		if math.IsNaN(v) {
			return nil
		}
		return math.Float64bits(v)
	}
	return v
}

func shownRow(g *generator, d *data, row int) (s string) {
	for i, f := range g.fields {
		if f.typ == Text {
			s += fmt.Sprintf("%s = %q (nil %t)\n", f.path, d.texts[i][row], d.texts[i][row] == nil)
		} else {
			s += fmt.Sprintf("%s = %v\n", f.path, d.numbers[i][row])
		}
	}
	return s
}

// coverage counts what was compared, by back end.
type coverage struct {
	expressions, rows, missing map[string]int
	parts                      map[string]map[string]int
}

func (c *coverage) add(made *tree, e *compiled) {
	backend := e.chosen.Backend()
	c.expressions[backend]++
	c.rows[backend] += len(e.results)
	for _, v := range e.results {
		if v == nil {
			c.missing[backend]++
		}
	}
	c.part(made, backend)
}

func (c *coverage) part(t *tree, backend string) {
	what := t.what
	if what == "+" && t.typ == Text {
		what = "+ of texts"
	}
	if c.parts[what] == nil {
		c.parts[what] = map[string]int{}
	}
	c.parts[what][backend]++
	for _, a := range t.args {
		c.part(a, backend)
	}
}

func (c *coverage) print(t *testing.T) {
	for _, b := range []string{"columns", "vm"} {
		t.Logf("%-8s %7d expressions, %8d rows, %8d of them missing", b, c.expressions[b], c.rows[b], c.missing[b])
	}
	t.Logf("%-14s %10s %10s", "", "columns", "vm alone")
	for _, what := range slices.Sorted(maps.Keys(c.parts)) {
		t.Logf("%-14s %10d %10d", what, c.parts[what]["columns"], c.parts[what]["vm"])
	}
	for i := range scalars {
		if c.parts[scalars[i].name] == nil {
			t.Errorf("no expression with %s", scalars[i].name)
		}
	}
}
