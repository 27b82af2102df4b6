package spec

// This file writes the short forms out. It works on the tree that came of
// evaluation, so that a value which stands behind a name (window: _usual), or
// comes from a template, may be short too; CUE unified it as it was written.

import (
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// shorthand says that a value that is no mapping, found at path, stands for a
// mapping whose only field is into; or, without into, that a value that is no
// list stands for a list of it.
type shorthand struct {
	path, into string
	list       bool   // into holds a list; the short form is a list or its only item
	want       string // the short form, for messages
}

// A path of source stands for the items of sources as well. An outer short form
// comes before those inside it.
var shorthands = []shorthand{
	{path: "pipelines.*.source", into: "topics", list: true, want: "a topic, a list of topics"},
	{path: "pipelines.*.source.time", into: "field", want: "the name of a field"},
	{path: "pipelines.*.group_by", list: true, want: "the name of a field"},
	{path: "pipelines.*.window", into: "size", want: "a duration such as 10s"},
	{path: "pipelines.*.sink", into: "topic", want: "a topic"},
	{path: "registries.*", into: "url", want: "a URL"},
}

// expand writes out every short form in f.
func expand(f *ast.File) {
	for _, s := range shorthands {
		s.apply(f.Decls, strings.Split(s.path, "."))
	}
}

// apply follows steps down from decls.
func (s shorthand) apply(decls []ast.Decl, steps []string) {
	for _, f := range fieldsOf(decls) {
		items, isList := f.Value.(*ast.ListLit)
		switch {
		case steps[0] == "source" && name(f) == "sources" && isList:
			for i := range items.Elts {
				s.value(&items.Elts[i], steps[1:])
			}
		case steps[0] == "*" || steps[0] == name(f):
			s.value(&f.Value, steps[1:])
		}
	}
}

// value follows steps down from x, or writes x out where they end.
func (s shorthand) value(x *ast.Expr, steps []string) {
	if len(steps) == 0 {
		*x = s.long(*x)
		return
	}
	for _, inner := range structs(*x) {
		s.apply(inner.Elts, steps)
	}
}

// long is x written out, or x itself where it is not a short form. Every node
// made stands at the position of x.
func (s shorthand) long(x ast.Expr) ast.Expr {
	pos := x.Pos()
	switch x := x.(type) {
	case *ast.StructLit, *ast.Ident:
		return x
	case *ast.ListLit:
		if !s.list {
			return x
		}
	case *ast.BasicLit:
		if x.Kind == token.NULL {
			return x
		}
	}
	if _, isList := x.(*ast.ListLit); s.list && !isList {
		x = &ast.ListLit{Lbrack: pos, Elts: []ast.Expr{x}, Rbrack: pos}
	}
	if s.into == "" {
		return x
	}
	return &ast.StructLit{Lbrace: pos, Rbrace: pos, Elts: []ast.Decl{
		&ast.Field{Label: &ast.Ident{Name: s.into, NamePos: pos}, TokenPos: pos, Value: x},
	}}
}
