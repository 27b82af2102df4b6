package expression

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// This file makes random expressions of known types, their sources in random
// spelling, and rows for them.

// field is a name that generated expressions read.
type field struct {
	path string
	typ  Type
}

var recordFields = []field{
	{"x", Number}, {"y", Number}, {"a.b.c", Number}, {"wave[3]", Number}, {"wave[3].x", Number}, {"$partition", Number},
	{"ok", Boolean}, {"state.hot", Boolean},
	{"host", Text}, {"unit.name", Text}, {"$key", Text}, {"$topic", Text},
}

var aggregateFields = []field{
	{"mean(x)", Number}, {"count()", Number}, {"quantile(a.b, 0.9)", Number}, {"max(x)", Number}, {"count_if(x > 3)", Number},
}

// tree is a generated expression. what is an operator as the language writes it,
// a function's name, or one of: number, boolean, text, field, neg, pos, list.
type tree struct {
	what   string
	typ    Type
	args   []*tree
	number float64
	truth  bool
	text   string
	field  int
}

type generator struct {
	*rand.Rand
	fields []field
	left   int   // nodes that may still be made
	plain  bool  // texts are made of fields and constants alone, so that columns can hold them
	gaps   []int // missing is one value in any of these; 0: none
}

var (
	specialNumbers = []float64{
		0, math.Copysign(0, -1), 1, -1, 2, 0.5, 3, -2.5, 90, 1e-320, -5e-324, 1e-308, 2.2250738585072014e-308, 1e308, -1.7e308,
		math.MaxFloat64, 1 << 53, 1<<53 + 2, 1e19, math.Pi, math.Pi / 2, 0.1, 1e-9, 1e9 + 1e-7,
	}
	someTexts    = []string{"", "a", "abc", "mount-1", "Mount-2 ", " é", "ééa", "x\"y\\", "日本", "\n"}
	somePatterns = []string{"^a", "[0-9]+$", "", "b|é", "(?i)MOUNT", "^$"}
	numberOnes   = []string{
		"abs", "sign", "ceil", "floor", "round", "trunc", "sqrt", "cbrt", "exp", "expm1", "log", "log2", "log10", "log1p",
		"sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "deg", "rad",
	}
)

