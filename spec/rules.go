package spec

// This file holds what the schema cannot say well: which fields go together.

import (
	"maps"
	"slices"

	"cuelang.org/go/cue"
)

// together is fields of a pipeline, of which one must be given.
type together struct {
	in     string // the mapping that has them, below the pipeline; "" is the pipeline
	fields []string
	many   bool // more than one may be given
}

var togethers = []together{
	{in: "", fields: []string{"source", "sources"}},
	{in: "", fields: []string{"operations", "aggregates"}, many: true},
	{in: "source", fields: []string{"topics", "regex"}},
}

// requireTogether reports what the pipelines lack, or say twice.
func requireTogether(sc *schema, user cue.Value, at *origins, r *report) {
	pipelines, _, _ := sc.child(place{}, sc.spec, "pipelines")
	for name, v := range entries(lookup(user, "pipelines")) {
		p := pipelines.entry(name)
		if r.seen[p.path] {
			continue
		}
		for _, t := range togethers {
			if t.in == "" {
				t.require(sc, p, v, at, r)
			} else if inner := lookup(v, t.in); inner.Kind() == cue.StructKind {
				t.require(sc, p.field(t.in), inner, at, r)
			}
		}
	}
}

// require reports what is wrong with v, the mapping at p.
func (t together) require(sc *schema, p place, v cue.Value, at *origins, r *report) {
	given := slices.DeleteFunc(slices.Clone(t.fields), func(f string) bool { return !lookup(v, f).Exists() })
	switch {
	case len(given) == 0:
		want := alternatives(t.fields)
		if offered := offered(p, t.fields); len(offered) == 1 {
			want = sc.wantAt(p.field(offered[0]))
		}
		r.add(at.at[p.path], p.field(t.fields[0]).path, "is missing: want %s", want)
	case len(given) > 1 && !t.many:
		second := p.field(given[1]).path
		r.add(at.at[second], second, "stands beside %s: want one of them", given[0])
	}
}

// refuseRegistries reports pipelines that name a registry which is declared
// nowhere. The two default ones may come from flags.
func refuseRegistries(s *Spec, r *report) {
	names := append([]string{SourceRegistry, SinkRegistry}, slices.Sorted(maps.Keys(s.Registries))...)
	slices.Sort(names)
	names = slices.Compact(names)
	for _, p := range s.Pipelines {
		if used := p.Sources[0].Registry; !r.torn && !slices.Contains(names, used) {
			e := p.Errorf("source.registry", "found %q, want a name under registries: %s%s",
				used, alternatives(names), didYouMean(Suggest(used, names)))
			r.add(e.Pos, e.Path, "%s", e.Msg)
		}
	}
}
