package main

import (
	"slices"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// planOf is a plan that reads topics and writes sink.
func planOf(t *testing.T, name, sink string, topics ...string) *pipeline.Plan {
	t.Helper()
	p, err := pipeline.Compile(spec.Pipeline{
		Name: name, Sources: []spec.Source{{Topics: topics}}, Operations: []string{"mean"}, Sink: spec.Sink{Topic: sink},
	}, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestInventTopics(t *testing.T) {
	const aggregated = "{topic}-aggregated"
	for name, c := range map[string]struct {
		plans         []*pipeline.Plan
		topics, sinks []string
	}{
		"a glob": {
			[]*pipeline.Plan{planOf(t, "a", aggregated, "mount-*")},
			[]string{"mount-000", "mount-001", "mount-002"},
			[]string{"mount-000-aggregated", "mount-001-aggregated", "mount-002-aggregated"},
		},
		"names, and what both name": {
			[]*pipeline.Plan{planOf(t, "a", aggregated, "dome", "mount-?"), planOf(t, "b", "all", "dome")},
			[]string{"dome", "mount-0", "mount-1", "mount-2"},
			[]string{"all", "dome-aggregated", "mount-0-aggregated", "mount-1-aggregated", "mount-2-aggregated"},
		},
		"a pipeline that reads another's results": {
			[]*pipeline.Plan{planOf(t, "a", aggregated, "dome"), planOf(t, "b", "{topic}-again", "dome-aggregated")},
			[]string{"dome"},
			[]string{"dome-aggregated", "dome-aggregated-again"},
		},
		"one that reads a sink of a fixed name": {
			[]*pipeline.Plan{planOf(t, "a", "all", "dome"), planOf(t, "b", "more", "all")},
			[]string{"dome"},
			[]string{"all", "more"},
		},
	} {
		topics, err := inventTopics(c.plans)
		if err != nil || !slices.Equal(topics, c.topics) {
			t.Errorf("%s: topics %v, %v; want %v", name, topics, err, c.topics)
		}
		if found := slices.Sorted(slices.Values(sinks(c.plans, topics))); !slices.Equal(found, c.sinks) {
			t.Errorf("%s: sinks %v, want %v", name, found, c.sinks)
		}
	}
	if topics, err := inventTopics([]*pipeline.Plan{planOf(t, "a", aggregated, "mount-[a-c]")}); err == nil {
		t.Errorf("a class of characters is filled in: %v", topics)
	}
}
