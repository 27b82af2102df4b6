package codec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// FieldInfo is what a schema says of one field, nested ones and elements of
// arrays included.
type FieldInfo struct {
	pipeline.Field                    // Name is Path; an element is described as its array is
	Type           string             // for messages: double, or [null, string]
	Forms          Forms              // in which it can be read
	KeyTypes       []pipeline.KeyType // of its group values, each once; none where Forms has no Key
}

// Field describes the field at a path such as a.b or wave[3].x. ok is false when s
// has none there, so that it is missing in its records. The error tells that path
// is none, or leads into a type that has no such nest: into a number, say, or a map.
//
// Of a union of records with fields of that name it describes the first one, and
// gives the forms that all of them take.
func (s *Schema) Field(path string) (info FieldInfo, ok bool, err error) {
	steps, err := parsePath(path)
	if err != nil {
		return FieldInfo{}, false, err
	}
	found, err := s.find(steps)
	if err != nil || len(found) == 0 {
		return FieldInfo{}, false, err
	}
	return describe(path, found), true, nil
}

func describe(path string, found []field) FieldInfo {
	first := found[0]
	info := FieldInfo{Forms: ^Forms(0), Field: pipeline.Field{
		Path: path, Name: path, Doc: first.doc, Units: first.units, Description: first.description,
	}}
	var types []string
	for _, f := range found {
		if text := f.typ.String(); !slices.Contains(types, text) {
			types = append(types, text)
		}
		info.Forms &= f.typ.forms()
	}
	info.Type = strings.Join(types, " or ")
	if info.Forms.Has(pipeline.Key) {
		info.KeyTypes = keyTypes(found)
	}
	return info
}

func keyTypes(found []field) (types []pipeline.KeyType) {
	for _, f := range found {
		for _, m := range f.typ.members() {
			if k := classes[m.class()].key; !slices.Contains(types, k) {
				types = append(types, k)
			}
		}
	}
	return types
}

// find follows a path. It may end in several types, each given once, where it
// leads through a union of records.
func (s *Schema) find(steps []step) ([]field, error) {
	at := []field{{typ: s.root}}
	for i, st := range steps {
		var next []field
		for _, f := range at {
			inner, err := f.enter(steps[:i], st)
			if err != nil {
				return nil, err
			}
			next = append(next, inner...)
		}
		at = distinct(next)
	}
	return at, nil
}

// enter takes one step further than the path before, which leads to f: none where
// no record of f has the field.
func (f field) enter(before []step, to step) (inner []field, err error) {
	kind := kindRecord
	if to.name == "" {
		kind = kindArray
	}
	members := f.typ.members()
	for _, n := range members {
		switch {
		case n.kind != kind:
			return nil, wrongStep(before, to, f.typ, kind)
		case kind == kindArray:
			f.typ = n.item
			inner = append(inner, f)
		default:
			inner = append(inner, n.named(to.name)...)
		}
	}
	if len(members) == 0 {
		return nil, wrongStep(before, to, f.typ, kind)
	}
	return inner, nil
}

func wrongStep(before []step, to step, typ *node, want kind) error {
	article := "a "
	if want == kindArray {
		article = "an "
	}
	path := writePath(before)
	if path == "" {
		path = "the schema"
	}
	return fmt.Errorf("field %s: %s is of type %s, not %s%s", writePath(append(slices.Clone(before), to)), path, typ, article, kindNames[want])
}

// named is the field of a record of that name, if it has one.
func (n *node) named(name string) []field {
	i := slices.IndexFunc(n.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return n.fields[i : i+1]
}

func distinct(fields []field) (kept []field) {
	for _, f := range fields {
		if !slices.ContainsFunc(kept, func(k field) bool { return k.typ == f.typ }) {
			kept = append(kept, f)
		}
	}
	return kept
}
