package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline/expression"
	"github.com/aggrun/aggrun/spec"
)

// source is one compiled source of a plan: what is read of its records, and what
// is computed of them before they come to their windows.
type source struct {
	spec  spec.Source
	regex *regexp.Regexp

	columns []Column          // that decoders fill, whatever fields join
	numbers int               // of them in Batch.Numbers
	texts   int               // of them in Batch.Texts
	outside map[string]string // names outside the source to paths, of those that map renames

	derived []derived // in the order of evaluation
	meta    bool      // an expression reads $topic or $partition
	where   *expression.Expression
	groups  []groupColumn
	inputs  []argument     // by Plan.inputs
	bare    map[string]int // inputs that are nothing but a numeric field or derived field, by path or name
	fields  []Field        // derived ones whose operations are computed

	needs []need
}

// derived is a derived field. Its values are a column of an expression.Input,
// after those of the decoder.
type derived struct {
	name string
	expr *expression.Expression
	kind expression.Type
	slot int
}

// argument is where the values of an input come from: an expression, a derived
// field, a column, or nowhere.
type argument struct {
	expr    *expression.Expression
	derived string
	slot    int // of the column, or absent
	text    bool
}

// absent is the slot of what has no column.
const absent = -1

// groupColumn is where the values of one part of group_by come from.
type groupColumn struct {
	kind    groupKind
	path    string // of groupKey
	slot    int
	derived string // of a derived field
}

type groupKind uint8

const (
	groupKey       groupKind = iota // a column of form Key
	groupNumber                     // a derived number
	groupBoolean                    // a derived truth value
	groupText                       // a derived text
	groupTopic                      // $topic
	groupPartition                  // $partition
)

// The names of what is known of a record beside its fields.
const (
	metaKey       = "$key"
	metaTopic     = "$topic"
	metaPartition = "$partition"
)

// need is a field that the spec names, for messages when no schema has it.
type need struct {
	path   string // in the source's records
	form   Form
	name   string // as the user wrote it
	at     string // the path of the value in the spec that names it
	offset int    // in that value's text
	shared bool   // another source may have it instead
}

// column gives the slot of a field in a form, adding the column the first time.
func (s *source) column(path string, form Form) int {
	for _, c := range s.columns {
		if c.Path == path && (c.Form == form || c.Form == Boolean && form == Number) {
			return c.Slot
		}
	}
	c := Column{Path: path, Form: form}
	switch form {
	case Number, Boolean:
		c.Slot = s.numbers
		s.numbers++
	case Text, Key:
		c.Slot = s.texts
		s.texts++
	}
	s.columns = append(s.columns, c)
	return c.Slot
}

// columnIf is column, absent for a name that leads nowhere.
func (s *source) columnIf(path string, form Form) int {
	if path == "" {
		return absent
	}
	return s.column(path, form)
}

// path is the path of a name outside the source: what map renames to it, or
// itself. A path that map renames is not known outside by its own name: "".
func (s *source) path(name string) string {
	if path, ok := s.outside[name]; ok {
		return path
	}
	if _, renamed := s.spec.Map[name]; renamed {
		return ""
	}
	return name
}

// find is a derived field.
func (s *source) find(name string) (derived, bool) {
	i := slices.IndexFunc(s.derived, func(d derived) bool { return d.name == name })
	if i < 0 {
		return derived{}, false
	}
	return s.derived[i], true
}

// scope tells the types of names that are no fields.
func (s *source) scope(name string) (expression.Type, bool) {
	switch name {
	case metaKey, metaTopic:
		return expression.Text, true
	case metaPartition:
		return expression.Number, true
	}
	d, ok := s.find(name)
	return d.kind, ok
}

// named tells whether the source's patterns hold the topic.
func (s *source) named(topic string) bool {
	if s.regex != nil {
		return s.regex.MatchString(topic)
	}
	return matchesAny(s.spec.Topics, topic)
}

// exact are the topics that the source names without a pattern.
func (s *source) exact() []string {
	return slices.DeleteFunc(slices.Clone(s.spec.Topics), isGlob)
}

// compileSource checks one source by itself: its patterns, names and expressions.
func (p *Plan) compileSource(src spec.Source) (d *draft, errs spec.Errors) {
	s := &source{spec: src, outside: map[string]string{}, bare: map[string]int{}}
	d = &draft{source: s, plan: p}
	for _, list := range []struct {
		at    string
		globs []string
	}{{"topics", src.Topics}, {"exclude", src.Exclude}, {"fields", src.Fields}, {"exclude_fields", src.ExcludeFields}} {
		errs = append(errs, p.checkGlobs(src.Path+"."+list.at, list.globs)...)
	}
	if src.Regex != "" {
		var err error
		if s.regex, err = wholly(src.Regex); err != nil {
			errs = append(errs, p.Spec.Errorf(src.Path+".regex", "%v", err))
		}
	}
	errs = append(errs, p.checkMap(s)...)
	for path, name := range src.Map {
		s.outside[name] = path
	}
	if src.Time != nil {
		s.columns = append(s.columns, Column{Path: src.Time.Field, Form: Time, Unit: string(src.Time.Unit)})
		s.needs = append(s.needs, need{path: src.Time.Field, form: Time, name: src.Time.Field, at: src.Path + ".time.field"})
	}
	return d, append(errs, d.compileRecord()...)
}

// wholly compiles an expression to match whole names alone.
func wholly(regex string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(regex); err != nil {
		return nil, err // in the user's own words
	}
	if re, err := regexp.Compile(`^(?:` + regex + `)$`); err == nil {
		return re, nil
	}
	return regexp.Compile(`^(?:` + regex + `\E)$`) // a \Q without its end takes what follows for text
}

// checkMap finds two fields that are given one name, and names that are taken.
func (p *Plan) checkMap(s *source) (errs spec.Errors) {
	by := map[string]string{}
	for _, from := range sortedKeys(s.spec.Map) {
		to, at := s.spec.Map[from], s.spec.Path+".map."+from
		if other, ok := by[to]; ok {
			errs = append(errs, p.Spec.Errorf(at, "%s and %s are both renamed %s: output names must differ", other, from, to))
		}
		if derives(s.spec, from) {
			errs = append(errs, p.Spec.Errorf(at, "%s is the name of a derived field too: outside the source it would be either; give the derived field another name", from))
		}
		if derives(s.spec, to) {
			errs = append(errs, p.Spec.Errorf(at, "%s is the name of a derived field too: output names must differ", to))
		}
		if strings.HasPrefix(to, "$") {
			errs = append(errs, p.Spec.Errorf(at, "found the name %q: names that begin with $ are the record's metadata", to))
		}
		by[to] = from
	}
	return errs
}

func derives(s spec.Source, name string) bool {
	return slices.ContainsFunc(s.Derive, func(n spec.Named) bool { return n.Name == name })
}

func (p *Plan) checkGlobs(at string, globs []string) (errs spec.Errors) {
	for i, g := range globs {
		if !validGlob(g) {
			errs = append(errs, p.Spec.Errorf(fmt.Sprintf("%s[%d]", at, i), "bad glob %q: want *, ? or [a-z]", g))
		}
	}
	return errs
}
