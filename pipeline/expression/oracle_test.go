package expression

import (
	"math"
	"regexp"
	"strings"
)

// This file is the dumb twin: it walks a generated tree for one row, by the
// words of the package comment, and knows nothing of parsing, checking or either
// back end.

// oracle evaluates trees over one row of data.
type oracle struct {
	*data
	fields []field
	row    int
}

// value gives a float64, bool or string, or nil where t is missing as a column.
func (o oracle) value(t *tree) any {
	if o.missing(t) {
		return nil
	}
	v := o.evaluate(t)
	if x, ok := v.(float64); ok && math.IsNaN(x) {
		return nil
	}
	return v
}

func (o oracle) missing(t *tree) bool {
	switch t.what {
	case "field":
		if o.fields[t.field].typ == Text {
			return o.texts[t.field][o.row] == nil
		}
		return math.IsNaN(o.numbers[t.field][o.row])
	case "??":
		return o.missing(t.args[0]) && o.missing(t.args[1])
	case "== nil", "!= nil":
		return false
	}
	for _, a := range t.args {
		if o.missing(a) {
			return true
		}
	}
	return false
}

func (o oracle) number(t *tree) float64 { return o.evaluate(t).(float64) }
func (o oracle) truth(t *tree) bool     { return o.evaluate(t).(bool) }
func (o oracle) text(t *tree) string    { return o.evaluate(t).(string) }

func (o oracle) evaluate(t *tree) any {
	switch t.what {
	case "number":
		return t.number
	case "boolean":
		return t.truth
	case "text":
		return t.text
	case "field":
		return o.read(t.field)
	case "??":
		if o.missing(t.args[0]) {
			return o.evaluate(t.args[1])
		}
		return o.evaluate(t.args[0])
	case "?":
		if o.truth(t.args[0]) {
			return o.evaluate(t.args[1])
		}
		return o.evaluate(t.args[2])
	case "== nil":
		return o.missing(t.args[0])
	case "!= nil":
		return !o.missing(t.args[0])
	}
	switch t.typ {
	case Number:
		return o.numeric(t)
	case Boolean:
		return o.condition(t)
	}
	return o.textual(t)
}

func (o oracle) read(field int) any {
	switch o.fields[field].typ {
	case Text:
		return string(o.texts[field][o.row])
	case Boolean:
		return o.numbers[field][o.row] == 1
	}
	return o.numbers[field][o.row]
}

func (o oracle) numeric(t *tree) float64 {
	if t.what == "len" {
		return float64(len([]rune(o.text(t.args[0]))))
	}
	if t.what == "indexOf" {
		s, part := o.text(t.args[0]), o.text(t.args[1])
		if i := strings.Index(s, part); i >= 0 {
			return float64(len([]rune(s[:i])))
		}
		return -1
	}
	v := make([]float64, len(t.args))
	for i, a := range t.args {
		v[i] = o.number(a)
	}
	if f := functionsOfOne[t.what]; f != nil {
		return f(v[0])
	}
	return many(t.what, v)
}

func many(what string, v []float64) float64 {
	switch what {
	case "+":
		return v[0] + v[1]
	case "-":
		return v[0] - v[1]
	case "*":
		return v[0] * v[1]
	case "/":
		return v[0] / v[1]
	case "%", "mod":
		return math.Mod(v[0], v[1])
	case "^", "pow":
		return math.Pow(v[0], v[1])
	case "hypot":
		return math.Hypot(v[0], v[1])
	case "atan2":
		return math.Atan2(v[0], v[1])
	case "clamp":
		return many("min", []float64{many("max", v[:2]), v[2]})
	}
	m := v[0]
	for _, x := range v[1:] {
		switch {
		case math.IsNaN(m) || math.IsNaN(x):
			m = math.NaN()
		case what == "min":
			m = math.Min(m, x)
		default:
			m = math.Max(m, x)
		}
	}
	return m
}

var functionsOfOne = map[string]func(float64) float64{
	"neg": func(x float64) float64 { return -x }, "pos": func(x float64) float64 { return x },
	"abs": math.Abs, "ceil": math.Ceil, "floor": math.Floor, "round": math.Round, "trunc": math.Trunc,
	"sqrt": math.Sqrt, "cbrt": math.Cbrt, "exp": math.Exp, "expm1": math.Expm1, "log": math.Log, "log2": math.Log2,
	"log10": math.Log10, "log1p": math.Log1p, "sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "asin": math.Asin,
	"acos": math.Acos, "atan": math.Atan, "sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh,
	"deg": func(x float64) float64 { return x * (180 / math.Pi) }, "rad": func(x float64) float64 { return x * (math.Pi / 180) },
	"sign": func(x float64) float64 {
		if x == 0 || math.IsNaN(x) {
			return x
		}
		return math.Copysign(1, x)
	},
}

func (o oracle) condition(t *tree) bool {
	what, negated := strings.CutPrefix(t.what, "not ")
	if negated {
		positive := *t
		positive.what = what
		return !o.condition(&positive)
	}
	switch what {
	case "!":
		return !o.truth(t.args[0])
	case "&&":
		return o.truth(t.args[0]) && o.truth(t.args[1])
	case "||":
		return o.truth(t.args[0]) || o.truth(t.args[1])
	case "matches":
		return regexp.MustCompile(t.text).MatchString(o.text(t.args[0]))
	case "in":
		for _, e := range t.args[1:] {
			if o.evaluate(t.args[0]) == o.evaluate(e) {
				return true
			}
		}
		return false
	case "==":
		return o.evaluate(t.args[0]) == o.evaluate(t.args[1])
	case "!=":
		return o.evaluate(t.args[0]) != o.evaluate(t.args[1])
	}
	if t.args[0].typ == Number {
		return ordered(what, o.number(t.args[0]), o.number(t.args[1]))
	}
	return o.ofTexts(what, o.text(t.args[0]), o.text(t.args[1]))
}

func (o oracle) ofTexts(what, s, part string) bool {
	switch what {
	case "contains":
		return strings.Contains(s, part)
	case "startsWith", "hasPrefix":
		return strings.HasPrefix(s, part)
	case "endsWith", "hasSuffix":
		return strings.HasSuffix(s, part)
	}
	return ordered(what, s, part)
}

func ordered[T float64 | string](what string, x, y T) bool {
	switch what {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}

func (o oracle) textual(t *tree) string {
	switch t.what {
	case "+":
		return o.text(t.args[0]) + o.text(t.args[1])
	case "lower":
		return strings.ToLower(o.text(t.args[0]))
	case "upper":
		return strings.ToUpper(o.text(t.args[0]))
	}
	return strings.TrimSpace(o.text(t.args[0]))
}
