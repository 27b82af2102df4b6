package spec

// This file keeps, of the files of a spec, the lines that expressions stand on,
// so that a mistake found later can be shown at its very character.

import (
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// excerpt is the lines of a file that a text stands on.
type excerpt struct {
	text  string
	lines string
	from  []int // of each byte of text, and of its end, the offset in lines; nil where no one literal there means text
}

// excerpt keeps what ErrorAt needs of files, and no more.
func (o *origins) excerpt(s *Spec, files []file) {
	o.excerpts = map[string]excerpt{}
	byName := map[string]numbered{}
	for _, f := range files {
		byName[f.name] = number(f)
	}
	for _, p := range s.Pipelines {
		for path, text := range p.expressions() {
			full := p.path(path)
			pos := o.at[full]
			f, known := byName[pos.File]
			if !known {
				f = imported(pos.File)
				byName[pos.File] = f
			}
			o.excerpts[full] = f.excerpt(pos, text)
		}
	}
}

// imported is a file that another imports, which CUE has read by itself; without
// lines where it cannot be read again.
func imported(name string) numbered {
	s, err := read(name)
	if err != nil || kinds[filepath.Ext(name)] != cueKind {
		return numbered{lines: []int{0}}
	}
	return number(file{source: s, kind: cueKind})
}

// numbered is a file whose lines are known.
type numbered struct {
	kind  kind
	text  string
	lines []int // where each begins
}

func number(f file) numbered {
	n := numbered{f.kind, string(f.data), []int{0}}
	for at, c := range f.data {
		if c == '\n' {
			n.lines = append(n.lines, at+1)
		}
	}
	return n
}

// expressions is every expression of p by its path.
func (p Pipeline) expressions() iter.Seq2[string, string] {
	return func(yield func(path, text string) bool) {
		for _, s := range p.Sources {
			if s.Where != "" && !yield(s.Path+".where", s.Where) {
				return
			}
			for _, n := range s.Derive {
				if !yield(s.Path+".derive."+n.Name, n.Text) {
					return
				}
			}
		}
		for _, n := range p.Aggregates {
			if !yield("aggregates."+n.Name, n.Text) {
				return
			}
		}
	}
}

// excerpt is the lines that the text at pos stands on.
func (n numbered) excerpt(pos Position, text string) excerpt {
	rest := n.text[n.lines[max(1, min(pos.Line, len(n.lines)))-1]:]
	from := follow(n.kind, rest, pos.Column-1, text)
	last := 0
	if from != nil {
		last = slices.Max(from)
	}
	line, _, _ := strings.Cut(rest[last:], "\n")
	return excerpt{text, strings.Clone(rest[:last+len(line)]), from}
}

// ErrorAt is a mistake in the expression at path, relative to the pipeline
// ("source.where", "sources[1].derive.norm", "aggregates.spread"), at a byte of
// its text. It stands at the very character in the user's file, escapes, quotes
// and line breaks accounted for, and shows the line.
func (p Pipeline) ErrorAt(path string, offset int, format string, args ...any) Error {
	e := p.Errorf(path, format, args...)
	if p.origins == nil {
		return e
	}
	x, ok := p.origins.excerpts[p.path(path)]
	if !ok {
		return e
	}
	offset = max(0, min(offset, len(x.text)))
	if x.from == nil {
		for offset < len(x.text) && !utf8.RuneStart(x.text[offset]) {
			offset--
		}
		e.Source, _ = lineAt(x.lines, 0)
		e.Text, e.Offset = lineAt(x.text, offset)
		return e
	}
	at := x.from[offset]
	e.Pos.Line += strings.Count(x.lines[:at], "\n")
	e.Source, e.Pos.Column = lineAt(x.lines, at)
	e.Pos.Column++
	return e
}

// lineAt is the line of text that has the byte at offset, and the offset in it.
func lineAt(text string, offset int) (string, int) {
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	return strings.TrimSuffix(line, "\r"), offset - start
}
