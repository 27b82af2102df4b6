package expression

import (
	"fmt"
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// machine is an expression as a program of expr's virtual machine, made of our
// tree so that its integers, nil and optimizer have no say.
type machine struct {
	program  *vm.Program
	presence *presence
	reads    []variable
	tests    []variable // terms of presence that the program asks for
}

// variable is what the program reads by a name. A Boolean may be read as a
// Number too, and is two variables then.
type variable struct {
	name string
	of   int // read or term
	typ  Type
}

// lowering makes expr's nodes of ours.
type lowering struct {
	*machine
	checked *Checked
	known   map[string]bool
}

func newMachine(c *Checked, p *presence, bindings []binding) *machine {
	m := &machine{presence: p}
	l := &lowering{machine: m, checked: c, known: map[string]bool{}}
	root := l.node(c.tree.root)
	config := conf.New(m.sample())
	config.Optimize = false
	for i := range scalars {
		config.Functions[scalars[i].name] = scalars[i].builtin()
	}
	tree := &parser.Tree{Node: root, Source: file.NewSource(c.tree.source)}
	if _, err := checker.Check(tree, config); err != nil {
		panic(fmt.Sprintf("expression: %s passed our checks, and not expr's: %v", c.tree, err))
	}
	program, err := compiler.Compile(tree, config)
	if err != nil {
		panic(fmt.Sprintf("expression: %s: %v", c.tree, err))
	}
	m.program = program
	return m
}

// sample is an environment from which expr learns the types.
func (m *machine) sample() map[string]any {
	env := map[string]any{}
	for _, v := range m.reads {
		env[v.name] = map[Type]any{Number: 0.0, Boolean: false, Text: ""}[v.typ]
	}
	for _, v := range m.tests {
		env[v.name] = false
	}
	return env
}

func (l *lowering) node(n *node) ast.Node {
	made := l.lower(n)
	made.SetLocation(file.Location{From: n.at, To: n.at + 1})
	return made
}

func (l *lowering) lower(n *node) ast.Node {
	switch n.op {
	case opNumber:
		return &ast.FloatNode{Value: n.number}
	case opBoolean:
		return &ast.BoolNode{Value: n.boolean}
	case opText:
		return &ast.StringNode{Value: n.text}
	case opRead:
		return l.read(n)
	case opPlus:
		return l.node(n.args[0])
	case opMinus, opNot:
		return &ast.UnaryNode{Operator: symbols[n.op].text, Node: l.node(n.args[0])}
	case opChoose:
		return &ast.ConditionalNode{Cond: l.node(n.args[0]), Exp1: l.node(n.args[1]), Exp2: l.node(n.args[2])}
	case opElse:
		return l.otherwise(n)
	case opMissing:
		return l.missing(n.args[0])
	case opPresent:
		return &ast.UnaryNode{Operator: "!", Node: l.missing(n.args[0])}
	case opModulo:
		return l.call("mod", n.args)
	case opCall:
		return l.call(n.fn.name, n.args)
	}
	return &ast.BinaryNode{Operator: symbols[n.op].text, Left: l.node(n.args[0]), Right: l.right(n)}
}

func (l *lowering) right(n *node) ast.Node {
	switch n.op {
	case opMatches:
		return &ast.StringNode{Value: n.text}
	case opIn:
		list := make([]any, len(n.args)-1)
		for i, e := range n.args[1:] {
			list[i] = e.number
			if e.op == opText {
				list[i] = e.text
			}
		}
		return &ast.ConstantNode{Value: list}
	}
	return l.node(n.args[1])
}

func (l *lowering) call(name string, args []*node) ast.Node {
	made := make([]ast.Node, len(args))
	for i, a := range args {
		made[i] = l.node(a)
	}
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: made}
}

func (l *lowering) read(n *node) ast.Node {
	v := variable{name: l.checked.tree.names[n.name].path, of: n.name, typ: l.checked.types[n.id]}
	if v.typ == Number && l.checked.Reads[n.name].Type == Boolean {
		v.name += " as a number"
	}
	if !l.known[v.name] {
		l.known[v.name] = true
		l.reads = append(l.reads, v)
	}
	return &ast.IdentifierNode{Value: v.name}
}

// otherwise is a ?? b, chosen by whether a is missing, which is known before.
func (l *lowering) otherwise(n *node) ast.Node {
	if l.presence.of(n.args[0]) == never {
		return l.node(n.args[0])
	}
	return &ast.ConditionalNode{Cond: l.missing(n.args[0]), Exp1: l.node(n.args[1]), Exp2: l.node(n.args[0])}
}

// missing asks whether a part is missing.
func (l *lowering) missing(n *node) ast.Node {
	t := l.presence.of(n)
	if t == never {
		return &ast.BoolNode{}
	}
	v := variable{name: fmt.Sprintf("missing %d", t), of: t, typ: Boolean}
	if !l.known[v.name] {
		l.known[v.name] = true
		l.tests = append(l.tests, v)
	}
	return &ast.IdentifierNode{Value: v.name}
}

// builtin is a scalar function as expr calls it.
func (s *scalar) builtin() *builtin.Function {
	b := &builtin.Function{Name: s.name, Func: s.boxed()}
	types := map[Type]reflect.Type{Number: reflect.TypeFor[float64](), Boolean: reflect.TypeFor[bool](), Text: reflect.TypeFor[string]()}
	in := make([]reflect.Type, len(s.args))
	for i := range in {
		in[i] = types[s.takes]
	}
	if s.more {
		in = append(in, reflect.SliceOf(types[s.takes]))
	}
	b.Types = []reflect.Type{reflect.FuncOf(in, []reflect.Type{types[s.gives]}, s.more)}
	return b
}

// boxed takes the arguments out of their boxes.
func (s *scalar) boxed() func(args ...any) (any, error) {
	text := func(v any) []byte { return []byte(v.(string)) }
	switch {
	case s.one != nil:
		return func(a ...any) (any, error) { return s.one(a[0].(float64)), nil }
	case s.two != nil:
		return func(a ...any) (any, error) {
			v := a[0].(float64)
			for _, w := range a[1:] {
				v = s.two(v, w.(float64))
			}
			return v, nil
		}
	case s.three != nil:
		return func(a ...any) (any, error) { return s.three(a[0].(float64), a[1].(float64), a[2].(float64)), nil }
	case s.measure != nil:
		return func(a ...any) (any, error) { return s.measure(text(a[0])), nil }
	case s.find != nil:
		return func(a ...any) (any, error) { return s.find(text(a[0]), text(a[1])), nil }
	case s.test != nil:
		return func(a ...any) (any, error) { return s.test(text(a[0]), text(a[1])), nil }
	}
	return func(a ...any) (any, error) { return s.change(a[0].(string)), nil }
}
