package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

func TestInventFields(t *testing.T) {
	alone, err := pipeline.Compile(spec.Pipeline{
		Name: "alone", GroupBy: []string{"station", "mount.axis"},
		Sources: []spec.Source{{
			Path: "source", Topics: []string{"a"}, Where: `state == "open" && ready && value0 > 1`, Fields: []string{"value*", "temp*", "wave[3]"},
			Map: map[string]string{"id": "station"}, Time: &spec.TimeField{Field: "at", Unit: spec.Milliseconds},
		}},
		Window:     spec.Window{Size: 1e9, Advance: 1e9},
		Operations: []string{"mean"},
		Aggregates: []spec.Named{{Name: "n", Text: "count(speed) + mean(speed) + count_distinct(state)"}},
		Sink:       spec.Sink{Topic: "out"},
	}, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	together, err := pipeline.Compile(spec.Pipeline{
		Name: "together",
		Sources: []spec.Source{
			{Path: "sources[0]", Topics: []string{"b"}, Map: map[string]string{"temperature": "outside"}},
			{Path: "sources[1]", Topics: []string{"c"}, Map: map[string]string{"temperature": "inside"}, Derive: []spec.Named{{Name: "square", Text: "width ^ 2"}}},
		},
		Window:     spec.Window{Size: 1e9, Advance: 1e9},
		Aggregates: []spec.Named{{Name: "n", Text: "mean(inside) - mean(outside) + max(square) + count_if(shut)"}},
		Sink:       spec.Sink{Topic: "both"},
	}, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, topic := range inventFields([]*pipeline.Plan{alone, together}, []string{"a", "b", "c"}) {
		got = append(got, fmt.Sprintf("%s: %d signals", topic.Name, topic.Signals))
		for _, f := range topic.Fields {
			got = append(got, fmt.Sprintf("%s %d %v %v", f.Path, f.Kind, f.Words, f.Unit))
		}
	}
	want := []string{
		"a: 10 signals",
		"at 4 [] 1ms", "id 1 [] 0s", "mount.axis 1 [] 0s", "ready 2 [] 0s", "speed 0 [] 0s",
		"state 3 [open other] 0s", "temp0 0 [] 0s", "wave[3] 0 [] 0s",
		"b: 0 signals", "shut 2 [] 0s", "temperature 0 [] 0s",
		"c: 0 signals", "temperature 0 [] 0s", "width 0 [] 0s",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
