package pipeline

import (
	"slices"
	"strings"
)

// This file tells people what a plan does.

// PlannedExpression is an expression of the spec and what evaluates it.
type PlannedExpression struct {
	Path    string // below the pipeline: source.where, sources[1].derive.norm, aggregates.spread
	Text    string // as the user wrote it
	Backend string // columns or vm
}

// Expressions are all of the spec, in its order: each source's derived fields and
// condition, then the aggregates, as far as they are computed of the results of
// calls; what those are fed with, Accumulated tells.
func (p *Plan) Expressions() (all []PlannedExpression) {
	for _, s := range p.sources {
		for _, n := range s.spec.Derive {
			d, _ := s.find(n.Name)
			all = append(all, PlannedExpression{s.spec.Path + ".derive." + n.Name, n.Text, d.expr.Backend()})
		}
		if s.where != nil {
			all = append(all, PlannedExpression{s.spec.Path + ".where", s.spec.Where, s.where.Backend()})
		}
	}
	for i, a := range p.Spec.Aggregates {
		all = append(all, PlannedExpression{"aggregates." + a.Name, a.Text, p.aggregates[i].Backend()})
	}
	return all
}

// Accumulated is one argument of aggregate functions, or a derived field, with the
// accumulators that are fed with it in each window, group and partition.
type Accumulated struct {
	Of       string     // the argument; equal ones have one text
	Readers  [][]string // the functions that read each accumulator
	Backends []string   // that evaluate the argument, each once; none where it is nothing but a field or a derived field
}

// Accumulated are the arguments that follow from the spec alone, each once. Of
// every other field that operations are computed of, the accumulators are those
// that the operations need.
func (p *Plan) Accumulated() []Accumulated {
	all := make([]Accumulated, len(p.inputs))
	for i, in := range p.inputs {
		a := Accumulated{Of: in.argument(), Readers: make([][]string, len(in.kinds))}
		for j, f := range p.Operations {
			if in.operated {
				a.read(p.slots[j], f.Name)
			}
		}
		for _, c := range p.calls {
			if c.input == i {
				a.read(c.slot, c.name)
			}
		}
		for _, s := range p.sources {
			if e := s.inputs[i].expr; e != nil && !slices.Contains(a.Backends, e.Backend()) {
				a.Backends = append(a.Backends, e.Backend())
			}
		}
		all[i] = a
	}
	return all
}

// read notes a reader of an accumulator, once.
func (a *Accumulated) read(slot int, name string) {
	if !slices.Contains(a.Readers[slot], name) {
		a.Readers[slot] = append(a.Readers[slot], name)
	}
}

// argument is what the input is fed with, without what tells equal texts of
// different types apart.
func (in input) argument() string {
	for _, prefix := range []string{"text ", "condition "} {
		if text, ok := strings.CutPrefix(in.key, prefix); ok {
			return text
		}
	}
	return in.key
}

// NamedField is a field that the spec names for what it computes: event time,
// groups, conditions, derived fields and aggregates.
type NamedField struct {
	Path   string // in the source's records
	Form   Form
	Shared bool // of several sources, it may be another one that has it
}

// Named are the fields that the spec names of a source, some of them several times.
// Those of its patterns, and of operations, are not among them.
func (p *Plan) Named(source int) (fields []NamedField) {
	for _, n := range p.sources[source].needs {
		if n.path != "" {
			fields = append(fields, NamedField{n.path, n.form, n.shared && len(p.sources) > 1})
		}
	}
	return fields
}
