package spec

// This file lists what a spec may say, and this version cannot do. Each is
// refused where it stands: nothing that a user wrote is ever ignored. What gets
// built leaves these tables.

import (
	"slices"

	"cuelang.org/go/cue"
)

// notBuilt holds the fields whose mere presence is refused, with what this
// version does instead.
var notBuilt = map[string]string{
	"pipelines.*.rollups":       "this version computes one window a pipeline",
	"pipelines.*.expected_rate": "this version does not judge completeness",
}

// notBuiltValue is a field of which all values but the default are refused.
type notBuiltValue struct {
	path    []string // below the pipeline
	refused func(v cue.Value) bool
	reason  string
}

var notBuiltValues = []notBuiltValue{
	{[]string{"window", "timezone"}, isNot("UTC"), "this version's windows follow UTC: want UTC, or leave it out"},
	{[]string{"sink", "include"}, notEmpty, "this version copies no fields: want [], or leave it out"},
}

// offered is the fields among known, of the mapping at p, that are worth naming
// to a user: those that can be given.
func offered(p place, known []string) []string {
	return slices.DeleteFunc(slices.Clone(known), func(name string) bool {
		general := p.field(name).general
		return notBuilt[general] != "" || slices.ContainsFunc(notBuiltValues, func(n notBuiltValue) bool {
			return general == "pipelines.*"+pathSuffix(n.path)
		})
	})
}

// refuseValues reports what pipeline, called name, says that is not built.
func refuseValues(name string, pipeline cue.Value, at *origins, r *report) {
	for _, n := range notBuiltValues {
		v := lookup(pipeline, n.path...)
		path := "pipelines." + name + pathSuffix(n.path)
		if v.Exists() && n.refused(v) {
			r.add(at.at[path], path, "found %s, which is not built yet: %s", found(v), n.reason)
		}
	}
}

func pathSuffix(steps []string) string {
	path := ""
	for _, s := range steps {
		path += "." + s
	}
	return path
}

func isNot(word string) func(cue.Value) bool {
	return func(v cue.Value) bool {
		text, err := v.String()
		return err == nil && text != word
	}
}

func notEmpty(v cue.Value) bool {
	items, err := v.List()
	return err == nil && items.Next()
}
