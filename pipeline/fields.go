package pipeline

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// reserved are the output record's own names: no source field of such a name is
// aggregated unless the spec lists it.
var reserved = []string{"time", "window_size", "count"}

// Select picks the fields of one writer schema of a source whose operations are
// computed, in the schema's order, under their names outside the source: of
// those that are numbers at the top, what the spec takes, and below them what it
// lists, if lookup finds it.
func (p *Plan) Select(source int, numeric []Field, lookup func(path string) (Field, bool)) []Field {
	s := p.sources[source]
	if len(p.Operations) == 0 {
		return nil
	}
	var picked []Field
	for _, f := range numeric {
		if s.selects(f.Path) && !s.used(f.Path) {
			picked = append(picked, s.rename(f))
		}
	}
	for _, listed := range p.Listed(source) {
		if slices.ContainsFunc(numeric, func(f Field) bool { return f.Path == listed }) || s.excludes(listed) {
			continue
		}
		if f, ok := lookup(listed); ok {
			picked = append(picked, s.rename(f))
		}
	}
	return picked
}

// rename gives f its name outside the source.
func (s *source) rename(f Field) Field {
	f.Name = f.Path
	if to, ok := s.spec.Map[f.Path]; ok {
		f.Name = to
	}
	return f
}

// Listed are the fields that a source names without a pattern: each must be
// there, and a number.
func (p *Plan) Listed(source int) []string {
	return slices.DeleteFunc(slices.Clone(p.sources[source].spec.Fields), isFieldGlob)
}

// selects tells whether operations are computed of a field.
func (s *source) selects(path string) bool {
	switch {
	case s.excludes(path):
		return false
	case slices.Contains(s.spec.Fields, path):
		return true
	case slices.Contains(reserved, path):
		return false
	}
	return len(s.spec.Fields) == 0 || matchesField(s.spec.Fields, path)
}

func (s *source) excludes(path string) bool {
	return slices.Contains(s.spec.ExcludeFields, path) || matchesField(s.spec.ExcludeFields, path)
}

// used tells whether time or group_by use a field: unless the user lists it, it
// is not aggregated.
func (s *source) used(path string) bool {
	if slices.Contains(s.spec.Fields, path) {
		return false
	}
	return s.spec.Time != nil && s.spec.Time.Field == path ||
		slices.ContainsFunc(s.groups, func(g groupColumn) bool { return g.path == path })
}

func matchesField(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		ok, _ := path.Match(g, name) // Compile checked the pattern
		return ok && isFieldGlob(g)
	})
}

// element is a step to an element of an array: wave[3] is a path, though it could
// be a glob too.
var element = regexp.MustCompile(`\[[0-9]+\]`)

func isFieldGlob(name string) bool {
	return strings.ContainsAny(element.ReplaceAllString(name, ""), `*?[\`)
}
