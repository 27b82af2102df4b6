package spec

// This file holds what the schema cannot say well: which fields go together,
// and which values fit beside others.

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"cuelang.org/go/cue"
)

// together is fields, of which one must be given.
type together struct {
	fields []string
	many   bool   // more than one may be given
	want   string // completes "want ..." where none is given
}

var (
	inPipeline = []together{
		{fields: []string{"source", "sources"},
			want: "a topic, a list of topics or a mapping with topics or regex; or sources, several of them for one result"},
		{fields: []string{"operations", "aggregates"}, many: true,
			want: "a list of names, such as [mean, stdev]; or aggregates, expressions by name"},
	}
	inSource = []together{
		{fields: []string{"topics", "regex"}, want: "topics or regex"},
	}
)

// requireTogether reports what the pipelines lack, or say twice.
func requireTogether(sc *schema, user cue.Value, at *origins, r *report) {
	pipelines, _, _ := sc.child(place{}, sc.spec, "pipelines")
	for name, v := range entries(lookup(user, "pipelines")) {
		p := pipelines.entry(name)
		if r.seen[p.path] {
			continue
		}
		for _, t := range inPipeline {
			t.require(p, v, at, r)
		}
		for p, v := range sourcesOf(p, v) {
			for _, t := range inSource {
				t.require(p, v, at, r)
			}
		}
	}
}

// sourcesOf is the sources of the pipeline v at p, that are mappings.
func sourcesOf(p place, v cue.Value) iter.Seq2[place, cue.Value] {
	return func(yield func(place, cue.Value) bool) {
		if one := lookup(v, "source"); one.Kind() == cue.StructKind && !yield(p.field("source"), one) {
			return
		}
		i := 0
		for item := range itemsOf(lookup(v, "sources")) {
			if item.Kind() == cue.StructKind && !yield(p.field("sources").item(i), item) {
				return
			}
			i++
		}
	}
}

// require reports what is wrong with v, the mapping at p.
func (t together) require(p place, v cue.Value, at *origins, r *report) {
	given := slices.DeleteFunc(slices.Clone(t.fields), func(f string) bool {
		inner := lookup(v, f)
		return !inner.Exists() || t.many && isEmptyMapping(inner)
	})
	switch {
	case len(given) == 0:
		r.add(at.at[p.path], p.field(t.fields[0]).path, "is missing: want %s", t.want)
	case len(given) > 1 && !t.many:
		second := p.field(given[1]).path
		r.add(at.at[second], second, "stands beside %s: want one of them", given[0])
	}
}

func isEmptyMapping(v cue.Value) bool {
	for range entries(v) {
		return false
	}
	return v.Kind() == cue.StructKind
}

// refuseRegistries reports pipelines that name a registry which is declared
// nowhere. The two default ones may come from flags.
func refuseRegistries(s *Spec, r *report) {
	names := append([]string{SourceRegistry, SinkRegistry}, slices.Sorted(maps.Keys(s.Registries))...)
	slices.Sort(names)
	names = slices.Compact(names)
	for _, p := range s.Pipelines {
		for _, src := range p.Sources {
			if used := src.Registry; !r.torn && !slices.Contains(names, used) {
				e := p.Errorf(src.Path+".registry", "found %q, want a name under registries: %s%s",
					used, alternatives(names), didYouMean(Suggest(used, names)))
				r.add(e.Pos, e.Path, "%s", e.Msg)
			}
		}
	}
}

// maxPanes bounds how many windows a moment may lie in.
const maxPanes = 120

// refuseTogether reports what p says that does not fit what it says beside it.
func refuseTogether(p Pipeline, r *report) {
	refuse := func(path, format string, args ...any) {
		e := p.Errorf(path, format, args...)
		r.add(e.Pos, e.Path, "%s", e.Msg)
	}
	size, advance := p.Window.Size, p.Window.Advance
	switch {
	case size <= 0: // reported
	case size%advance != 0:
		refuse("window.advance", "found %s, want a duration that window.size, %s, is a multiple of", short(advance), short(size))
	case size/advance > maxPanes:
		refuse("window.advance", "found %s, want at least %s: window.size, %s, is at most %d times it",
			short(advance), short((size+maxPanes-1)/maxPanes), short(size), maxPanes)
	case p.Window.Offset >= advance && advance < size:
		refuse("window.offset", "found %s, want less than window.advance, %s", short(p.Window.Offset), short(advance))
	case p.Window.Offset >= advance:
		refuse("window.offset", "found %s, want less than window.size, %s", short(p.Window.Offset), short(size))
	}
	if p.Partitioner != "" && p.Shard != ShardPartition {
		refuse("partitioner", "goes with shard: partition: want that beside it, or leave partitioner out")
	}
}

// short is d as people write it: 1h, not 1h0m0s.
func short(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if d > 0 && d%unit.size == 0 {
			return fmt.Sprint(int64(d/unit.size), unit.name)
		}
	}
	return d.String()
}
