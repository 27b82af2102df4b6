package expression

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// This file reads names: of fields, by their paths, and of metadata.

// metadata are the names that every record has, beside its fields.
var metadata = map[string]Type{"$key": Text, "$topic": Text, "$partition": Number}

// field makes a read of a path.
func (b *builder) field(n ast.Node) *node {
	path, at, ok := b.path(n)
	switch {
	case !ok:
		return b.add(opNumber, at)
	case b.place == overAggregates:
		return b.fail(at, "%s", b.bare(path))
	case b.place == inParam:
		return b.fail(at, "%s is a name; %s wants constants after its argument, as in quantile(x, 0.95, \"r7\")", path, b.outer)
	}
	return b.name(path, -1, at)
}

// bare says what is wrong with a name outside an aggregate.
func (b *builder) bare(path string) string {
	if f, ok := aggregateNamed(path); ok {
		return fmt.Sprintf("%s is an aggregate; want it with its argument: %s", path, f.Signature())
	}
	what := "a field of a record"
	if metadata[path] != Any {
		what = "of a record"
	}
	return fmt.Sprintf("%s is %s: use it inside an aggregate, such as %s(%s)", path, what, b.fitting(path), path)
}

func (b *builder) fitting(path string) string {
	if metadata[path] == Text {
		return "count_distinct"
	}
	return "mean"
}

// path gives the canonical path of a name, and where it begins. What is wrong
// with one is noted.
func (b *builder) path(n ast.Node) (path string, at int, ok bool) {
	at = b.at(n.Location())
	if name, isName := n.(*ast.IdentifierNode); isName {
		ok = !strings.HasPrefix(name.Value, "$") || metadata[name.Value] != Any
		if !ok {
			b.errs.add(at, "unknown name %s; want $key, $topic or $partition, or a field by its name", name.Value)
		}
		return name.Value, at, ok
	}
	m, isMember := n.(*ast.MemberNode)
	if !isMember {
		inner := b.node(n)
		b.errs.add(at, "only fields have parts, as in a.b and wave[3]")
		return "", inner.start, false
	}
	path, start, ok := b.path(m.Node)
	if !ok {
		return "", start, false
	}
	if metadata[path] != Any {
		b.errs.add(start, "%s has no parts", path)
		return "", start, false
	}
	step, wrong := b.step(m, path)
	if wrong != "" {
		b.errs.add(b.at(m.Property.Location()), "%s", wrong)
		return "", start, false
	}
	return path + step, start, true
}

// step is the last part of a path, or what is wrong with it.
func (b *builder) step(m *ast.MemberNode, path string) (step, wrong string) {
	at := b.at(m.Property.Location())
	switch p := m.Property.(type) {
	case *ast.StringNode:
		if strings.ContainsRune("\"'`", rune(b.src[at])) {
			return "", fmt.Sprintf("a part of a record is named without quotes; want %s.%s", path, p.Value)
		}
		return "." + p.Value, ""
	case *ast.IntegerNode:
		return fmt.Sprintf("[%d]", p.Value), ""
	}
	return "", fmt.Sprintf("an element is named by a constant index, from 0; want %s[0]", path)
}

// before gives where word stands last before an offset, -1 if it does not.
func (b *builder) before(at int, word string) int { return strings.LastIndex(b.src[:at], word) }

// reason is what regexp says, without its preamble.
func reason(err error) string {
	var e *syntax.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%s: `%s`", e.Code, e.Expr)
	}
	return err.Error()
}
