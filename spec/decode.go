package spec

// This file reads a checked value into the types of this package. A value that
// check has refused does not decode; it was reported, so it is passed over.

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"cuelang.org/go/cue"
)

// decode is what user declares, over the defaults.
func decode(user cue.Value, at *origins, r *report) *Spec {
	s := &Spec{Registries: map[string]Registry{}, origins: at}
	decoder{user, "", at, r}.connections(s)
	for name, v := range entries(lookup(user, "pipelines")) {
		d := decoder{v, "pipelines." + name, at, r}
		if r.seen[d.path] {
			continue // not a pipeline, or not by an allowed name
		}
		p := d.pipeline(name)
		s.Pipelines = append(s.Pipelines, p)
		refuseTogether(p, r)
		refuseValues(name, v, at, r)
	}
	refuseRegistries(s, r)
	slices.SortFunc(s.Pipelines, func(a, b Pipeline) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// entries is the fields of a mapping by name; nothing for another value.
func entries(v cue.Value) iter.Seq2[string, cue.Value] {
	return func(yield func(string, cue.Value) bool) {
		if !v.Exists() {
			return
		}
		fields, err := v.Fields()
		if err != nil {
			return
		}
		for fields.Next() {
			if !yield(fields.Selector().Unquoted(), fields.Value()) {
				return
			}
		}
	}
}

// decoder reads fields of v, which stands at path.
type decoder struct {
	v    cue.Value
	path string
	at   *origins
	r    *report
}

func (d decoder) pipeline(name string) Pipeline {
	p := defaults(name)
	p.origins = d.at
	d.into(&p.Description, "description")
	p.Sources = d.sources()
	p.Sink.Topic = defaultSink(p)
	parsed(d, &p.Start, ParseStart, "start")
	d.into(&p.GroupBy, "group_by")
	d.window(&p.Window)
	d.into(&p.Operations, "operations")
	p.Aggregates = d.named("aggregates")
	d.into(&p.MinSample, "min_sample_size")
	d.into(&p.SmallSample, "small_sample")
	parsed(d, &p.Idle, parseIdle, "idle")
	parsed(d, &p.MaxFuture, ParseDuration, "max_future")
	d.into(&p.MaxReplay, "max_replay")
	d.into(&p.MaxGroups, "max_groups")
	d.into(&p.MaxSamples, "max_samples")
	d.into(&p.Late, "late")
	d.into(&p.OnError, "on_error")
	d.into(&p.Shard, "shard")
	d.into(&p.Partitioner, "partitioner")
	d.sink(&p.Sink)
	return p
}

// sources is the one of source, or those of sources.
func (d decoder) sources() []Source {
	items := slices.Collect(itemsOf(lookup(d.v, "sources")))
	if len(items) == 0 {
		return []Source{decoder{lookup(d.v, "source"), d.path + ".source", d.at, d.r}.source("source")}
	}
	var all []Source
	for i, v := range items {
		path := "sources[" + strconv.Itoa(i) + "]"
		all = append(all, decoder{v, d.path + "." + path, d.at, d.r}.source(path))
	}
	return all
}

// source is the source that v is, at path below its pipeline.
func (d decoder) source(path string) Source {
	s := defaultSource(path)
	d.into(&s.Topics, "topics")
	parsed(d, &s.Regex, parseRegex, "regex")
	d.into(&s.Exclude, "exclude")
	parsed(d, &s.Where, parseExpression, "where")
	d.into(&s.Fields, "fields")
	d.into(&s.ExcludeFields, "exclude_fields")
	d.into(&s.Map, "map")
	s.Derive = d.named("derive")
	if lookup(d.v, "time").Exists() {
		s.Time = &TimeField{Unit: defaultUnit}
		d.into(&s.Time.Field, "time", "field")
		d.into(&s.Time.Unit, "time", "unit")
	}
	d.into(&s.Registry, "registry")
	return s
}

// named is the expressions of the mapping called field, in its order.
func (d decoder) named(field string) []Named {
	var all []Named
	for name := range entries(lookup(d.v, field)) {
		n := Named{Name: name}
		parsed(d, &n.Text, parseExpression, field, name)
		all = append(all, n)
	}
	return all
}

func (d decoder) window(w *Window) {
	parsed(d, &w.Size, parseSpan, "window", "size")
	w.Advance = w.Size
	parsed(d, &w.Advance, parseSpan, "window", "advance")
	parsed(d, &w.Grace, ParseDuration, "window", "grace")
	parsed(d, &w.Offset, ParseDuration, "window", "offset")
}

func (d decoder) sink(s *Sink) {
	d.into(&s.Topic, "sink", "topic")
	d.into(&s.Partitions, "sink", "partitions")
	d.into(&s.Replication, "sink", "replication")
	d.into(&s.Create, "sink", "create")
	d.into(&s.Namespace, "sink", "namespace")
	d.into(&s.Nulls, "sink", "nulls")
	for name, v := range entries(lookup(d.v, "sink", "config")) {
		if s.Config == nil {
			s.Config = map[string]string{}
		}
		s.Config[name] = setting(v)
	}
}

// setting is a text as it is, a number or truth value as Kafka writes it.
func setting(v cue.Value) string {
	if text, err := v.String(); err == nil {
		return text
	}
	text, _ := v.MarshalJSON()
	return string(text)
}

// into decodes the value at steps, if there is one.
func (d decoder) into(to any, steps ...string) {
	if v := lookup(d.v, steps...); v.Exists() {
		_ = v.Decode(to)
	}
}

// parsed reads the text at steps, if there is one, by parse, whose error
// completes a message.
func parsed[T any](d decoder, to *T, parse func(string) (T, error), steps ...string) {
	text, err := lookup(d.v, steps...).String()
	if err != nil {
		return
	}
	value, err := parse(text)
	if err != nil {
		path := d.path + pathSuffix(steps)
		d.r.add(d.at.at[path], path, "%v", err)
		return
	}
	*to = value
}

// parseSpan is a duration of more than nothing: 0.1ns is not.
func parseSpan(s string) (time.Duration, error) {
	d, err := ParseDuration(s)
	if err == nil && d <= 0 {
		err = fmt.Errorf("found %q, want a duration of at least 1ns", s)
	}
	return d, err
}

// parseIdle is 0 for off.
func parseIdle(s string) (time.Duration, error) {
	if s == "off" {
		return 0, nil
	}
	return parseSpan(s)
}

// maxExpression bounds an expression in bytes.
const maxExpression = 4 << 10

func parseExpression(s string) (string, error) {
	if len(s) > maxExpression {
		return "", fmt.Errorf("is %d bytes long, want an expression of at most %d bytes", len(s), maxExpression)
	}
	return s, nil
}

func parseRegex(s string) (string, error) {
	var wrong *syntax.Error
	if _, err := regexp.Compile(s); errors.As(err, &wrong) {
		return "", fmt.Errorf("found %q, want a regular expression (RE2): %s: %s", s, wrong.Code, wrong.Expr)
	}
	return s, nil
}
