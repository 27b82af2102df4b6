package spec

// This file reads schema.cue: which fields there are, which must be given, and
// what a value must be, in words.

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	cueerrors "cuelang.org/go/cue/errors"

	"github.com/aggrun/aggrun"
)

// place is a path in a user's spec, and the same with * for every name that
// the user chose and for every index.
type place struct {
	path, general string
}

func (p place) field(name string) place {
	return place{join(p.path, name), join(p.general, name)}
}

func (p place) entry(name string) place {
	return place{join(p.path, name), join(p.general, "*")}
}

// item is the i-th item of the list at p. Those of sources are what source is,
// and have its general path.
func (p place) item(i int) place {
	next := place{p.path + "[" + strconv.Itoa(i) + "]", p.general + "[*]"}
	if next.general == "pipelines.*.sources[*]" {
		next.general = "pipelines.*.source"
	}
	return next
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// schema is #Spec, with what was asked of it remembered by general path.
type schema struct {
	spec   cue.Value
	never  cue.Value // a value that no field takes
	fields map[string][]cue.Selector
	values map[string]cue.Value
	homes  map[string]string // a field's name to the first general path it has
}

func newSchema(ctx *cue.Context) *schema {
	root := ctx.CompileString(aggrun.Schema(), cue.Filename("schema.cue"))
	spec := root.LookupPath(cue.ParsePath("#Spec"))
	if err := spec.Err(); err != nil {
		panic(err) // schema.cue is part of the program, and a test compiles it
	}
	return &schema{
		spec:   spec,
		never:  ctx.CompileString("null"),
		fields: map[string][]cue.Selector{},
		values: map[string]cue.Value{},
	}
}

// home is the general path of the field called name, wherever in the schema it
// stands first; "" for none.
func (sc *schema) home(name string) string {
	if sc.homes == nil {
		sc.homes = map[string]string{}
		sc.settle(place{}, sc.spec)
	}
	return sc.homes[name]
}

// settle notes the homes of the fields of s and below; every mapping of the
// user's names takes the name x.
func (sc *schema) settle(p place, s cue.Value) {
	if s.IncompleteKind() != cue.StructKind {
		return
	}
	names := sc.known(p, s)
	for _, name := range names {
		if next := p.field(name); sc.homes[name] == "" {
			sc.homes[name] = next.general
		}
	}
	if len(names) == 0 {
		names = []string{"x"}
	}
	for _, name := range names {
		if next, inner, ok := sc.child(p, s, name); ok {
			sc.settle(next, inner)
		}
	}
}

// child is what the mapping s, found at p, allows for its field called name,
// and the field's place; not ok if s has no such field.
func (sc *schema) child(p place, s cue.Value, name string) (place, cue.Value, bool) {
	next := p.field(name)
	if !slices.Contains(sc.known(p, s), name) {
		next = p.entry(name)
		v := s.LookupPath(cue.MakePath(cue.Str(name).Optional()))
		return next, v, v.Exists()
	}
	v, ok := sc.values[next.general]
	if !ok {
		v = s.LookupPath(cue.MakePath(cue.Str(name).Optional()))
		sc.values[next.general] = v
	}
	return next, v, true
}

// known is the names of the fields that s has, none for a mapping of the
// user's names.
func (sc *schema) known(p place, s cue.Value) []string {
	var names []string
	for _, f := range sc.selectors(p, s) {
		names = append(names, f.Unquoted())
	}
	return names
}

// required is the names of the fields that must be given.
func (sc *schema) required(p place, s cue.Value) []string {
	var names []string
	for _, f := range sc.selectors(p, s) {
		if f.ConstraintType() == cue.RequiredConstraint {
			names = append(names, f.Unquoted())
		}
	}
	return names
}

func (sc *schema) selectors(p place, s cue.Value) []cue.Selector {
	if list, ok := sc.fields[p.general]; ok {
		return list
	}
	var list []cue.Selector
	if fields, err := s.Fields(cue.Optional(true)); err == nil {
		for fields.Next() {
			list = append(list, fields.Selector())
		}
	}
	sc.fields[p.general] = list
	return list
}

// want completes "want ...": what the schema s allows at p.
func (sc *schema) want(p place, s cue.Value) string {
	if want, ok := secrets[p.general]; ok {
		return want
	}
	switch s.IncompleteKind() {
	case cue.StructKind:
		return sc.wantMapping(p, s)
	case cue.ListKind:
		list := "a list, each item " + sc.want(p.item(0), s.LookupPath(cue.MakePath(cue.AnyIndex)))
		return shortForm(p) + list
	}
	for _, e := range cueerrors.Errors(s.Unify(sc.never).Validate()) {
		return message(e)
	}
	return "another value"
}

func (sc *schema) wantMapping(p place, s cue.Value) string {
	long := "a mapping of names to " + entryRules[p.general].value
	if known := offered(p, sc.known(p, s)); len(known) > 0 {
		long = "a mapping with " + alternatives(known)
	}
	return shortForm(p) + long
}

// shortForm is "SHORT or " where a short form may stand at p.
func shortForm(p place) string {
	for _, short := range shorthands {
		if short.path == p.general {
			return short.want + " or "
		}
	}
	return ""
}

const anIdentifier = "letters (a to z, A to Z), digits and _, not beginning with a digit"

// entryRules tells, of each mapping whose entries the user names, which names
// are allowed and what is named.
var entryRules = map[string]struct{ name, value string }{
	"pipelines":                 {"small letters, digits and -, beginning with a letter", "pipelines"},
	"registries":                {"letters, digits, - and _, beginning with a letter", "URLs"},
	"pipelines.*.source.map":    {"the name of a field", "new names"},
	"pipelines.*.source.derive": {anIdentifier, "expressions"},
	"pipelines.*.aggregates":    {anIdentifier, "expressions"},
	"pipelines.*.sink.config":   {"the name of a topic's setting", "their values"},
}

// choices is the words among which s is a choice.
func choices(s cue.Value) []string {
	op, parts := s.Expr()
	if op != cue.OrOp {
		return nil
	}
	var words []string
	for _, p := range parts {
		if word, err := p.String(); err == nil {
			words = append(words, word)
		}
	}
	return words
}

// alternatives is "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
