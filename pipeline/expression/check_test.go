package expression

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestInference checks what types are inferred, of the whole and of names.
func TestInference(t *testing.T) {
	for source, want := range map[string]string{
		"value0 > -50":                 "condition: value0 number",
		"value0":                       "number: value0 anything",
		"value0 == nil":                "condition: value0 anything",
		"a == b":                       "condition: a anything, b anything",
		"a < b && b == \"x\"":          "condition: a text, b text",
		"a == b && a":                  "condition: a condition, b condition",
		"a + b":                        "number: a anything, b anything",
		"a + b + 1":                    "number: a number, b number",
		"a + b + \"\"":                 "text: a text, b text",
		"a + b == c && c == \"x\"":     "condition: a text, b text, c text",
		"host in [\"a\", \"b\"]":       "condition: host text",
		"x not in [1]":                 "condition: x number",
		"ok ? x : y":                   "number: ok condition, x anything, y anything",
		"ok ?? true":                   "condition: ok condition",
		"lower(host) ?? unit":          "text: host text, unit text",
		"host matches \"a\"":           "condition: host text",
		"flag + 1":                     "number: flag condition",
		"flag ? 1 : flag":              "number: flag condition",
		"flag == 1 and not flag":       "condition: flag condition",
		"flag":                         "condition: flag condition",
		"flag == other && other":       "condition: flag condition, other condition",
		"flag + other":                 "number: flag condition, other number",
		"$partition == 3":              "condition: $partition number",
		"$key != $topic":               "condition: $key text, $topic text",
		"a.b[3].c > wave[0]":           "condition: a.b[3].c anything, wave[0] anything",
		"1 < x <= 3":                   "condition: x number",
		"len(host) % 2 == 0":           "condition: host text",
		"max(x, y, 3) - min(x, y)":     "number: x number, y number",
		"\"count\" == kind && !paused": "condition: kind text, paused condition",
	} {
		if got := inferred(t, source, Any); got != want {
			t.Errorf("%s is %s, want %s", source, got, want)
		}
	}
}

