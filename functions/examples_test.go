package functions

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestExamplesOfTheTable computes each row's Example, "CALL of VALUES is RESULT".
// A value may have its time: "3 at 7 s".
func TestExamplesOfTheTable(t *testing.T) {
	form := regexp.MustCompile(`^(\w+)\((.*)\) of (.+) is (.+)$`)
	for _, f := range All() {
		m := form.FindStringSubmatch(f.Example)
		if m == nil || m[1] != f.Name {
			t.Errorf("%s: %q is no example", f.Name, f.Example)
			continue
		}
		args := strings.Split(m[2], ", ")
		value := f.Value
		if len(f.Params) > 0 {
			var params []Literal
			for _, text := range args[1:] {
				params = append(params, Literal{Number: parse(t, text)})
			}
			value, _ = f.With(params)
		}
		a := New(f.Kind)
		for _, text := range strings.Split(m[3], ", ") {
			text, at, _ := strings.Cut(strings.TrimSuffix(text, " s"), " at ")
			seconds, _ := strconv.ParseFloat(at, 64)
			a.Add([]int64{int64(seconds * 1e9)}, []float64{argument(t, args[0], parse(t, text))})
		}
		if got, ok := value(a); !ok || got != parse(t, m[4]) {
			t.Errorf("%s: %v, %v", f.Example, got, ok)
		}
	}
}

// argument computes "x" or "x > limit".
func argument(t *testing.T, text string, x float64) float64 {
	t.Helper()
	limit, found := strings.CutPrefix(text, "x > ")
	switch {
	case !found:
		return x
	case x > parse(t, limit):
		return 1
	}
	return 0
}