func pick[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

func (g *generator) expression(t Type, depth int) *tree {
	g.left--
	if depth <= 0 || g.left <= 0 || g.IntN(8) == 0 {
		return g.leaf(t)
	}
	if g.IntN(6) == 0 {
		return g.any(t, depth-1)
	}
	switch t {
	case Number:
		return g.numeric(depth - 1)
	case Boolean:
		return g.condition(depth - 1)
	}
	return g.textual(depth - 1)
}

func (g *generator) of(what string, t, args Type, n, depth int) *tree {
	made := &tree{what: what, typ: t}
	for range n {
		made.args = append(made.args, g.expression(args, depth))
	}
	return made
}

// any makes what is of whatever type its arguments are.
func (g *generator) any(t Type, depth int) *tree {
	if g.IntN(2) == 0 {
		return g.of("??", t, t, 2, depth)
	}
	made := g.of("?", t, t, 2, depth)
	made.args = append([]*tree{g.expression(Boolean, depth)}, made.args...)
	return made
}

func (g *generator) leaf(t Type) *tree {
	if g.IntN(5) < 4 {
		for range 20 {
			if i := g.IntN(len(g.fields)); g.fields[i].typ == t {
				return &tree{what: "field", typ: t, field: i}
			}
		}
	}
	return g.constant(t)
}

func (g *generator) constant(t Type) *tree {
	switch t {
	case Number:
		v := math.Abs(pick(g, specialNumbers))
		switch g.IntN(3) {
		case 0:
			v = float64(g.IntN(20))
		case 1:
			v = g.Float64() * 100
		}
		return &tree{what: "number", typ: t, number: v}
	case Boolean:
		return &tree{what: "boolean", typ: t, truth: g.IntN(2) == 0}
	}
	return &tree{what: "text", typ: t, text: pick(g, someTexts)}
}

func (g *generator) numeric(depth int) *tree {
	switch g.IntN(12) {
	case 0, 1, 2, 3:
		return g.of(pick(g, []string{"+", "-", "*", "/"}), Number, Number, 2, depth)
	case 4:
		return g.of(pick(g, []string{"%", "^", "pow", "mod", "hypot", "atan2"}), Number, Number, 2, depth)
	case 5:
		made := g.of("^", Number, Number, 1, depth)
		made.args = append(made.args, &tree{what: "number", typ: Number, number: float64(g.IntN(4))})
		return made
	case 6:
		return g.of(pick(g, []string{"neg", "neg", "pos"}), Number, Number, 1, depth)
	case 7:
		return g.of(pick(g, []string{"min", "max"}), Number, Number, 2+g.IntN(3), depth)
	case 8:
		made := g.of("clamp", Number, Number, 3, depth)
		if low, high := written(made.args[1]), written(made.args[2]); low > high {
			made.args[1], made.args[2] = made.args[2], made.args[1]
		}
		return made
	case 9:
		if !g.has(Text) {
			return g.of("sqrt", Number, Number, 1, depth)
		}
		if g.IntN(2) == 0 {
			return g.of("len", Number, Text, 1, depth)
		}
		return g.of("indexOf", Number, Text, 2, depth)
	}
	return g.of(pick(g, numberOnes), Number, Number, 1, depth)
}

// written is a number that stands in the source with at most a sign, else NaN.
func written(t *tree) float64 {
	switch {
	case t.what == "number":
		return t.number
	case t.what == "pos" && t.args[0].what == "number":
		return t.args[0].number
	case t.what == "neg" && t.args[0].what == "number":
		return -t.args[0].number
	}
	return math.NaN()
}

func (g *generator) has(t Type) bool {
	for _, f := range g.fields {
		if f.typ == t {
			return true
		}
	}
	return false
}

// kind is a random type of which there are fields.
func (g *generator) kind(among ...Type) Type {
	if t := pick(g, among); g.has(t) {
		return t
	}
	return Number
}

func (g *generator) condition(depth int) *tree {
	switch g.IntN(9) {
	case 0, 1:
		return g.of(pick(g, []string{"<", "<=", ">", ">="}), Boolean, g.kind(Number, Number, Text), 2, depth)
	case 2:
		return g.of(pick(g, []string{"==", "!="}), Boolean, g.kind(Number, Number, Text, Boolean), 2, depth)
	case 3, 4:
		return g.of(pick(g, []string{"&&", "||"}), Boolean, Boolean, 2, depth)
	case 5:
		return g.of("!", Boolean, Boolean, 1, depth)
	case 6:
		return g.of(pick(g, []string{"== nil", "!= nil"}), Boolean, g.kind(Number, Text, Boolean), 1, depth)
	case 7:
		return g.in(depth)
	}
	if !g.has(Text) {
		return g.of("<", Boolean, Number, 2, depth)
	}
	if g.IntN(3) == 0 {
		made := g.of(pick(g, []string{"matches", "not matches"}), Boolean, Text, 1, depth)
		made.text = pick(g, somePatterns)
		return made
	}
	return g.of(pick(g, []string{"contains", "startsWith", "endsWith", "not contains", "hasPrefix", "hasSuffix"}), Boolean, Text, 2, depth)
}

func (g *generator) in(depth int) *tree {
	t := g.kind(Number, Text)
	made := g.of(pick(g, []string{"in", "not in"}), Boolean, t, 1, depth)
	for range 1 + g.IntN(4) {
		e := g.constant(t)
		if t == Number && g.IntN(3) == 0 {
			e.number = -e.number
		}
		made.args = append(made.args, e)
	}
	return made
}

func (g *generator) textual(depth int) *tree {
	if g.plain {
		return g.leaf(Text)
	}
	if g.IntN(2) == 0 {
		return g.of("+", Text, Text, 2, depth)
	}
	return g.of(pick(g, []string{"lower", "upper", "trim"}), Text, Text, 1, depth)
}

// precedences are as expr's documentation orders its operators.
var precedences = map[string]int{
	"?": 0, "||": 10, "&&": 15, "==": 20, "!=": 20, "<": 20, "<=": 20, ">": 20, ">=": 20, "in": 20, "not in": 20,
	"contains": 20, "startsWith": 20, "endsWith": 20, "matches": 20, "not contains": 20, "not matches": 20, "== nil": 20, "!= nil": 20,
	"+": 30, "-": 30, "!": 50, "*": 60, "/": 60, "%": 60, "neg": 90, "pos": 90, "^": 100, "??": 500,
}

// source spells a tree.
func (g *generator) source(t *tree) string {
	s := func(i int, least int) string { return g.within(t.args[i], least) }
	p := precedences[t.what]
	switch t.what {
	case "number":
		return g.literal(t.number)
	case "boolean":
		return strconv.FormatBool(t.truth)
	case "text":
		return g.quoted(t.text)
	case "field":
		return g.fields[t.field].path
	case "neg":
		return "-" + s(0, p)
	case "pos":
		return "+" + s(0, p)
	case "!":
		return pick(g, []string{"!", "not "}) + s(0, p+1)
	case "??":
		return s(0, 1000) + " ?? " + s(1, 1000)
	case "?":
		return s(0, 1) + "? " + g.source(t.args[1]) + " :" + g.source(t.args[2])
	case "^":
		return s(0, p+1) + pick(g, []string{"^", " ** "}) + s(1, p)
	case "== nil", "!= nil":
		return s(0, p+1) + " " + t.what
	case "matches", "not matches":
		return s(0, p+1) + " " + t.what + " " + g.quoted(t.text)
	case "in", "not in":
		return s(0, p+1) + " " + t.what + " [" + g.list(t.args[1:]) + "]"
	case "+", "-", "*", "/", "%", "&&", "||":
		return s(0, p) + g.spelled(t.what) + s(1, p+1)
	}
	if p > 0 {
		return s(0, p+1) + g.spelled(t.what) + s(1, p+1)
	}
	if len(t.args) == 1 && g.IntN(10) == 0 && g.fields[0].path == "x" {
		return "(" + g.within(t.args[0], 1000) + " | " + t.what + "())"
	}
	return t.what + "(" + g.list(t.args) + ")"
}

func (g *generator) spelled(operator string) string {
	switch {
	case operator == "&&" && g.IntN(2) == 0:
		return " and "
	case operator == "||" && g.IntN(2) == 0:
		return " or "
	case operator[0] >= 'a' && operator[0] <= 'z':
		return " " + operator + " "
	}
	return pick(g, []string{" ", "", "\n\t"}) + operator + " "
}

func (g *generator) list(args []*tree) string {
	all := make([]string, len(args))
	for i, a := range args {
		all[i] = g.source(a)
	}
	return strings.Join(all, ", ")
}

// within puts an argument into parentheses where it binds less than least, and
// sometimes where it need not be.
func (g *generator) within(t *tree, least int) string {
	p, operator := precedences[t.what]
	if operator && (p < least || t.what == "??" || g.IntN(4) == 0) {
		return "(" + g.source(t) + ")"
	}
	return g.source(t)
}

func (g *generator) literal(v float64) string {
	sign := ""
	if math.Signbit(v) {
		sign, v = "-", -v
	}
	if v == math.Trunc(v) && v < 1e15 && g.IntN(3) == 0 {
		return sign + pick(g, []string{fmt.Sprintf("%d", int64(v)), fmt.Sprintf("0x%x", int64(v)), fmt.Sprintf("%d.0", int64(v))})
	}
	text := strconv.FormatFloat(v, pick(g, []byte("ge")), -1, 64)
	return sign + text
}

func (g *generator) quoted(s string) string {
	if g.IntN(2) == 0 {
		return strconv.Quote(s)
	}
	return "`" + strings.ReplaceAll(s, "`", "``") + "`"
}

// data are rows of each field: numbers of Number and Boolean, texts of Text.
type data struct {
	rows    int
	numbers [][]float64
	texts   [][][]byte
}

func (g *generator) rows(n int) *data {
	d := &data{rows: n, numbers: make([][]float64, len(g.fields)), texts: make([][][]byte, len(g.fields))}
	for i, f := range g.fields {
		gaps := pick(g, g.gaps)
		for range n {
			missing := gaps > 0 && g.IntN(gaps) == 0
			switch f.typ {
			case Text:
				d.texts[i] = append(d.texts[i], g.textValue(missing))
			default:
				d.numbers[i] = append(d.numbers[i], g.numberValue(f.typ, missing))
			}
		}
	}
	return d
}

func (g *generator) textValue(missing bool) []byte {
	if missing {
		return nil
	}
	return append([]byte{}, pick(g, someTexts)...)
}

func (g *generator) numberValue(t Type, missing bool) float64 {
	switch {
	case missing:
		return math.NaN()
	case t == Boolean:
		return float64(g.IntN(2))
	case g.IntN(20) == 0:
		return math.Inf(1 - 2*g.IntN(2))
	case g.IntN(3) == 0:
		return pick(g, specialNumbers)
	case g.IntN(3) == 0:
		return float64(g.IntN(10) - 5)
	}
	return g.NormFloat64() * 10
}
