package spec

// This file turns CUE's errors into ours: the user's position, the path as it
// is written, plain words.

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"
)

// explain reports the mistakes that CUE found while it evaluated; fallback is
// where those stand that have no position.
func explain(err error, fallback Position, r *report) {
	all := cueerrors.Errors(cueerrors.Sanitize(cueerrors.Promote(err, "")))
	for i, e := range all {
		places := append(userPlaces(e), shared(all[i+1:], e)...)
		places = append(places, fallback)
		msg := message(e)
		for _, p := range plain {
			msg = p.cue.ReplaceAllString(msg, p.words)
		}
		path := pathOf(e.Path())
		if strings.HasPrefix(msg, "cannot be both") {
			if strings.HasSuffix(path, ".password") || strings.HasSuffix(path, ".token") {
				msg = "is given two values"
			}
			if len(places) > 2 {
				msg += "; the other is at " + places[1].String()
			}
		}
		r.add(places[0], path, "%s", msg)
	}
}

// plain says CUE's commonest messages in words for people who do not know CUE.
var plain = []struct {
	cue   *regexp.Regexp
	words string
}{
	{regexp.MustCompile(`^conflicting values (.*?) and (.*?)( \(mismatched types .*\))?$`), "cannot be both $1 and $2"},
	{regexp.MustCompile(`^\d+ errors in empty disjunction.*`), "fits none of the values that are allowed for it elsewhere in these files"},
	{regexp.MustCompile(`^field not allowed$`), "is no field of the definition (#...) that this is unified with"},
	{regexp.MustCompile(`^reference "(.*)" not found$`), "refers to $1, which is defined nowhere"},
	{regexp.MustCompile(`^invalid interpolation: non-concrete value.*`), "has no definite value: " + notSet},
}

// notSet is why a value may lack what makes it definite.
const notSet = "a tag or a field that it depends on is not set"

// shared is the places that all errors of one path have in common: those of the
// branches of a disjunction, whose own error, header, has no place, meet at the
// value that fits none of them.
func shared(errs []cueerrors.Error, header cueerrors.Error) []Position {
	var common []Position
	first := true
	for _, e := range errs {
		if !slices.Equal(e.Path(), header.Path()) {
			continue
		}
		here := userPlaces(e)
		if first {
			common, first = here, false
		}
		common = slices.DeleteFunc(common, func(p Position) bool { return !slices.Contains(here, p) })
	}
	return common
}

// userPlaces is where a CUE error came from, in order, each place once.
func userPlaces(e cueerrors.Error) []Position {
	var places []Position
	for _, p := range cueerrors.Positions(e) {
		if pos := position(p); pos.Line > 0 && !slices.Contains(places, pos) {
			places = append(places, pos)
		}
	}
	return places
}

// position is p in our form; the zero Position for a value that has none.
func position(p token.Pos) Position {
	if !p.IsValid() {
		return Position{}
	}
	at := p.Position()
	return Position{File: at.Filename, Line: at.Line, Column: at.Column}
}

// message is the words of e and of what caused it, without path and position.
func message(e cueerrors.Error) string {
	format, args := e.Msg()
	words := fmt.Sprintf(format, args...)
	var cause cueerrors.Error
	switch inner := errors.Unwrap(e); {
	case inner == nil:
		return words
	case errors.As(inner, &cause):
		return words + ": " + message(cause)
	default:
		return words + ": " + inner.Error()
	}
}

// pathOf joins the steps of a CUE path: pipelines.p.operations[2].
func pathOf(steps []string) string {
	var b strings.Builder
	for _, s := range steps {
		if _, err := strconv.Atoi(s); err == nil {
			b.WriteString("[" + s + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		if plain, err := strconv.Unquote(s); err == nil {
			s = plain
		}
		b.WriteString(s)
	}
	return b.String()
}
