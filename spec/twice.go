package spec

// This file finds what is written twice, which CUE would unify in silence or
// tell of as a conflict: a key of a mapping in YAML or JSON, and a pipeline in
// two files. The second is taken out of the tree, so that the rest is checked.

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// declarations is where each pipeline was written first, "pipelines.NAME" to a
// position, for all names that are written out.
func declarations(files []file, r *report) map[string]Position {
	declared := map[string]Position{}
	for _, f := range files {
		if f.kind != cueKind {
			f.ast.Decls = once(f.ast.Decls, "", r)
		}
		for _, field := range fieldsOf(f.ast.Decls) {
			if name(field) != "pipelines" {
				continue
			}
			for _, s := range structs(field.Value) {
				s.Elts = slices.DeleteFunc(s.Elts, func(d ast.Decl) bool {
					return elsewhere(d, declared, r)
				})
			}
		}
	}
	return declared
}

// elsewhere tells whether d is a pipeline that another file has declared, and
// notes it if none has.
func elsewhere(d ast.Decl, declared map[string]Position, r *report) bool {
	field, ok := d.(*ast.Field)
	if !ok || name(field) == "" {
		return false
	}
	path, here := "pipelines."+name(field), position(field.Label.Pos())
	first, ok := declared[path]
	if !ok {
		declared[path] = here
		return false
	}
	if first.File == here.File {
		return false
	}
	r.extra(here, path, "is defined in two files, the other time at %v: "+
		"give one of them another name", first)
	return true
}

// once drops the second of two fields with one name, at any depth.
func once(decls []ast.Decl, path string, r *report) []ast.Decl {
	first := map[string]Position{}
	return slices.DeleteFunc(decls, func(d ast.Decl) bool {
		field, ok := d.(*ast.Field)
		if !ok || name(field) == "" {
			return false
		}
		here := position(field.Label.Pos())
		full := strings.TrimPrefix(path+"."+name(field), ".")
		if at, ok := first[name(field)]; ok {
			r.extra(here, full, "is written twice, the first time at %v", at)
			return true
		}
		first[name(field)] = here
		for _, s := range structs(field.Value) {
			s.Elts = once(s.Elts, full, r)
		}
		return false
	})
}

// fieldsOf is the fields among decls.
func fieldsOf(decls []ast.Decl) []*ast.Field {
	var fields []*ast.Field
	for _, d := range decls {
		if f, ok := d.(*ast.Field); ok {
			fields = append(fields, f)
		}
	}
	return fields
}

// name is the name of a field of data, "" for a definition, a hidden field, a
// pattern and a computed name.
func name(f *ast.Field) string {
	label, plain, err := ast.LabelName(f.Label)
	switch {
	case err != nil, f.Constraint != token.ILLEGAL:
		return ""
	case plain && strings.ContainsAny(label[:1], "_#"):
		return ""
	}
	return label
}

// structs is the mappings written out in x: itself, or parts of a unification.
func structs(x ast.Expr) []*ast.StructLit {
	switch x := x.(type) {
	case *ast.StructLit:
		return []*ast.StructLit{x}
	case *ast.ParenExpr:
		return structs(x.X)
	case *ast.BinaryExpr:
		return append(structs(x.X), structs(x.Y)...)
	}
	return nil
}
