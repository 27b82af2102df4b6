package pipeline

import (
	"fmt"
	"slices"

	"github.com/aggrun/aggrun/spec"
)

// Schema is what a writer schema says of fields.
type Schema interface {
	// Describe gives the type of the field at a path, for messages, and tells
	// whether it can be read in a form. ok is false where there is no such field.
	Describe(path string, form Form) (typ string, fits, ok bool)
	// Known are the paths that are worth suggesting.
	Known() []string
}

// CheckFields compares the fields that the spec names with the schemas known of
// each source, if there are any: each has to be in one of them, of a type that it
// can be used as. The error is a Stop.
func (p *Plan) CheckFields(schemas func(source int) []Schema) error {
	var errs spec.Errors
	for i, s := range p.sources {
		for _, n := range s.needs {
			if e, wrong := p.checkNeed(i, n, schemas); wrong {
				errs = append(errs, e)
			}
		}
		for j, path := range s.spec.Fields {
			n := need{path: path, form: Number, name: path, at: fmt.Sprintf("%s.fields[%d]", s.spec.Path, j)}
			if isFieldGlob(path) {
				continue
			}
			if e, wrong := p.checkNeed(i, n, schemas); wrong {
				errs = append(errs, e)
			}
		}
	}
	if err := errs.Err(); err != nil {
		return &Stop{err.Error()}
	}
	return nil
}

func (p *Plan) checkNeed(source int, n need, schemas func(source int) []Schema) (e spec.Error, wrong bool) {
	known := schemas(source)
	typ, fits, found := describe(known, n.path, n.form)
	switch {
	case found && fits, len(known) == 0:
		return e, false
	case found:
		return p.Spec.ErrorAt(n.at, n.offset, "field %s is %s, not %s", n.name, typ, n.form.want()), true
	case n.shared && p.elsewhere(n, schemas):
		return e, false
	case n.path == "":
		return p.Spec.ErrorAt(n.at, n.offset, "field %s is called %s outside its source, by map", n.name, p.sources[source].spec.Map[n.name]), true
	}
	var near []string
	for _, s := range known {
		near = append(near, s.Known()...)
	}
	slices.Sort(near)
	return p.Spec.ErrorAt(n.at, n.offset, "no source topic has a field %s%s", n.name, DidYouMean(n.name, slices.Compact(near))), true
}

// elsewhere tells that another source has a field of that name, or may have.
func (p *Plan) elsewhere(n need, schemas func(source int) []Schema) bool {
	for i, s := range p.sources {
		known := schemas(i)
		if _, derived := s.find(n.name); derived || len(known) == 0 {
			return true
		}
		if _, _, ok := describe(known, s.path(n.name), n.form); ok {
			return true
		}
	}
	return false
}

// describe is what schemas say of a field: the first that can be read decides, or
// else the first that has it.
func describe(schemas []Schema, path string, form Form) (typ string, fits, found bool) {
	if path == "" {
		return "", false, false
	}
	for _, s := range schemas {
		t, f, ok := s.Describe(path, form)
		if ok && f {
			return t, true, true
		}
		if ok && !found {
			typ, found = t, true
		}
	}
	return typ, false, found
}

// want says what a field of a form has to be.
func (f Form) want() string {
	switch f {
	case Boolean:
		return "a boolean"
	case Text:
		return "a string or an enum"
	case Key:
		return "a number, boolean, string or enum"
	case Time:
		return "a time"
	}
	return "a number"
}
