package expression

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf8"
)

// scalar is a function of values: a row of the table that parsing, checking,
// both back ends and the documentation read. One of its funcs is set.
type scalar struct {
	name, doc string
	args      []string // what they are called
	takes     Type
	more      bool // the last argument may be repeated
	gives     Type
	// strict: NaN of an argument gives NaN, so that a missing one needs no test.
	strict bool

	one     func(x float64) float64
	two     func(x, y float64) float64 // folded from the left where there are more
	three   func(x, y, z float64) float64
	measure func(text []byte) float64
	find    func(text, part []byte) float64
	test    func(text, part []byte) bool
	change  func(text string) string // which makes new text
}

// A Scalar tells the documentation of a function of values.
type Scalar struct {
	Signature string // "clamp(x, low, high)"
	Doc       string
}

// Scalars are the functions of values, in the order in which they are explained.
func Scalars() []Scalar {
	all := make([]Scalar, len(scalars))
	for i := range scalars {
		all[i] = Scalar{Signature: scalars[i].signature(), Doc: scalars[i].doc}
	}
	return all
}

func (s *scalar) signature() string {
	list := strings.Join(s.args, ", ")
	if s.more {
		list += ", ..."
	}
	return s.name + "(" + list + ")"
}

var scalars = []scalar{
	of1("abs", "absolute value", math.Abs),
	of1("sign", "1, -1, or of zero and NaN itself", sign),
	of1("ceil", "least integer not below x", math.Ceil),
	of1("floor", "greatest integer not above x", math.Floor),
	of1("round", "nearest integer, halves away from zero", math.Round),
	of1("trunc", "x without its fraction", math.Trunc),
	of1("sqrt", "square root", math.Sqrt),
	of1("cbrt", "cube root", math.Cbrt),
	of1("exp", "e to the power x", math.Exp),
	of1("expm1", "exp(x) - 1, exact for small x", math.Expm1),
	of1("log", "natural logarithm", math.Log),
	of1("log2", "logarithm to base 2", math.Log2),
	of1("log10", "logarithm to base 10", math.Log10),
	of1("log1p", "log(1 + x), exact for small x", math.Log1p),
	{name: "pow", doc: "x to the power y, the same as x ^ y", args: []string{"x", "y"}, takes: Number, gives: Number, two: math.Pow},
	{name: "mod", doc: "remainder of x / y with the sign of x, the same as x % y", args: []string{"x", "y"}, takes: Number, gives: Number, strict: true, two: math.Mod},
	{name: "hypot", doc: "sqrt(x^2 + y^2), without overflow on the way", args: []string{"x", "y"}, takes: Number, gives: Number, two: math.Hypot},
	{name: "min", doc: "least of two or more; of NaN, NaN", args: []string{"x", "y"}, more: true, takes: Number, gives: Number, strict: true, two: least},
	{name: "max", doc: "greatest of two or more; of NaN, NaN", args: []string{"x", "y"}, more: true, takes: Number, gives: Number, strict: true, two: greatest},
	{name: "clamp", doc: "x held between low and high", args: []string{"x", "low", "high"}, takes: Number, gives: Number, strict: true, three: clamp},
	of1("sin", "sine of radians", math.Sin),
	of1("cos", "cosine of radians", math.Cos),
	of1("tan", "tangent of radians", math.Tan),
	of1("asin", "arcsine, in radians", math.Asin),
	of1("acos", "arccosine, in radians", math.Acos),
	of1("atan", "arctangent, in radians", math.Atan),
	{name: "atan2", doc: "angle of the point (x, y), in radians", args: []string{"y", "x"}, takes: Number, gives: Number, strict: true, two: math.Atan2},
	of1("sinh", "hyperbolic sine", math.Sinh),
	of1("cosh", "hyperbolic cosine", math.Cosh),
	of1("tanh", "hyperbolic tangent", math.Tanh),
	of1("deg", "degrees of radians", degrees),
	of1("rad", "radians of degrees", radians),
	{name: "lower", doc: "text in small letters", args: []string{"text"}, takes: Text, gives: Text, change: strings.ToLower},
	{name: "upper", doc: "text in capitals", args: []string{"text"}, takes: Text, gives: Text, change: strings.ToUpper},
	{name: "trim", doc: "text without the spaces around it", args: []string{"text"}, takes: Text, gives: Text, change: strings.TrimSpace},
	{name: "len", doc: "number of characters", args: []string{"text"}, takes: Text, gives: Number, measure: length},
	{name: "indexOf", doc: "where part stands first, in characters from 0; -1 where it does not", args: []string{"text", "part"}, takes: Text, gives: Number, find: indexOf},
	{name: "hasPrefix", doc: "the same as text startsWith part", args: []string{"text", "part"}, takes: Text, gives: Boolean, test: bytes.HasPrefix},
	{name: "hasSuffix", doc: "the same as text endsWith part", args: []string{"text", "part"}, takes: Text, gives: Boolean, test: bytes.HasSuffix},
}

func of1(name, doc string, f func(float64) float64) scalar {
	return scalar{name: name, doc: doc, args: []string{"x"}, takes: Number, gives: Number, strict: true, one: f}
}

func scalarNamed(name string) *scalar {
	for i := range scalars {
		if scalars[i].name == name {
			return &scalars[i]
		}
	}
	return nil
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// The builtins, unlike math.Min and math.Max, let NaN win over infinities.
func least(x, y float64) float64 { return min(x, y) }

func greatest(x, y float64) float64 { return max(x, y) }

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }

func degrees(x float64) float64 { return x * (180 / math.Pi) }

func radians(x float64) float64 { return x * (math.Pi / 180) }

// square is math.Pow(x, 2), bit for bit, at a tenth of its cost: one rounding
// is one rounding, except where the result is subnormal.
func square(x float64) float64 {
	y := x * x
	if y < 0x1p-1021 {
		return math.Pow(x, 2)
	}
	return y
}

func length(text []byte) float64 { return float64(utf8.RuneCount(text)) }

func indexOf(text, part []byte) float64 {
	i := bytes.Index(text, part)
	if i < 0 {
		return -1
	}
	return length(text[:i])
}
