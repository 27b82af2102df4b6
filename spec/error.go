package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file that the user wrote; lines and columns count
// from 1, and a line of 0 means the file as a whole.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:col, or the file alone.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is one mistake: where it stands, the path of the value in the spec, and
// what is wrong, what was found and what is allowed.
type Error struct {
	Pos  Position
	Path string
	Msg  string

	// Source is the line at Pos, for a mistake inside a value; "" for others.
	Source string
	// Text is set where the value does not stand in the file as it is, but was
	// computed: its line that has the mistake, at byte Offset. Source is then where
	// it is computed.
	Text   string
	Offset int
}

// Error is "file:line:col: path: message"; a mistake inside a value shows the
// line and, under its place, a caret.
func (e Error) Error() string {
	switch {
	case e.Text != "" && e.Source != "":
		return e.head() + "\n" + cut(e.Source, e.Pos.Column-1).line + "\n" + cut(e.Text, e.Offset).String()
	case e.Text != "":
		return e.head() + "\n" + cut(e.Text, e.Offset).String()
	case e.Source != "":
		return e.head() + "\n" + cut(e.Source, e.Pos.Column-1).String()
	}
	return e.head()
}

func (e Error) head() string {
	var b strings.Builder
	if e.Pos.File != "" {
		b.WriteString(e.Pos.String() + ": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	return b.String() + e.Msg
}

// Errors is every mistake found, in the order of Sort.
type Errors []Error

// Error is one line for each mistake, and below it what Error shows.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort orders by file, line, column, path and message, and drops repetitions.
func (es Errors) Sort() Errors {
	slices.SortFunc(es, func(a, b Error) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Msg, b.Msg))
	})
	return slices.Compact(es)
}

// Err is es as an error, nil when there is none.
func (es Errors) Err() error {
	if len(es) == 0 {
		return nil
	}
	return es.Sort()
}
