package pipeline

import (
	"fmt"
	"slices"
)

// Field is a field of a source whose operations are computed.
type Field struct {
	Path        string // in the source's record
	Name        string // outside the source: Path, or what map makes of it
	Doc         string
	Units       string
	Description string
	Slot        int // in Batch.Numbers
	Input       int // its accumulators in a window
}

// Layout is the columns of one source of one shard: what its decoders fill.
// Columns are only ever added, in the order in which writer schemas bring their
// fields, so that a batch decoded earlier has a prefix of the columns of a later
// one.
type Layout struct {
	Columns []Column
	Numbers int // columns in Batch.Numbers
	Texts   int // columns in Batch.Texts
	Fields  []Field
	Groups  []GroupField // by part of group_by, as far as schemas have shown

	source *source
	fixed  int            // inputs of the plan
	joined int            // fields whose accumulators are their own
	names  map[string]int // of Fields
}

// NewLayout is the layout before any schema is known.
func (p *Plan) NewLayout(source int) *Layout {
	s := p.sources[source]
	l := &Layout{
		Columns: slices.Clone(s.columns), Numbers: s.numbers, Texts: s.texts, Fields: slices.Clone(s.fields),
		source: s, fixed: len(p.inputs), names: map[string]int{},
	}
	for i, g := range s.groups {
		field := p.groups[i]
		field.Types = slices.Concat(field.Types, g.derivedTypes())
		l.Groups = append(l.Groups, field)
	}
	for i, f := range l.Fields {
		l.names[f.Name] = i
	}
	return l
}

// Add gives f a column and accumulators, if it has none yet. It fails when
// another field of the source has the name.
func (l *Layout) Add(f Field) error {
	if i, ok := l.names[f.Name]; ok {
		switch have := l.Fields[i].Path; {
		case l.Fields[i].Slot == absent:
			return &Stop{fmt.Sprintf("field %s of the source has the name of a derived field, %s: give the derived field another name, or exclude the field by exclude_fields", f.Path, f.Name)}
		case have != f.Path:
			return &Stop{fmt.Sprintf("fields %s and %s of the source are both named %s: give one another name with map, or exclude it", have, f.Path, f.Name)}
		}
		return nil
	}
	f.Slot = l.column(f.Path, !slices.Contains(l.source.spec.Fields, f.Path))
	if i, ok := l.source.bare[f.Path]; ok {
		f.Input = i
	} else {
		f.Input = l.fixed + l.joined
		l.joined++
	}
	l.names[f.Name] = len(l.Fields)
	l.Fields = append(l.Fields, f)
	return nil
}

// column is the slot of a field's numbers. Whether a record can be used must not
// depend on which schemas this process happens to have met, or a replay would
// decide otherwise: a field that the spec does not list by name is missing where it is no number.
func (l *Layout) column(path string, optional bool) int {
	for _, c := range l.Columns {
		if c.Path == path && c.Form == Number {
			return c.Slot
		}
	}
	l.Columns = append(l.Columns, Column{Path: path, Form: Number, Slot: l.Numbers, Optional: optional})
	l.Numbers++
	return l.Numbers - 1
}

// Group notes that a field which group_by reads can have values of some types, and
// tells whether that is new.
func (l *Layout) Group(f Field, types []KeyType) (grew bool) {
	for i, g := range l.source.groups {
		if g.kind != groupKey || g.path != f.Path {
			continue
		}
		to := &l.Groups[i]
		if to.Doc == "" && to.Units == "" && to.Description == "" {
			to.Doc, to.Units, to.Description = f.Doc, f.Units, f.Description
		}
		for _, t := range types {
			if !slices.Contains(to.Types, t) {
				to.Types = append(to.Types, t)
				grew = true
			}
		}
	}
	return grew
}
