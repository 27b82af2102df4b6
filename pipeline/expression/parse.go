package expression

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// The bounds of an expression.
const (
	maxBytes = 4 << 10
	maxNodes = 500
)

// Parse reads an expression over one record, as in where and derive. Mistakes
// that show without knowing any type are found here.
func Parse(src string) (*Tree, error) {
	tree, _, err := read(src, false)
	return tree, err
}

// ParseAggregates reads an expression over aggregates, of which each call is
// replaced by a read. Equal calls are one, and stand in the order of the source.
func ParseAggregates(src string) (*Tree, []*Call, error) {
	return read(src, true)
}

func read(src string, aggregates bool) (*Tree, []*Call, error) {
	if err := bounded(src); err != nil {
		return nil, nil, err
	}
	if at := commented(src); at >= 0 {
		return nil, nil, Errors{{Offset: at, Msg: "comments are not in the language: one stands in the spec, after #; for whole division there is floor(x / y)"}}
	}
	parsed, err := parse(src, aggregates)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{src: src, offsets: offsets(src), aggregates: aggregates, left: maxNodes}
	b := builder{reader: r, tree: &Tree{source: src}}
	if aggregates {
		b.place = overAggregates
	}
	b.tree.root = b.node(parsed)
	if r.left < 0 {
		r.errs = Errors{{Msg: tooMany}}
	}
	if err := r.errs.err(); err != nil {
		return nil, nil, err
	}
	return b.tree, r.calls, nil
}

var tooMany = fmt.Sprintf("more than %d names, constants and operators; write it in parts, as derived fields", maxNodes)

// bounded refuses what is not worth parsing.
func bounded(src string) error {
	switch {
	case strings.TrimSpace(src) == "":
		return Errors{{Msg: "there is no expression; want one, such as value0 > 3"}}
	case len(src) > maxBytes:
		return Errors{{Offset: maxBytes, Msg: fmt.Sprintf("%d bytes long; an expression has at most %d", len(src), maxBytes)}}
	case !utf8.ValidString(src):
		at := strings.IndexFunc(src, func(c rune) bool { return c == utf8.RuneError })
		return Errors{{Offset: max(at, 0), Msg: "this is not a text in UTF-8"}}
	}
	return nil
}

// parse runs expr's parser, for which every function, its own builtins too, is
// made a plain call: which there are is for our table to say.
func parse(src string, aggregates bool) (root ast.Node, err error) {
	defer func() {
		if p := recover(); p != nil { // not ours, and its input is anybody's
			root, err = nil, Errors{{Msg: "this cannot be read as an expression"}}
		}
	}()
	c := conf.CreateNew()
	c.MaxNodes = maxNodes
	c.DisableIfOperator = true
	for _, f := range builtin.Builtins {
		c.Disabled[f.Name] = true
		c.Functions[f.Name] = &builtin.Function{Name: f.Name}
	}
	tree, err := parser.ParseWithConfig(src, c)
	if err != nil {
		return nil, Errors{syntaxError(src, err)}
	}
	if tree.Node == nil {
		return nil, Errors{{Msg: "this cannot be read as an expression"}}
	}
	return tree.Node, nil
}

// offsets gives the byte offset of each character, which is how expr counts,
// and the length for the one after the last.
func offsets(src string) []int {
	all := make([]int, 0, len(src)+1)
	for i := range src {
		all = append(all, i)
	}
	return append(all, len(src))
}

// reader is the state of reading one source.
type reader struct {
	src        string
	offsets    []int
	aggregates bool
	left       int // nodes that may still be made
	errs       Errors
	calls      []*Call
}

func (r *reader) at(l file.Location) int { return r.offsets[min(l.From, len(r.offsets)-1)] }

// place is what surrounds a part of an expression, which says what may stand
// there.
type place int

const (
	inRecord       place = iota // a record's fields
	overAggregates              // aggregates
	inAggregate                 // a record's fields, within an aggregate
	inParam                     // constants
)

// builder makes one Tree of expr's nodes.
type builder struct {
	*reader
	tree  *Tree
	place place
	outer string // of inAggregate and inParam: the aggregate's name
}

// add makes a node. Where there are too many, or something is wrong, the tree is
// never used.
func (b *builder) add(o op, at int, args ...*node) *node {
	n := &node{op: o, id: b.tree.nodes, at: at, start: at, args: args}
	b.tree.nodes++
	b.left--
	for _, a := range args {
		n.start = min(n.start, a.start)
	}
	return n
}

// fail notes a mistake, and gives a node in the place of what cannot be read.
func (b *builder) fail(at int, format string, args ...any) *node {
	b.errs.add(at, format, args...)
	return b.add(opNumber, at)
}

// name gives the read of a name, each of which a tree has once.
func (b *builder) name(path string, call, at int) *node {
	n := b.add(opRead, at)
	for i, known := range b.tree.names {
		if known.path == path && known.call == call {
			n.name = i
			return n
		}
	}
	n.name = len(b.tree.names)
	b.tree.names = append(b.tree.names, name{path: path, call: call, at: at})
	return n
}
