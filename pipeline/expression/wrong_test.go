package expression

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden texts anew")

// TestWrong compares what is said of wrong expressions, and where, with
// testdata/wrong.txtar. Each file is an expression, indented, and under every
// line of it, marked by ! and a caret, what is wrong there.
func TestWrong(t *testing.T) {
	const path = "testdata/wrong.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range a.Files {
		source := sourceOf(string(f.Data))
		got := explain(source, mistakes(t, f.Name, source))
		if !*update && got != string(f.Data) {
			t.Errorf("%s: got\n%swant\n%s", f.Name, got, f.Data)
		}
		a.Files[i].Data = []byte(got)
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func sourceOf(golden string) string {
	var lines []string
	for line := range strings.Lines(golden) {
		if !strings.HasPrefix(line, "!") {
			lines = append(lines, strings.TrimPrefix(line, "  "))
		}
	}
	return strings.TrimSuffix(strings.Join(lines, ""), "\n")
}

func explain(source string, errs Errors) string {
	var b strings.Builder
	from := 0
	for line := range strings.Lines(source + "\n") {
		b.WriteString("  " + line)
		for _, e := range errs {
			if from <= e.Offset && e.Offset < from+len(line) {
				fmt.Fprintf(&b, "! %s^ %s\n", blank(line[:e.Offset-from]), e.Msg)
			}
		}
		from += len(line)
	}
	return b.String()
}

// blank is as many characters as text, tabs kept.
func blank(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, text)
}

// mistakes gives those of one expression, which has to have some.
func mistakes(t *testing.T, name, source string) (errs Errors) {
	t.Helper()
	err := check(name, source)
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("%s: nothing wrong with %s", name, source)
	}
	for i, e := range errs {
		if e.Offset < 0 || e.Offset > len(source) || i > 0 && e.Offset <= errs[i-1].Offset {
			t.Fatalf("%s: mistake at %d", name, e.Offset)
		}
	}
	return errs
}

func check(name, source string) error {
	scope := func(name string) (Type, bool) {
		typ, ok := map[string]Type{"norm": Number, "hot": Boolean, "site": Text}[name]
		return typ, ok
	}
	if strings.HasPrefix(name, "aggregates/") {
		return checkAggregates(source, scope)
	}
	tree, err := Parse(source)
	if err != nil {
		return err
	}
	want := Any
	if strings.HasPrefix(name, "where/") {
		want = Boolean
	}
	_, err = tree.Check(scope, want)
	return err
}

func checkAggregates(source string, scope Scope) error {
	tree, calls, err := ParseAggregates(source)
	if err != nil {
		return err
	}
	for _, c := range calls {
		if _, err := c.Check(scope); err != nil {
			return err
		}
	}
	_, err = tree.Check(nil, Number)
	return err
}

// What the golden file cannot hold.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name, source string
		offset       int
		want         string
	}{
		{"nothing", "", 0, "there is no expression"},
		{"blank", " \n", 0, "there is no expression"},
		{"comment", "/* x */", 0, "comments are not in the language"},
		{"long", strings.Repeat("x ", maxBytes), maxBytes, "8192 bytes long; an expression has at most 4096"},
		{"parts", "x" + strings.Repeat("+x", maxNodes), 1 << 20, "more than 500"},
		{"bytes", "x == \"\xff\"", 6, "this is not a text in UTF-8"},
		{"nested comparisons", strings.Repeat("0<(", 60) + "x" + strings.Repeat("?1:0)<2", 60), 0, "more than 500"},
		{"parentheses", strings.Repeat("(", 4000), 4000, "the expression ends too soon"},
		{"signs", strings.Repeat("-", 4000) + "x", 1 << 20, "more than 500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.source)
			var errs Errors
			if !errors.As(err, &errs) || !strings.Contains(errs[0].Msg, c.want) {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if c.offset < 1<<20 && errs[0].Offset != c.offset {
				t.Errorf("at %d, want %d", errs[0].Offset, c.offset)
			}
		})
	}
}
