package expression

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzExpression reads any text as a record's expression and as one over
// aggregates: what is wrong is told with an offset in it, what is right is the
// same in both back ends, and nothing panics.
func FuzzExpression(f *testing.F) {
	a, err := txtar.ParseFile("testdata/wrong.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range a.Files {
		f.Add(sourceOf(string(file.Data)))
	}
	for _, s := range []string{"lower(host) + \"x\" == $key", "(wave[3].x ?? a.b) > 3 || ok", "max(x) - quantile(x | abs(), 0.9, 'r8') / count_if(x in [1, -2])"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		tree, err := Parse(source)
		fuzzTree(t, source, tree, err)
		tree, calls, err := ParseAggregates(source)
		fuzzTree(t, source, tree, err)
		for _, c := range calls {
			if c.Arg != nil {
				fuzzTree(t, source, c.Arg, nil)
			}
		}
	})
}

func fuzzTree(t *testing.T, source string, tree *Tree, err error) {
	if err != nil {
		fuzzErrors(t, source, err)
		return
	}
	if tree.nodes > maxNodes {
		t.Fatalf("%q has %d nodes", source, tree.nodes)
	}
	for _, want := range []Type{Any, Boolean, Number, Text} {
		c, err := tree.Check(nil, want)
		if err != nil {
			fuzzErrors(t, source, err)
			continue
		}
		fuzzEvaluate(t, source, c)
	}
}

func fuzzErrors(t *testing.T, source string, err error) {
	var errs Errors
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("%q: %v", source, err)
	}
	for _, e := range errs {
		if e.Offset < 0 || e.Offset > len(source) || e.Msg == "" {
			t.Fatalf("%q: %q at %d", source, e.Msg, e.Offset)
		}
	}
}

func fuzzEvaluate(t *testing.T, source string, c *Checked) {
	g := &generator{Rand: rand.New(rand.NewPCG(uint64(len(source)), 3)), gaps: []int{0, 3}}
	for _, r := range c.Reads {
		g.fields = append(g.fields, field{r.Name, r.Type})
	}
	slot := func(r Read) int { return fieldNamed(g, r.Name) }
	d := g.rows(5)
	in := &Input{Rows: d.rows, Numbers: d.numbers, Texts: d.texts}
	chosen := c.Compile(slot, Options{})
	a, b := results(chosen, in), results(c.Compile(slot, Options{VM: true}), in)
	for row := range a {
		if a[row] != b[row] {
			t.Fatalf("%q row %d: %s %v, vm %v\n%s", source, row, chosen.Backend(), a[row], b[row], shownRow(g, d, row))
		}
	}
}
