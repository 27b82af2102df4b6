package spec

// This file holds what the schema cannot say well: which fields go together.

import (
	"maps"
	"slices"

	"cuelang.org/go/cue"
)

// together says how many of some fields of a mapping may be given.
type together struct {
	in     string // the mapping, below the pipeline; "" is the pipeline
	fields []string
	both   bool // more than one may be given
}

var togethers = []together{
	{in: "", fields: []string{"source", "sources"}},
	{in: "", fields: []string{"operations", "aggregates"}, both: true},
	{in: "source", fields: []string{"topics", "regex"}},
}

// refuseTogether reports what pipeline, called name, lacks, or says twice.
func refuseTogether(name string, pipeline cue.Value, at *origins, r *report) {
	for _, t := range togethers {
		v, path := pipeline, "pipelines."+name
		if t.in != "" {
			v, path = lookup(v, t.in), path+"."+t.in
		}
		if v.Kind() != cue.StructKind {
			continue
		}
		given := slices.DeleteFunc(slices.Clone(t.fields), func(f string) bool { return !lookup(v, f).Exists() })
		switch {
		case len(given) == 0:
			r.add(at.at[path], path+"."+t.fields[0], "is missing: want %s", alternatives(t.fields))
		case len(given) > 1 && !t.both:
			second := path + "." + given[1]
			r.add(at.at[second], second, "stands beside %s: want one of them", given[0])
		}
	}
}

// refuseRegistries reports pipelines that name a registry which is declared
// nowhere. The two default ones may come from flags.
func refuseRegistries(s *Spec, r *report) {
	names := append([]string{SourceRegistry, SinkRegistry}, slices.Sorted(maps.Keys(s.Registries))...)
	slices.Sort(names)
	names = slices.Compact(names)
	for _, p := range s.Pipelines {
		if used := p.Source.Registry; !r.torn && !slices.Contains(names, used) {
			e := p.Errorf("source.registry", "found %q, want a name under registries: %s%s",
				used, alternatives(names), didYouMean(Suggest(used, names)))
			r.add(e.Pos, e.Path, "%s", e.Msg)
		}
	}
}
