package spec

// This file turns an evaluated value back into a syntax tree of plain data,
// each node at the position of what the user wrote for it. What is checked and
// decoded is this tree: it has one position for each value, whatever templates,
// references and comprehensions the value came from.

import (
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// flatten is v as a file. A value that is not definite is reported, and becomes
// _ so that nobody misses it.
func flatten(v cue.Value, r *report) *ast.File {
	s := flatStruct(v, "", r)
	return &ast.File{Decls: s.Elts}
}

func flatStruct(v cue.Value, path string, r *report) *ast.StructLit {
	_, pos := places(v)
	s := &ast.StructLit{Lbrace: pos, Rbrace: pos}
	fields, err := v.Fields()
	if err != nil {
		explain(err, position(pos), r)
		return s
	}
	for fields.Next() {
		name := fields.Selector().Unquoted()
		key, _ := places(fields.Value())
		x := flat(fields.Value(), strings.TrimPrefix(path+"."+name, "."), r)
		label := ast.NewString(name)
		label.ValuePos = key
		s.Elts = append(s.Elts, &ast.Field{Label: label, TokenPos: key, Value: x})
	}
	return s
}

func flat(v cue.Value, path string, r *report) ast.Expr {
	v, _ = v.Default()
	_, pos := places(v)
	switch v.Kind() {
	case cue.StructKind:
		return flatStruct(v, path, r)
	case cue.ListKind:
		return flatList(v, path, r)
	case cue.BottomKind:
		if err := v.Err(); err != nil && v.IncompleteKind() == cue.BottomKind {
			explain(err, position(pos), r)
		} else {
			r.add(position(pos), path, "has no definite value, only %v: %s", v, notSet)
		}
		return &ast.Ident{Name: "_", NamePos: pos}
	}
	if text, err := v.String(); err == nil && len(text) > maxText {
		r.add(position(pos), path, "is a text of %d bytes, want at most %d", len(text), maxText)
		return &ast.Ident{Name: "_", NamePos: pos}
	}
	x, _ := v.Syntax(cue.Final()).(ast.Expr)
	ast.SetPos(x, pos)
	return x
}

// maxText bounds a text, bytes. Expressions have a bound of their own, names are shorter
// still, and CUE makes texts of any length of a few words.
const maxText = 64 << 10

func flatList(v cue.Value, path string, r *report) ast.Expr {
	_, pos := places(v)
	l := &ast.ListLit{Lbrack: pos, Rbrack: pos}
	items, err := v.List()
	if err != nil {
		explain(err, position(pos), r)
		return l
	}
	for i := 0; items.Next(); i++ {
		l.Elts = append(l.Elts, flat(items.Value(), path+"["+strconv.Itoa(i)+"]", r))
	}
	return l
}

// places is where v's key and v itself were written. Of several conjuncts it is
// the one that has the value, rather than one that bounds it.
func places(v cue.Value) (key, value token.Pos) {
	if f, ok := v.Source().(*ast.Field); ok {
		return f.Label.Pos(), f.Value.Pos()
	}
	if op, parts := v.Expr(); op == cue.AndOp && v.IncompleteKind()&(cue.StructKind|cue.ListKind) == 0 {
		for _, p := range parts {
			if p.IsConcrete() && p.Pos().IsValid() {
				return places(p)
			}
		}
	}
	return v.Pos(), v.Pos()
}
