package codec

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// Expand gives the fields that a pattern of paths matches and that are aggregated
// by default (see Fields), in the schema's order. Each part between dots is a glob
// (*, ?, [a-z]) over the names of one record, perhaps with the indices of an
// element: value*, a.*, *.x, wave*[3].x. It never matches into a deeper nest than
// it names. No match is no error; [*] is one, for no schema tells how long arrays are.
func (s *Schema) Expand(pattern string) ([]pipeline.Field, error) {
	parts, err := parsePattern(pattern)
	if err != nil {
		return nil, err
	}
	at := []match{{field: field{typ: s.root}}}
	for _, p := range parts {
		var next []match
		for _, m := range at {
			if next = append(next, p.within(m)...); len(next) > MaxFields {
				return nil, fmt.Errorf("pattern %q matches more than %d fields", pattern, MaxFields)
			}
		}
		at = next
	}
	return s.numbersAmong(at)
}

// numbersAmong describes each path among the matches once: in a union, several
// records may have it, and must all have a number there.
func (s *Schema) numbersAmong(matches []match) (fields []pipeline.Field, err error) {
	seen := map[string]bool{}
	for _, m := range matches {
		if seen[m.path] || !m.typ.numeric() {
			continue
		}
		seen[m.path] = true
		steps, err := parsePath(m.path)
		if err != nil {
			return nil, err
		}
		found, err := s.find(steps)
		if err == nil && !slices.ContainsFunc(found, func(f field) bool { return !f.typ.numeric() }) {
			fields = append(fields, describe(m.path, found).Field)
		}
	}
	return fields, nil
}

// part is one part of a pattern: a glob, and the indices that follow it.
type part struct {
	glob    string
	indices []step
}

// match is a field that the parts so far match.
type match struct {
	path string
	field
}

func parsePattern(pattern string) (parts []part, err error) {
	for text := range strings.SplitSeq(pattern, ".") {
		var p part
		for text != "" {
			open := strings.LastIndexByte(text, '[')
			if open < 0 || text[len(text)-1] != ']' {
				break
			}
			inner := text[open+1 : len(text)-1]
			if inner == "*" {
				return nil, allElements(pattern)
			}
			index, ok := parseIndex(inner)
			if !ok {
				break // a class of characters
			}
			p.indices = append([]step{{index: index}}, p.indices...)
			text = text[:open]
		}
		p.glob = text
		if _, err := path.Match(text, ""); err != nil || text == "" {
			return nil, fmt.Errorf("%q is not a pattern of fields", pattern)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// within gives what p matches of a field: nothing, where that is no record.
func (p part) within(m match) (found []match) {
	prefix := ""
	if m.path != "" {
		prefix = m.path + "."
	}
	for _, n := range m.typ.members() {
		for _, f := range n.fields {
			if ok, _ := path.Match(p.glob, f.name); !ok {
				continue
			}
			if f, ok := f.element(p.indices); ok {
				found = append(found, match{prefix + writePath(append([]step{{name: f.name}}, p.indices...)), f})
			}
		}
	}
	return found
}

// element goes into arrays, as far as f has them.
func (f field) element(indices []step) (field, bool) {
	for range indices {
		members := f.typ.members()
		if len(members) != 1 || members[0].kind != kindArray {
			return field{}, false
		}
		f.typ = members[0].item
	}
	return f, true
}
