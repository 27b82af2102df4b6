package spec

// This file matches the tags that were given with those that files declare.
// CUE refuses a tag that an instance does not declare; here there are many
// instances, and a tag is good if one of them knows it.

import (
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
)

// checkTags reports the tags that no file declares.
func checkTags(files []file, tags []string, r *report) {
	for _, t := range tags {
		if r.torn || slices.ContainsFunc(files, func(f file) bool { return f.declares(t) }) {
			continue
		}
		name, _, _ := strings.Cut(t, "=")
		r.extra(Position{}, "", "unknown tag %q: no file has a field with @tag(%s)", name, name)
	}
}

func (in instance) declares(tag string) bool {
	return slices.ContainsFunc(in, func(f file) bool { return f.declares(tag) })
}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// declares tells whether f has a use for tag: "name=value" wants a field with
// @tag(name), a bare name a short form of one, or a word in @if.
func (f file) declares(tag string) bool {
	name, _, valued := strings.Cut(tag, "=")
	found := false
	ast.Walk(f.ast, func(n ast.Node) bool {
		a, ok := n.(*ast.Attribute)
		if !ok {
			return !found
		}
		switch key, body := a.Split(); {
		case key == "if" && !valued:
			found = found || slices.Contains(word.FindAllString(body, -1), name)
		case key == "tag" && valued:
			found = found || word.FindString(body) == name
		case key == "tag":
			_, short, _ := strings.Cut(body, "short=")
			short, _, _ = strings.Cut(short, ",")
			found = found || slices.Contains(strings.Split(short, "|"), name)
		}
		return true
	}, nil)
	return found
}
