package spec

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzLoad holds, for any bytes in any language, that Load gives a spec that can
// be compiled, or mistakes that stand in the file.
func FuzzLoad(f *testing.F) {
	for name, text := range languages {
		f.Add(filepath.Ext(name), text)
	}
	cases, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	carets, err := filepath.Glob("testdata/carets/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(cases, carets...) {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if kinds[filepath.Ext(file.Name)] != 0 {
				f.Add(filepath.Ext(file.Name), string(file.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, ext, text string) {
		if kinds[ext] == 0 || len(text) > 4096 || costly.MatchString(text) {
			return
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "a"+ext)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Load([]string{path}, Options{Timeout: time.Minute})
		if err == nil {
			wellFormed(t, s)
			for _, p := range s.Pipelines {
				pointed(t, p, path, text)
			}
			return
		}
		for _, e := range err.(Errors) {
			wellPlaced(t, e, path, text)
		}
	})
}

// costly is what CUE takes long over, which the limit in time is for: comprehensions
// within one another, and functions that make much of little.
var costly = regexp.MustCompile(`list\.(Repeat|Range|FlattenN|Sort)|strings\.Repeat|(?s)\bfor\b.*\bin\b.*\bfor\b.*\bin\b.*\bfor\b`)

func wellFormed(t *testing.T, s *Spec) {
	if len(s.Pipelines) == 0 {
		t.Error("no pipeline")
	}
	for _, p := range s.Pipelines {
		if p.Name == "" || p.Window.Size <= 0 || p.Window.Grace < 0 || len(p.Operations)+len(p.Aggregates) == 0 ||
			p.Window.Advance <= 0 || p.Window.Size%p.Window.Advance != 0 || p.Window.Offset >= p.Window.Advance ||
			len(p.Sources) == 0 || p.Sink.Topic == "" || p.Sink.Partitions < 1 || p.MaxGroups < 1 {
			t.Errorf("%+v", p)
		}
		for _, src := range p.Sources {
			if (len(src.Topics) == 0) == (src.Regex == "") || src.Path == "" || src.Registry == "" || src.Time != nil && src.Time.Field == "" {
				t.Errorf("%+v", src)
			}
		}
	}
}

// pointed holds that the place of every character of p's expressions has that
// character, or what may stand for it.
func pointed(t *testing.T, p Pipeline, path, text string) {
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for at, expression := range p.expressions() {
		for offset := 0; offset <= len(expression); offset += 1 + len(expression)/100 {
			e := p.ErrorAt(at, offset, "wrong")
			wellPlaced(t, e, path, text)
			if caret := e.Error(); e.Source != "" && !strings.HasSuffix(caret, "^") {
				t.Errorf("%q has no caret", caret)
			}
			if offset == len(expression) || !utf8.RuneStart(expression[offset]) || e.Text != "" || e.Pos.Line < 1 {
				continue
			}
			there := lines[e.Pos.Line-1][e.Pos.Column-1:] + "\n"
			isSpace := strings.ContainsRune(" \t\r\n", rune(there[0])) && strings.ContainsRune(" \n", rune(expression[offset]))
			if there[0] != expression[offset] && there[0] != '\\' && !isSpace {
				t.Errorf("%q is %q at byte %d, not %q", expression, expression[offset:], offset, there)
			}
		}
	}
}

func wellPlaced(t *testing.T, e Error, path, text string) {
	if e.Msg == "" || strings.HasPrefix(e.Msg, "cannot evaluate") || strings.HasPrefix(e.Msg, "evaluating") {
		t.Errorf("%v", e)
	}
	if e.Pos == (Position{}) && e.Path == "pipelines" {
		return // there is none, in no place
	}
	if e.Pos.File != path || e.Pos.Line < 1 || e.Pos.Column < 1 || e.Pos.Line > strings.Count(text, "\n")+2 {
		t.Errorf("stands nowhere: %v", e)
	}
}
