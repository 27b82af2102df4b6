package spec

// This file lists what a spec may say, and this version cannot do. Each is
// refused where it stands: nothing that a user wrote is ever ignored. What gets
// built leaves these tables.

import (
	"regexp"
	"slices"

	"cuelang.org/go/cue"
)

// notBuilt holds the fields whose mere presence is refused, with what this
// version does instead.
var notBuilt = map[string]string{
	"kafka.tls":                 "this version connects without TLS",
	"kafka.sasl":                "this version connects without SASL",
	"registries.*.username":     "this version connects to registries without a login",
	"registries.*.password":     "this version connects to registries without a login",
	"registries.*.token":        "this version connects to registries without a login",
	"registries.*.tls":          "this version connects to registries without TLS settings of its own",
	"pipelines.*.sources":       "this version reads one source a pipeline, by source",
	"pipelines.*.source.where":  "this version reads every record",
	"pipelines.*.source.derive": "this version reads fields as they are",
	"pipelines.*.source.time":   "this version takes the time of a record from its Kafka timestamp",
	"pipelines.*.group_by":      "this version gives one result for each window and sink",
	"pipelines.*.aggregates":    "this version knows operations alone",
	"pipelines.*.max_groups":    "it goes with group_by, which is not built either",
	"pipelines.*.rollups":       "this version computes one window a pipeline",
	"pipelines.*.expected_rate": "this version does not judge completeness",
	"pipelines.*.partitioner":   "it goes with shard: partition, which is not built either",
}

// notBuiltValue is a field of which some values are refused.
type notBuiltValue struct {
	path    []string // below the pipeline
	refused func(v, pipeline cue.Value) bool
	reason  string
	useless bool // all values but the default
}

var notBuiltValues = []notBuiltValue{
	{[]string{"window", "advance"}, notSize, "this version's windows do not overlap: want window.size, or leave it out", true},
	{[]string{"window", "offset"}, notZero, "this version's windows begin at the epoch: want 0s, or leave it out", true},
	{[]string{"window", "timezone"}, isNot("UTC"), "this version's windows follow UTC: want UTC, or leave it out", true},
	{[]string{"shard"}, isNot("sink"), "want sink, or leave it out", true},
	{[]string{"sink", "include"}, notEmpty, "this version copies no fields: want [], or leave it out", true},
	{[]string{"sink", "topic"}, hasCapture, "this version knows {topic} alone, not the captures of a regex", false},
}

// offered is the fields among known, of the mapping at p, that are worth naming
// to a user: those that can be given.
func offered(p place, known []string) []string {
	return slices.DeleteFunc(slices.Clone(known), func(name string) bool {
		general := p.field(name).general
		return notBuilt[general] != "" || slices.ContainsFunc(notBuiltValues, func(n notBuiltValue) bool {
			return n.useless && general == "pipelines.*"+pathSuffix(n.path)
		})
	})
}

// refuseValues reports what pipeline, called name, says that is not built.
func refuseValues(name string, pipeline cue.Value, at *origins, r *report) {
	for _, n := range notBuiltValues {
		v := lookup(pipeline, n.path...)
		path := "pipelines." + name + pathSuffix(n.path)
		if v.Exists() && n.refused(v, pipeline) {
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

func notSize(v, pipeline cue.Value) bool {
	advance, err := duration(v)
	size, err2 := duration(lookup(pipeline, "window", "size"))
	return err == nil && err2 == nil && advance != size
}

func notZero(v, _ cue.Value) bool {
	d, err := duration(v)
	return err == nil && d != 0
}

func isNot(word string) func(v, pipeline cue.Value) bool {
	return func(v, _ cue.Value) bool {
		text, err := v.String()
		return err == nil && text != word
	}
}

func notEmpty(v, _ cue.Value) bool {
	items, err := v.List()
	return err == nil && items.Next()
}

var capture = regexp.MustCompile(`\{[0-9]+\}`)

func hasCapture(v, _ cue.Value) bool {
	text, err := v.String()
	return err == nil && capture.MatchString(text)
}
