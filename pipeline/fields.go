package pipeline

import "slices"

// reserved are the output record's own names: no source field of such a name is
// aggregated unless the spec lists it.
var reserved = []string{"time", "window_size", "count"}

// Select picks the fields of one writer schema of a source whose operations are
// computed, in the schema's order, under their names outside the source.
func (p *Plan) Select(source int, numeric []Field) []Field {
	s := p.sources[source]
	if len(p.Operations) == 0 {
		return nil
	}
	var picked []Field
	for _, f := range numeric {
		if !s.selects(f.Path) || s.used(f.Path) {
			continue
		}
		f.Name = f.Path
		if to, ok := s.spec.Map[f.Path]; ok {
			f.Name = to
		}
		picked = append(picked, f)
	}
	return picked
}

// Listed are the fields that a source names without a pattern: each must be
// there, and numeric.
func (p *Plan) Listed(source int) []string {
	return slices.DeleteFunc(slices.Clone(p.sources[source].spec.Fields), isGlob)
}
