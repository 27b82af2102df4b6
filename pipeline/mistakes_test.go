package pipeline

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aggrun/aggrun/spec"
)

var update = flag.Bool("update", false, "rewrite testdata/mistakes.txtar")

// style is a way to write a text in a spec.
type style struct {
	name string
	file string
	text func(place, expr string) string
}

var styles = []style{
	{"yaml plain", "a.yaml", inYAML(func(e, _ string) string { return e })},
	{"yaml single quotes", "a.yaml", inYAML(func(e, _ string) string { return "'" + strings.ReplaceAll(e, "'", "''") + "'" })},
	{"yaml double quotes", "a.yaml", inYAML(func(e, _ string) string { return strconv.Quote(e) })},
	{"yaml block", "a.yaml", inYAML(func(e, indent string) string { return "|-\n" + indent + e })},
	{"yaml folded block", "a.yaml", inYAML(func(e, indent string) string { return ">-\n" + indent + e })},
	{"cue", "a.cue", inCUE(func(e string) string { return strconv.Quote(e) })},
	{"cue raw", "a.cue", inCUE(func(e string) string { return `#"` + e + `"#` })},
	{"cue lines", "a.cue", inCUE(func(e string) string { return "\"\"\"\n\t\t" + strings.ReplaceAll(e, `\`, `\\`) + "\n\t\t\"\"\"" })},
}

// inYAML writes a spec whose expression stands at place: where, derive.x or
// aggregates.x.
func inYAML(quote func(expr, indent string) string) func(place, expr string) string {
	return func(place, expr string) string {
		in, name, _ := strings.Cut(place, ".")
		head := "pipelines:\n  p:\n    window: 1s\n    operations: [mean]\n"
		switch in {
		case "aggregates":
			return head + "    source: mount\n    aggregates:\n      " + name + ": " + quote(expr, "        ") + "\n"
		case "derive":
			return head + "    source:\n      topics: [mount]\n      derive:\n        " + name + ": " + quote(expr, "          ") + "\n"
		}
		return head + "    source:\n      topics: [mount]\n      where: " + quote(expr, "        ") + "\n"
	}
}

func inCUE(quote func(expr string) string) func(place, expr string) string {
	return func(place, expr string) string {
		in, name, _ := strings.Cut(place, ".")
		head := "pipelines: p: {\n\twindow: \"1s\", operations: [\"mean\"]\n"
		switch in {
		case "aggregates":
			return head + "\tsource: \"mount\"\n\taggregates: " + name + ": " + quote(expr) + "\n}\n"
		case "derive":
			return head + "\tsource: {topics: [\"mount\"], derive: " + name + ": " + quote(expr) + "}\n}\n"
		}
		return head + "\tsource: {topics: [\"mount\"], where: " + quote(expr) + "}\n}\n"
	}
}

// writable tells whether a style can hold a text as it is.
func (s style) writable(expr string) bool {
	switch s.name {
	case "yaml plain":
		return expr != "" && !strings.ContainsAny(expr[:1], `'"{[&*!|>%@#-?:`+"`") && !strings.Contains(expr, ": ") && !strings.Contains(expr, " #") && strings.TrimSpace(expr) == expr
	case "yaml block", "yaml folded block", "cue lines":
		return strings.TrimSpace(expr) == expr && expr != ""
	case "cue raw":
		return !strings.ContainsAny(expr, "\"\\")
	}
	return true
}

// mistakes are what Compile says of a spec.
func mistakes(t *testing.T, s style, place, expr string) spec.Errors {
	t.Helper()
	if err := os.WriteFile(s.file, []byte(s.text(place, expr)), 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, err := spec.Load([]string{s.file}, spec.Options{})
	if err == nil {
		_, err = Compile(loaded.Pipelines[0], Options{})
	}
	var all spec.Errors
	if !errors.As(err, &all) {
		t.Fatalf("%s of %q in %s: %v", place, expr, s.name, err)
	}
	return all
}

// Every wrong expression is told with its place in the user's own file, whatever
// language and quotes it is written in: the golden text shows one of them, and in
// all the message is the same and the place holds the same character.
func TestMistakes(t *testing.T) {
	golden, err := filepath.Abs("testdata/mistakes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for i := range archive.Files {
		f := &archive.Files[i]
		place, _, _ := strings.Cut(f.Name, " ")
		expr, want, _ := strings.Cut(string(f.Data), "\n")
		shown := styles[i%len(styles)]
		for !shown.writable(expr) {
			shown = styles[1]
			break
		}
		first := mistakes(t, shown, place, expr)
		if got := first.Error() + "\n"; *update {
			f.Data = []byte(expr + "\n" + got)
		} else if got != want {
			t.Errorf("%s: %s\ngot\n%s\nwant\n%s", place, expr, got, want)
		}
		for _, s := range styles {
			if !s.writable(expr) {
				continue
			}
			all := mistakes(t, s, place, expr)
			if len(all) != len(first) {
				t.Errorf("%s in %s: %d mistakes, not %d: %v", expr, s.name, len(all), len(first), all)
				continue
			}
			for k := range all {
				if all[k].Msg != first[k].Msg || all[k].Path != first[k].Path {
					t.Errorf("%s in %s: %v, not %v", expr, s.name, all[k], first[k])
				}
				if a, b := held(t, s, place, expr, all[k].Pos), held(t, shown, place, expr, first[k].Pos); a != b {
					t.Errorf("%s in %s: the place %v holds %q, in %s %v %q", expr, s.name, all[k].Pos, a, shown.name, first[k].Pos, b)
				}
			}
		}
	}
	if *update {
		if err := os.WriteFile(golden, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(archive.Files); n < 60 {
		t.Errorf("there are %d wrong expressions, want 60", n)
	}
}

// held is the character at a place, "end" beyond the expression's last.
func held(t *testing.T, s style, place, expr string, pos spec.Position) string {
	t.Helper()
	lines := strings.Split(s.text(place, expr), "\n")
	if pos.Line < 1 || pos.Line > len(lines) {
		return fmt.Sprintf("no line %d", pos.Line)
	}
	line := []rune(lines[pos.Line-1])
	if pos.Column > len(line) || strings.ContainsRune("'\"#}", line[pos.Column-1]) && !strings.ContainsRune(expr, line[pos.Column-1]) {
		return "end"
	}
	if c := string(line[pos.Column-1]); c != `\` || pos.Column == len(line) {
		return c
	}
	return string(line[pos.Column]) // escaped
}
