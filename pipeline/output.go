package pipeline

import (
	"fmt"
	"slices"

	"github.com/aggrun/aggrun/functions"
)

// Output is what the records of one sink hold, in their order:
//
//	time, window_size, count, the group's values,
//	of each source the operations of each of its fields, the aggregates
//
// It grows with the fields that writer schemas bring, and with the types of
// group values.
type Output struct {
	Group      []GroupField
	Sources    [][]Field // by source
	Operations []functions.Function
	Aggregates []Aggregate
}

// GroupField is one value that records are grouped by.
type GroupField struct {
	Name        string    // in the output record
	Types       []KeyType // that its fields can have, each once; none before a schema showed one
	Doc         string
	Units       string
	Description string
}

// Aggregate is a named expression over aggregates.
type Aggregate struct {
	Name  string
	Text  string // as the user wrote it
	Units string // where they follow from the field's, else ""
}

// Output is what a shard writes whose sources have these layouts; nil for one
// that has none yet. It fails when two columns would have one name.
func (p *Plan) Output(layouts []*Layout) (Output, error) {
	out := Output{Operations: p.Operations, Sources: make([][]Field, len(p.sources))}
	for i, g := range p.groups {
		out.Group = append(out.Group, g.joined(i, layouts))
	}
	for s, l := range layouts {
		if l != nil {
			out.Sources[s] = slices.Clone(l.Fields)
		}
	}
	for _, a := range p.Spec.Aggregates {
		out.Aggregates = append(out.Aggregates, Aggregate{Name: a.Name, Text: a.Text})
	}
	return out, p.checkNames(out)
}

// joined is part i of group_by with what the layouts say of it.
func (g GroupField) joined(i int, layouts []*Layout) GroupField {
	g.Types = slices.Clone(g.Types)
	for _, l := range layouts {
		if l == nil {
			continue
		}
		of := l.Groups[i]
		if g.Doc == "" && g.Units == "" && g.Description == "" {
			g.Doc, g.Units, g.Description = of.Doc, of.Units, of.Description
		}
		g.Types = append(g.Types, of.Types...)
	}
	slices.Sort(g.Types)
	g.Types = slices.Compact(g.Types)
	return g
}

// taken are the names of the output record that no field takes, with what takes
// them.
func (p *Plan) taken() map[string]string {
	by := map[string]string{}
	for _, name := range reserved {
		by[name] = "the window's " + name
	}
	for i, g := range p.groups {
		by[g.Name] = "group_by's " + p.Spec.GroupBy[i]
	}
	return by
}

// checkNames finds two columns that would be written by one name.
func (p *Plan) checkNames(out Output) error {
	from := p.taken()
	for _, a := range out.Aggregates {
		from[a.Name] = "aggregates." + a.Name
	}
	for s, fields := range out.Sources {
		for _, f := range fields {
			for _, op := range out.Operations {
				name, origin := OutputName(op.Name, f.Name), fmt.Sprintf("%s of %s", op.Name, f.Path)
				if len(out.Sources) > 1 {
					origin += " in " + p.sources[s].spec.Path
				}
				if other, ok := from[name]; ok {
					return &Stop{p.Spec.Errorf(p.sources[s].spec.Path, "%s and %s would both be written as %s: rename one with map, or exclude it", other, origin, name).Error()}
				}
				from[name] = origin
			}
		}
	}
	return nil
}
