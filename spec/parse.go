package spec

// This file turns the bytes of each file into a CUE syntax tree, or into a
// mistake with its position, whatever language the file is in.

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
	"cuelang.org/go/encoding/json"
	"cuelang.org/go/encoding/yaml"
)

// file is a source and its syntax tree, whose positions bear the source's name.
type file struct {
	source
	kind kind
	ast  *ast.File
}

// parse is the files that have a tree; a file without content is left out.
func parse(sources []source, r *report) []file {
	var files []file
	for _, s := range sources {
		f := file{source: s, kind: kinds[filepath.Ext(s.name)]}
		before := len(r.errs)
		if at := invalidUTF8(s.data); at >= 0 {
			r.add(offset(s, at), "", "not a text in UTF-8")
		} else {
			f.ast = parsers[f.kind](s, r)
		}
		if len(r.errs) > before {
			r.torn = true
		} else if f.ast != nil {
			files = append(files, f)
		}
	}
	return files
}

// parsers give the tree of a file, or nil for one that holds nothing.
var parsers = map[kind]func(source, *report) *ast.File{
	cueKind:  parseCUE,
	yamlKind: parseYAML,
	jsonKind: parseJSON,
}

func parseCUE(s source, r *report) *ast.File {
	f, err := parser.ParseFile(s.name, s.data, parser.ParseComments)
	for _, e := range cueerrors.Errors(err) {
		r.add(position(e.Position()), "", "not CUE: %s", message(e))
	}
	return f
}

func parseJSON(s source, r *report) *ast.File {
	x, err := json.Extract(s.name, s.data)
	if err != nil {
		pos, msg := Position{s.name, 1, 1}, err.Error()
		if p := cueerrors.Positions(err); len(p) > 0 {
			pos = position(p[0])
		}
		if inner := errors.Unwrap(err); inner != nil {
			msg = inner.Error()
		}
		r.add(pos, "", "not JSON: %s", msg)
		return nil
	}
	return topLevel(s, x, r)
}

func parseYAML(s source, r *report) *ast.File {
	if at := otherBreak.FindIndex(s.data); at != nil {
		r.add(offset(s, at[0]), "", "not YAML: found the line break %U, want line feeds (or, inside double quotes, an escape)",
			[]rune(string(s.data[at[0]:at[1]]))[0])
		return nil
	}
	f, err := yaml.Extract(s.name, s.data)
	if err != nil {
		pos, msg := yamlMistake(s, err)
		r.add(pos, "", "not YAML: %s", msg)
		return nil
	}
	mendNumbers(f)
	if len(f.Decls) == 1 {
		if e, ok := f.Decls[0].(*ast.EmbedDecl); ok {
			f = topLevel(s, e.Expr, r)
		}
	}
	mendPositions(s, f)
	return f
}

// otherBreak is a character that YAML takes for a line break, and CUE, which
// looks for the places of YAML's lines, does not.
var otherBreak = regexp.MustCompile(`\r(?:[^\n]|$)|[\x{85}\x{2028}\x{2029}]`)

// mendNumbers makes literals of what CUE's YAML reader leaves as "number & 1",
// for a number that is not sure to be whole, and as NaN and +Inf, which CUE
// does not have and which become texts.
func mendNumbers(f *ast.File) {
	ast.Walk(f, func(n ast.Node) bool {
		x, ok := n.(*ast.BasicLit)
		if !ok || x.Kind != token.INT && x.Kind != token.FLOAT {
			return true
		}
		x.Value = strings.TrimPrefix(x.Value, "number & ")
		if strings.HasSuffix(x.Value, "NaN") || strings.HasSuffix(x.Value, "Inf") {
			x.Kind, x.Value = token.STRING, strconv.Quote(x.Value)
		}
		return true
	}, nil)
}

// mendPositions gives every node a position: CUE's YAML reader gives none to
// what follows some nulls on their line, and to what a merge (<<) brings; those
// take the place before theirs. It also takes YAML's columns, which count
// characters, for bytes, as all other columns are.
func mendPositions(s source, f *ast.File) {
	if f == nil {
		return
	}
	at := token.NewFile(s.name, 0, len(s.data))
	at.SetLinesForContent(s.data)
	last := at.Pos(0, token.NoRelPos)
	ast.Walk(f, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.BasicLit, *ast.Ident, *ast.StructLit, *ast.ListLit, *ast.UnaryExpr:
		default:
			return true // its position is that of a part of it
		}
		if n.Pos().IsValid() {
			last = at.Pos(inBytes(s.data, n.Pos()), n.Pos().RelPos())
		}
		ast.SetPos(n, last)
		return true
	}, nil)
}

// inBytes is the offset that is meant by pos, whose column counts characters.
func inBytes(data []byte, pos token.Pos) int {
	at := pos.Offset() - pos.Column() + 1
	for range pos.Column() - 1 {
		_, size := utf8.DecodeRune(data[at:])
		at += size
	}
	return at
}

// topLevel is a file of the expression that a data file holds: it must be a
// mapping. A file without content is null, or a disjunction of null with anything.
func topLevel(s source, x ast.Expr, r *report) *ast.File {
	const want = "want a mapping with kafka, registries or pipelines"
	pos := Position{s.name, 1, 1}
	switch x := x.(type) {
	case *ast.StructLit:
		return &ast.File{Filename: s.name, Decls: x.Elts}
	case *ast.BinaryExpr:
		return nil
	case *ast.BasicLit:
		if x.Value == "null" {
			return nil
		}
	case *ast.ListLit:
		if !x.Lbrack.IsValid() { // made by the parser out of the documents of a file
			r.add(pos, "", "holds several YAML documents: want one, or a file for each")
			return nil
		}
		r.add(pos, "", "found a list, %s", want)
		return nil
	}
	r.add(pos, "", "found a single value, %s", want)
	return nil
}

var (
	yamlParser = regexp.MustCompile(`^did not find expected (',' or|key|node content|'-' indicator|<)`)
	yamlLine   = regexp.MustCompile(`^:(\d+): `)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced`)
)

// yamlMistake finds the position in a YAML syntax error, a text that begins
// with the file's name. It has a line at most, and none for the first line and
// for an unknown anchor; the column is that of the line's first word.
func yamlMistake(s source, err error) (Position, string) {
	msg := strings.TrimPrefix(err.Error(), s.name)
	line := 1
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = msg[len(m[0]):]
		if yamlParser.MatchString(msg) {
			line++ // the parser counts lines from 0, the scanner before it from 1
		}
	}
	msg = strings.TrimPrefix(msg, ": ")
	if m := yamlAnchor.FindStringSubmatch(msg); m != nil {
		if at := bytes.Index(s.data, []byte("*"+m[1])); at >= 0 {
			return offset(s, at), "the anchor *" + m[1] + " is defined nowhere before"
		}
	}
	lines := bytes.Split(s.data, []byte("\n"))
	line = max(1, min(line, len(lines)))
	text := lines[line-1]
	indent := len(text) - len(bytes.TrimLeft(text, " \t"))
	if bytes.ContainsRune(text[:indent], '\t') {
		msg += " (YAML is indented by spaces, not by tabs)"
	}
	return Position{s.name, line, indent + 1}, msg
}

// offset is the position of a byte of s.
func offset(s source, at int) Position {
	before := s.data[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return Position{s.name, bytes.Count(before, []byte("\n")) + 1, at - start + 1}
}

// invalidUTF8 is the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	for at := 0; at < len(data); {
		c, size := utf8.DecodeRune(data[at:])
		if c == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return -1
}
