package main

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/example"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// inventFields gives topics the signals of example topics and the fields that the
// plans name of them. Topics that share a record have no signals, whose names
// would clash there.
func inventFields(plans []*pipeline.Plan, names []string) []example.Topic {
	var topics []example.Topic
	for _, name := range names {
		topic := example.Topic{Name: name, Signals: demoFields}
		for _, p := range plans {
			i, ok := p.SourceOf(name)
			if !ok {
				continue
			}
			if len(p.Spec.Sources) > 1 {
				topic.Signals = 0
			}
			topic.Fields = append(topic.Fields, fieldsOf(p, i)...)
		}
		topic.Fields = slices.DeleteFunc(topic.Fields, func(f example.Field) bool {
			return slices.Contains(signalNames(topic.Signals), f.Path)
		})
		topics = append(topics, topic)
	}
	return topics
}

// fieldsOf are the fields that a plan names of one of its sources, by path. One that
// is wanted in several forms gets the last of ranks, which can be read in the others.
func fieldsOf(p *pipeline.Plan, source int) (fields []example.Field) {
	src := p.Spec.Sources[source]
	rank := map[string]int{}
	want := func(path string, form pipeline.Form) {
		group := form == pipeline.Key && slices.Contains(p.Spec.GroupBy, cmp.Or(src.Map[path], path))
		r := slices.IndexFunc(ranks, func(r ranked) bool { return r.form == form && r.group == group })
		rank[path] = max(rank[path], r)
	}
	for _, path := range src.Fields {
		want(strings.NewReplacer("*", "0", "?", "0").Replace(path), pipeline.Number)
	}
	for path := range src.Map {
		want(path, pipeline.Key)
	}
	for _, n := range p.Named(source) {
		if !n.Shared || owner(p, n.Path) == source {
			want(n.Path, n.Form)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(rank)) {
		f := example.Field{Path: path, Kind: ranks[rank[path]].kind}
		switch f.Kind {
		case example.Word:
			f.Words = append(literals(p), "other")
		case example.Moment:
			f.Unit = units[src.Time.Unit]
		}
		fields = append(fields, f)
	}
	return fields
}

// ranked is a form in which a field is wanted, and what it is made then.
type ranked struct {
	form  pipeline.Form
	group bool // wanted by group_by
	kind  example.Kind
}

var ranks = []ranked{
	{pipeline.Key, false, example.Signal},
	{pipeline.Number, false, example.Signal},
	{pipeline.Key, true, example.Index},
	{pipeline.Boolean, false, example.Flag},
	{pipeline.Text, false, example.Word},
	{pipeline.Time, false, example.Moment},
}

// owner is the source that has a field of which the plan tells no more than the
// name: the one whose map, derive or fields knows it, or else the first.
func owner(p *pipeline.Plan, name string) int {
	return max(0, slices.IndexFunc(p.Spec.Sources, func(s spec.Source) bool {
		for _, to := range s.Map {
			if to == name {
				return true
			}
		}
		derived := slices.ContainsFunc(s.Derive, func(n spec.Named) bool { return n.Name == name })
		return derived || slices.Contains(s.Fields, name)
	}))
}

var units = map[spec.TimeUnit]time.Duration{
	spec.Seconds: time.Second, spec.Milliseconds: time.Millisecond,
	spec.Microseconds: time.Microsecond, spec.Nanoseconds: time.Nanosecond,
}

var literal = regexp.MustCompile(`"([^"\\]*)"|'([^'\\]*)'`)

// literals are the texts that a plan's expressions hold.
func literals(p *pipeline.Plan) (words []string) {
	for _, e := range p.Expressions() {
		for _, found := range literal.FindAllStringSubmatch(e.Text, -1) {
			words = append(words, found[1]+found[2])
		}
	}
	return words
}

// signalNames are the fields that an example topic has by itself.
func signalNames(n int) []string {
	names := []string{"time"}
	for i := range n {
		names = append(names, example.SignalName(i))
	}
	return names
}
