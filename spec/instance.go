package spec

// This file evaluates: files become instances, instances values, and the values
// one, as CUE unifies them.

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"
)

// evaluate is everything that files declare. An instance with a mistake of its
// own, and one that contradicts those before it, is reported and left out.
func evaluate(ctx *cue.Context, files []file, tags []string, r *report) cue.Value {
	var values []cue.Value
	checkTags(files, tags, r)
	for _, group := range instances(files) {
		inst := group.build(tags)
		v := cue.Value{}
		err := error(inst.Err)
		if inst.Err == nil {
			v = ctx.BuildInstance(inst)
			err = v.Validate(cue.All())
		}
		if err != nil {
			r.torn = true
			explain(err, Position{group[0].name, 1, 1}, r)
			continue
		}
		values = append(values, v)
	}
	return unify(ctx, values, r)
}

// unify halves and halves again, since each step evaluates all that it joins.
func unify(ctx *cue.Context, values []cue.Value, r *report) cue.Value {
	switch len(values) {
	case 0:
		return ctx.BuildFile(&ast.File{})
	case 1:
		return values[0]
	}
	half := len(values) / 2
	left, right := unify(ctx, values[:half], r), unify(ctx, values[half:], r)
	both := left.Unify(right)
	if err := both.Validate(cue.All()); err != nil {
		r.torn = true
		explain(err, Position{}, r)
		return left
	}
	return both
}

// instance is files that are evaluated as one.
type instance []file

// instances groups CUE files by folder and package clause; every other file is
// one by itself.
func instances(files []file) []instance {
	var all []instance
	index := map[string]int{}
	for _, f := range files {
		pkg := f.ast.PackageName()
		key := filepath.Dir(f.abs) + "\x00" + pkg
		i, ok := index[key]
		if f.kind != cueKind || pkg == "" || !ok {
			if f.kind == cueKind && pkg != "" {
				index[key] = len(all)
			}
			all = append(all, instance{f})
			continue
		}
		all[i] = append(all[i], f)
	}
	return all
}

// build resolves imports and tags, from the disk alone.
func (in instance) build(tags []string) *build.Instance {
	if in[0].kind != cueKind {
		inst := build.NewContext().NewInstance("", nil)
		if err := inst.AddSyntax(in[0].ast); err != nil {
			inst.Err = err
		}
		return inst
	}
	overlay := map[string]load.Source{}
	trees := map[string]*ast.File{}
	var args []string
	for _, f := range in {
		overlay[f.abs] = load.FromBytes(f.data)
		trees[f.abs] = f.ast
		args = append(args, f.abs)
	}
	return load.Instances(args, &load.Config{
		Dir:     filepath.Dir(in[0].abs),
		Overlay: overlay,
		Tags:    slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return !in.declares(t) }),
		Env:     []string{"CUE_REGISTRY=none"},
		ParseFile: func(name string, src any, cfg parser.Config) (*ast.File, error) {
			if tree := trees[name]; tree != nil {
				return tree, nil
			}
			return parser.ParseFile(relative(name), src, cfg)
		},
	})[0]
}

// relative is name as seen from the working directory, if it is below it.
func relative(name string) string {
	wd, err := os.Getwd()
	if err != nil {
		return name
	}
	rel, err := filepath.Rel(wd, name)
	if err != nil || strings.HasPrefix(rel, "..") {
		return name
	}
	return rel
}
