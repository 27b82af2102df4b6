package pipeline

import (
	"fmt"
	"slices"
)

// reserved are the output record's own names: no source field of such a name is
// aggregated unless the spec lists it.
var reserved = []string{"time", "window_size", "count"}

// Select picks the fields of one writer schema that the pipeline aggregates, in
// the schema's order, under their names outside the source.
func (p *Plan) Select(numeric []Field) []Field {
	var picked []Field
	for _, f := range numeric {
		if !p.selects(f.Path) {
			continue
		}
		f.Name = f.Path
		if to, ok := p.Spec.Sources[0].Map[f.Path]; ok {
			f.Name = to
		}
		picked = append(picked, f)
	}
	return picked
}

func (p *Plan) selects(path string) bool {
	src := p.Spec.Sources[0]
	if matchesAny(src.ExcludeFields, path) {
		return false
	}
	if slices.Contains(src.Fields, path) {
		return true
	}
	if slices.Contains(reserved, path) {
		return false
	}
	return len(src.Fields) == 0 || matchesAny(src.Fields, path)
}

// Listed are the fields that the spec names without a pattern: each must be
// there, and numeric.
func (p *Plan) Listed() []string {
	return slices.DeleteFunc(slices.Clone(p.Spec.Sources[0].Fields), isGlob)
}

// CheckNames finds two columns of a layout whose outputs have one name.
func (p *Plan) CheckNames(l *Layout) error {
	from := map[string]string{}
	for _, name := range reserved {
		from[name] = "the window's " + name
	}
	for _, f := range l.Fields {
		for _, op := range p.Operations {
			name, origin := OutputName(op.Name, f.Name), fmt.Sprintf("%s of %s", op.Name, f.Path)
			if other, ok := from[name]; ok {
				return &Stop{p.Spec.Errorf("source", "%s and %s would both be written as %s: rename one with map, or exclude it", other, origin, name).Error()}
			}
			from[name] = origin
		}
	}
	return nil
}
