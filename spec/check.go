package spec

// This file lays what the user wrote beside the schema, value by value, so that
// each mistake is found, told once, and told where it was made. CUE decides on
// each single value; that no value is unknown or missing is decided here.

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
)

// checker walks a user's value. It notes where each value stands as it goes.
type checker struct {
	*schema
	*report
	at *origins
}

// check reports every departure of user from the schema, and fills at.
func check(sc *schema, user cue.Value, at *origins, r *report) {
	c := checker{sc, r, at}
	c.value(place{}, sc.spec, user)
}

// value checks v, found at p, against what the schema allows there.
func (c checker) value(p place, s, v cue.Value) {
	if want, ok := secrets[p.general]; ok {
		c.secret(p, v, want)
		return
	}
	pos := c.note(p, v)
	switch {
	case s.IncompleteKind() == v.Kind() && v.Kind() == cue.StructKind:
		c.mapping(p, s, v)
	case s.IncompleteKind() == v.Kind() && v.Kind() == cue.ListKind:
		c.list(p, s, v)
	default:
		c.single(pos, p, s, v)
	}
}

// note records where v stands: a mapping or list at its key, a single value at
// itself.
func (c checker) note(p place, v cue.Value) Position {
	if known, ok := c.at.at[p.path]; ok {
		return known
	}
	pos := valuePos(v)
	c.at.at[p.path] = pos
	return pos
}

func (c checker) mapping(p place, s, v cue.Value) {
	fields, err := v.Fields()
	if err != nil {
		explain(err, c.at.at[p.path], c.report)
		return
	}
	given := map[string]bool{}
	for fields.Next() {
		name := fields.Selector().Unquoted()
		given[name] = true
		next, allowed, ok := c.child(p, s, name)
		switch reason := notBuilt[next.general]; {
		case !ok:
			c.unknown(keyPos(fields.Value()), p, s, name)
		case reason != "":
			c.note(next, fields.Value())
			c.add(keyPos(fields.Value()), next.path, "is not built yet: %s", reason)
		default:
			c.value(next, allowed, fields.Value())
		}
	}
	for _, name := range c.required(p, s) {
		if !given[name] {
			next, allowed, _ := c.child(p, s, name)
			c.add(c.at.at[p.path], next.path, "is missing: want %s", c.want(next, allowed))
		}
	}
}

func (c checker) list(p place, s, v cue.Value) {
	item := s.LookupPath(cue.MakePath(cue.AnyIndex))
	items := slices.Collect(itemsOf(v))
	for i, v := range items {
		c.value(p.item(i), item, v)
	}
	switch err := s.Unify(v).Validate(); {
	case err == nil:
	case len(items) == 0:
		c.add(c.at.at[p.path], p.path, "is empty: want at least one item, %s", c.want(p.item(0), item))
	case item.IncompleteKind() != cue.StructKind:
		c.repeated(p, items)
	}
}

// repeated reports the items of the list at p that stand there before.
func (c checker) repeated(p place, items []cue.Value) {
	first := map[string]Position{}
	for i, v := range items {
		path, text := p.item(i).path, fmt.Sprint(v)
		if at, ok := first[text]; ok {
			c.add(c.at.at[path], path, "%s is in this list twice, the first time at %v", found(v), at)
			continue
		}
		first[text] = c.at.at[path]
	}
}

func itemsOf(v cue.Value) iter.Seq[cue.Value] {
	return func(yield func(cue.Value) bool) {
		items, err := v.List()
		for err == nil && items.Next() && yield(items.Value()) {
		}
	}
}

// single checks a value that is neither a mapping nor a list, or should not be.
func (c checker) single(pos Position, p place, s, v cue.Value) {
	want := ""
	if v.Kind() != s.IncompleteKind() && s.IncompleteKind()&(cue.StructKind|cue.ListKind) != 0 {
		want = c.want(p, s)
	} else if err := s.Unify(v).Validate(cue.Concrete(true)); err != nil {
		for _, e := range cueerrors.Errors(err) {
			want = message(e)
		}
	} else {
		return
	}
	text, _ := v.String()
	c.add(pos, p.path, "found %s, want %s%s", found(v), want, didYouMean(Suggest(text, choices(s))))
}

// unknown reports a field, or an entry whose name is not allowed.
func (c checker) unknown(pos Position, p place, s cue.Value, name string) {
	path := join(p.path, name)
	known := c.known(p, s)
	if rule, ok := entryRules[p.general]; ok {
		c.add(pos, path, "found the name %q, want %s", name, rule.name)
		return
	}
	if near := Suggest(name, known); near != "" {
		c.add(pos, path, "unknown field%s", didYouMean(near))
		c.seen[join(p.path, near)] = true // it is not missing, but misspelt
		return
	}
	if home := c.home(name[strings.LastIndexByte(name, '.')+1:]); home != "" {
		c.add(pos, path, "unknown field here; it belongs at %s", specific(home, p))
		return
	}
	own := ""
	if p.path == "" && strings.HasSuffix(pos.File, ".cue") {
		own = "; a field of your own begins with _ or #"
	}
	c.add(pos, path, "unknown field, want %s%s", alternatives(offered(p, known)), own)
}

// specific is a general path with the names that p has for its stars.
func specific(general string, p place) string {
	steps, names := strings.Split(general, "."), strings.Split(p.path, ".")
	for i, s := range steps {
		switch {
		case s != "*":
		case i < len(names) && strings.HasPrefix(p.general, strings.Join(steps[:i+1], ".")):
			steps[i] = names[i]
		default:
			steps[i] = "NAME"
		}
	}
	return strings.Join(steps, ".")
}

func didYouMean(word string) string {
	if word == "" {
		return ""
	}
	return "; did you mean " + word + "?"
}

// keyPos is where the key of v stands, valuePos where v itself does; of a
// mapping or a list, both are its key's, which is how people look for it.
func keyPos(v cue.Value) Position {
	return position(v.Pos())
}

func valuePos(v cue.Value) Position {
	if f, ok := v.Source().(*ast.Field); ok && v.Kind()&(cue.StructKind|cue.ListKind) == 0 {
		return position(f.Value.Pos())
	}
	return position(v.Pos())
}

// found names v in a message. A login is taken out before the text is cut, which
// might hide the end of it.
func found(v cue.Value) string {
	const most = 60
	switch v.Kind() {
	case cue.StructKind:
		return "a mapping"
	case cue.ListKind:
		return "a list"
	case cue.NullKind:
		return "nothing (null)"
	case cue.StringKind:
		text, _ := v.String()
		text = redact(text)
		if cut := []rune(text); len(cut) > most {
			text = string(cut[:most]) + "..."
		}
		return strconv.Quote(text)
	}
	return fmt.Sprint(v)
}
