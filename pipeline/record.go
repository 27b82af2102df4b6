package pipeline

import (
	"errors"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline/expression"
	"github.com/aggrun/aggrun/spec"
)

// This file compiles what is computed of each record: derived fields and the
// condition it must meet. Names are the source's own.

// draft is a source while it is compiled.
type draft struct {
	*source
	plan   *Plan
	derive []parsed // in the order of evaluation, as source.derived
	where  *parsed
	args   []*parsed // by Plan.inputs; nil is a column
}

// parsed is an expression on its way through the compiler, with the place in the
// spec that holds it.
type parsed struct {
	at      string
	tree    *expression.Tree
	checked *expression.Checked
}

// compileRecord checks derive and where, and gives each field that they read a
// column.
func (d *draft) compileRecord() (errs spec.Errors) {
	named, errs := d.parseDerived()
	if errs == nil {
		errs = d.checkDerived(named)
	}
	if d.spec.Where == "" {
		return errs
	}
	where := parsed{at: d.spec.Path + ".where"}
	var err error
	if where.tree, err = expression.Parse(d.spec.Where); err == nil && errs == nil {
		where.checked, err = where.tree.Check(d.scope, expression.Boolean)
	}
	if err != nil {
		return append(errs, d.plan.inExpression(where.at, err)...)
	}
	if errs == nil {
		d.where = &where
		d.reads(where, false)
	}
	return errs
}

func (d *draft) parseDerived() (named []parsed, errs spec.Errors) {
	for _, n := range d.spec.Derive {
		e := parsed{at: d.spec.Path + ".derive." + n.Name}
		var err error
		if e.tree, err = expression.Parse(n.Text); err != nil {
			errs = append(errs, d.plan.inExpression(e.at, err)...)
		}
		named = append(named, e)
	}
	return named, errs
}

// checkDerived finds the types of derived fields, each after those it reads.
func (d *draft) checkDerived(named []parsed) spec.Errors {
	order, errs := d.order(named)
	if errs != nil {
		return errs
	}
	for _, i := range order {
		e := named[i]
		var err error
		if e.checked, err = e.tree.Check(d.scope, expression.Any); err != nil {
			errs = append(errs, d.plan.inExpression(e.at, err)...)
			continue
		}
		d.derived = append(d.derived, derived{name: d.spec.Derive[i].Name, kind: e.checked.Type})
		d.derive = append(d.derive, e)
		d.reads(e, false)
	}
	return errs
}

// order sorts derived fields so that each comes after those it reads.
func (d *draft) order(named []parsed) (order []int, errs spec.Errors) {
	index := map[string]int{}
	for i, n := range d.spec.Derive {
		index[n.Name] = i
	}
	const open, done = 1, 2
	state := make([]int, len(named))
	var visit func(i int, path []string)
	visit = func(i int, path []string) {
		state[i] = open
		path = append(path, d.spec.Derive[i].Name)
		for _, r := range named[i].tree.Names() {
			j, ok := index[r.Name]
			switch {
			case !ok || state[j] == done:
			case state[j] == open:
				errs = append(errs, d.plan.Spec.ErrorAt(named[i].at, r.Offset, "%s is derived from itself: %s; a derived field of a new name may read the field",
					r.Name, strings.Join(append(slices.Clone(path), r.Name), " reads ")))
			default:
				visit(j, path)
			}
		}
		state[i] = done
		order = append(order, i)
	}
	for i := range named {
		if state[i] == 0 {
			visit(i, nil)
		}
	}
	return order, errs
}

// reads gives what an expression reads its columns.
func (d *draft) reads(e parsed, shared bool) {
	for _, r := range e.checked.Reads {
		path := r.Name
		if shared {
			path = d.path(r.Name)
		}
		switch _, known := d.scope(r.Name); {
		case r.Name == metaKey:
			d.column(metaKey, Text)
		case !known:
			form := formOf(r.Type)
			if path != "" {
				d.column(path, form)
			}
			d.needs = append(d.needs, need{path: path, form: form, name: r.Name, at: e.at, offset: r.Offset, shared: shared})
		}
	}
}

// finish compiles the expressions, now that every column has its place: those of
// the decoder come first, then derived fields, then the topic and the partition.
func (d *draft) finish(o expression.Options) {
	numbers, texts := d.numbers, d.texts
	for i := range d.derived {
		next := &numbers
		if d.derived[i].kind == expression.Text {
			next = &texts
		}
		d.derived[i].slot = *next
		*next++
	}
	slot := func(r expression.Read) int {
		switch r.Name {
		case metaKey:
			return d.column(metaKey, Text)
		case metaTopic:
			d.meta = true
			return texts
		case metaPartition:
			d.meta = true
			return numbers
		}
		if f, ok := d.find(r.Name); ok {
			return f.slot
		}
		if r.Name == "" {
			return absent
		}
		return d.column(r.Name, formOf(r.Type))
	}
	for i, e := range d.derive {
		d.derived[i].expr = e.checked.Compile(slot, o)
	}
	if d.where != nil {
		d.source.where = d.where.checked.Compile(slot, o)
	}
	outside := func(r expression.Read) int {
		if _, known := d.scope(r.Name); !known {
			r.Name = d.path(r.Name)
		}
		return slot(r)
	}
	for i, e := range d.args {
		in := &d.inputs[i]
		if e != nil {
			in.expr = e.checked.Compile(outside, o)
		}
		if f, ok := d.find(in.derived); ok {
			in.slot = f.slot
		}
	}
	for i := range d.groups {
		g := &d.groups[i]
		if f, ok := d.find(g.derived); ok {
			g.slot = f.slot
		}
	}
}

func formOf(t expression.Type) Form {
	switch t {
	case expression.Boolean:
		return Boolean
	case expression.Text:
		return Text
	}
	return Number
}

// inExpression gives the mistakes of an expression their places in the spec.
func (p *Plan) inExpression(at string, err error) (errs spec.Errors) {
	var all expression.Errors
	if !errors.As(err, &all) {
		return spec.Errors{p.Spec.Errorf(at, "%v", err)}
	}
	for _, e := range all {
		errs = append(errs, p.Spec.ErrorAt(at, e.Offset, "%s", e.Msg))
	}
	return errs
}