func inferred(t *testing.T, source string, want Type) string {
	t.Helper()
	tree, err := Parse(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	c, err := tree.Check(func(name string) (Type, bool) { return Boolean, name == "flag" }, want)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	bare := func(t Type) string { return strings.TrimPrefix(t.String(), "a ") }
	names := make([]string, len(c.Reads))
	for i, r := range c.Reads {
		names[i] = r.Name + " " + bare(r.Type)
		if r.Open {
			names[i] = r.Name + " " + bare(Any)
		}
		if !strings.HasPrefix(source[r.Offset:], r.Name) || r.Call != -1 {
			t.Errorf("%s: read %+v", source, r)
		}
	}
	return bare(c.Type) + ": " + strings.Join(names, ", ")
}

// What is wanted of the whole settles what nothing else does.
func TestWanted(t *testing.T) {
	for _, c := range []struct {
		source string
		want   Type
		is     string
	}{
		{"ok", Boolean, "condition: ok condition"},
		{"a ?? b", Boolean, "condition: a condition, b condition"},
		{"x", Text, "text: x text"},
		{"x", Number, "number: x number"},
		{"x > 3", Number, "condition: x number"},
		{"flag", Number, "number: flag condition"},
	} {
		if got := inferred(t, c.source, c.want); got != c.is {
			t.Errorf("%s is %s, want %s", c.source, got, c.is)
		}
	}
}

func TestField(t *testing.T) {
	for source, want := range map[string]string{
		"value0": "value0", " ( a.b [3] .c ) ": "a.b[3].c", "$key": "$key", "+x": "", "x + 1": "", "3": "", "\"x\"": "",
	} {
		tree, err := Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		if path, ok := tree.Field(); path != want || ok != (want != "") {
			t.Errorf("%s: %q %t", source, path, ok)
		}
	}
	tree, _, err := ParseAggregates("mean(x)")
	if err != nil {
		t.Fatal(err)
	}
	if path, ok := tree.Field(); ok {
		t.Errorf("mean(x) is the field %s", path)
	}
}

// Equal calls are one, whatever the spelling.
func TestCalls(t *testing.T) {
	const source = "mean(x)/ mean( x )+max(x)-max(mean(x), 2) + quantile(x+y,1/2) - quantile((x + y), 0.5) + count() + count(x) + quantile(x, .5, 'r7') + sum(a.b[2])"
	tree, calls, err := ParseAggregates(source)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range calls {
		if name := c.Function.Name; !strings.HasPrefix(source[c.Offset:], name+"(") || c.Value == nil {
			t.Errorf("%s at %d", c.Key, c.Offset)
		}
		got = append(got, c.Key+" of "+c.ArgKey)
	}
	want := `mean(x) of x; max(x) of x; quantile(x + y, 0.5) of x + y; count() of ; count(x) of x; quantile(x, 0.5, "r7") of x; sum(a.b[2]) of a.b[2]`
	if s := strings.Join(got, "; "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	c, err := tree.Check(nil, Number)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range c.Reads {
		if r.Call != i || r.Name != calls[i].Key || r.Type != Number || r.Open {
			t.Errorf("read %d: %+v", i, r)
		}
	}
	if arg, err := calls[3].Check(nil); arg != nil || err != nil {
		t.Errorf("count() has the argument %v, %v", arg, err)
	}
}

// A name without a column is missing in every row.
func TestNowhere(t *testing.T) {
	for source, want := range map[string]float64{
		"x + 1": math.NaN(), "x ?? 3": 3, "x == nil": 1, "host != nil": 0,
		"(host ?? \"a\") == \"a\"": 1, "x > 3 || true": math.NaN(), "true ? 1 : x": math.NaN(), "(x ?? y) == nil": 1,
		"0/0": math.NaN(), "(0/0) ?? 3": math.NaN(), "0/0 == 0/0": 0, "1/0": math.Inf(1), "-1/0 < 0": 1, "x ^ 0": math.NaN(),
	} {
		for _, vm := range []bool{false, true} {
			got := of(t, source, Options{VM: vm})
			if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%s is %v, want %v (vm %t)", source, got, want, vm)
			}
		}
	}
}

func of(t *testing.T, source string, o Options) float64 {
	t.Helper()
	tree, err := Parse(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	c, err := tree.Check(nil, Any)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return c.Compile(func(Read) int { return -1 }, o).NewEvaluator().Numbers(&Input{Rows: 1})[0]
}

// The traps of expr's own semantics.
func TestSemantics(t *testing.T) {
	for source, want := range map[string]float64{
		"7 / 2": 3.5, "7 % 2": 1, "-7 % 3": -1, "7.5 % 2": 1.5, "-2 ^ 2": -4, "2 ^ 3 ^ 2": 512, "2 ** -1": 0.5, "9007199254740993": 9007199254740992,
		"9007199254740993 == 9007199254740992": 1, "0.1 + 0.2": 0.30000000000000004, "-0.0 == 0": 1, "1 / -0.0": math.Inf(-1), "-0.0 in [0]": 1,
		"3 in [1, 2, 3.0]": 1, "1 + 2 * 3": 7, "10 - 2 - 3": 5, "1 < 2 < 3": 1, "3 > 2 > 2": 0, "not true or true": 1, "5 | max(7)": 7,
		"0x10 + 0b11 + 0o7 + 1_000": 1026, "max(0/0, 1) == 1": 0, "sign(-0.0) == 0": 1, "clamp(5, 1, 3)": 3, "len(\"äb\")": 2, "indexOf(\"äbc\", \"c\")": 2,
		"mod(7.5, 2)": 1.5, "pow(2, 10)": 1024, "round(-2.5)": -3, "atan2(1, 0) == deg(atan2(1, 0)) * 0 + rad(90)": 1, "9223372036854775807 + 1": 9223372036854775808,
		"\"a\" < \"b\"": 1, "\"a\" + \"b\" == \"ab\"": 1, "upper(\"ä\") == \"Ä\"": 1, "true == (1 > 0)": 1, "true ?: false": 1,
	} {
		for _, vm := range []bool{false, true} {
			if got := of(t, source, Options{VM: vm}); got != want {
				t.Errorf("%s is %v, want %v (vm %t)", source, got, want, vm)
			}
		}
	}
}

// Squaring by a product is math.Pow, bit for bit.
func TestSquare(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2_000_000 {
		x := math.Float64frombits(r.Uint64())
		if i%4 == 0 { // whose squares are near or below the least normal number
			x = math.Ldexp(1+r.Float64(), -r.IntN(60)-500)
		}
		if a, b := square(x), math.Pow(x, 2); a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
			t.Fatalf("%v squared is %v, math.Pow gives %v", x, a, b)
		}
	}
	for _, x := range specialNumbers {
		if fmt.Sprint(square(x)) != fmt.Sprint(math.Pow(x, 2)) {
			t.Errorf("%v squared is %v", x, square(x))
		}
	}
}
