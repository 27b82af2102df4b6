package expression

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in an expression: what is wrong, and what is allowed.
type Error struct {
	Offset int // in bytes of the source, at most its length
	Msg    string
}

func (e *Error) Error() string { return e.Msg }

// Errors are all that are found at once, by offset. What Parse and Check return
// is one of these, never empty.
type Errors []*Error

func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Msg
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives each of them to errors.Is and errors.As.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// add notes a mistake. What is said of one place is said once: later ones
// follow from it.
func (e *Errors) add(offset int, format string, args ...any) {
	if slices.ContainsFunc(*e, func(o *Error) bool { return o.Offset == offset }) {
		return
	}
	*e = append(*e, &Error{Offset: offset, Msg: fmt.Sprintf(format, args...)})
}

// err gives them in order, or nil when there are none.
func (e Errors) err() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortFunc(e, func(a, b *Error) int { return cmp.Compare(a.Offset, b.Offset) })
	return e
}
