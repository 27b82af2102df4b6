package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aggrun/aggrun/spec"
)

func TestExplain(t *testing.T) {
	p, err := Compile(spec.Pipeline{
		Name: "p",
		Sources: []spec.Source{
			{Path: "source", Topics: []string{"a"}, Where: "x > 0", Derive: []spec.Named{
				{Name: "norm", Text: "hypot(x, y)"}, {Name: "label", Text: `upper(name)`},
			}},
		},
		Window:     spec.Window{Size: 1e9, Advance: 1e9},
		Operations: []string{"mean", "stdev", "max"},
		Aggregates: []spec.Named{
			{Name: "spread", Text: "max(y) - min(y)"},
			{Name: "far", Text: "quantile(norm, 0.9) - median(norm) + mean(x * 2) / mean( x*2 )"},
			{Name: "share", Text: "count_if(x > 1) / count()"},
			{Name: "labels", Text: `count_distinct(name) + count_if(upper(name) == "A")`},
		},
		Sink: spec.Sink{Topic: "out"},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range p.Expressions() {
		got = append(got, fmt.Sprintf("%s by %s: %s", e.Path, e.Backend, e.Text))
	}
	for _, a := range p.Accumulated() {
		var readers []string
		for _, names := range a.Readers {
			readers = append(readers, strings.Join(names, "+"))
		}
		got = append(got, fmt.Sprintf("%s by %v: %s", a.Of, a.Backends, strings.Join(readers, ", ")))
	}
	want := []string{
		`source.derive.norm by columns: hypot(x, y)`,
		`source.derive.label by vm: upper(name)`,
		`source.where by columns: x > 0`,
		`aggregates.spread by columns: max(y) - min(y)`,
		`aggregates.far by columns: quantile(norm, 0.9) - median(norm) + mean(x * 2) / mean( x*2 )`,
		`aggregates.share by columns: count_if(x > 1) / count()`,
		"aggregates.labels by columns: count_distinct(name) + count_if(upper(name) == \"A\")",
		`y by []: mean+stdev, max+min`,
		`norm by []: mean+stdev, max, quantile+median`,
		`x * 2 by [columns]: mean`,
		`x > 1 by [columns]: count_if`,
		`name by []: count_distinct`, `upper(name) == "A" by [vm]: count_if`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
