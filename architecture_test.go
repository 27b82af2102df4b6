package aggrun_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// This test holds the architecture that DESIGN.md draws: which room may import
// which, which libraries each may use, and that the core is pure.

const module = "github.com/aggrun/aggrun"

// rooms says what the code of each room, tests aside, may import: rooms of ours,
// by their path in the module, and other modules by how their paths begin. A
// package belongs to the room with the longest path that its own begins with.
var rooms = map[string]struct{ ours, libraries []string }{
	"":                    {},
	"spec":                {[]string{""}, []string{"cuelang.org/go"}},
	"functions":           {},
	"connect":             {[]string{"spec"}, []string{"github.com/twmb/franz-go"}},
	"pipeline":            {[]string{"spec", "functions", "pipeline/expression"}, nil},
	"pipeline/expression": {[]string{"spec", "functions"}, []string{"github.com/expr-lang/expr"}},
	"pipeline/codec":      {[]string{"spec", "functions", "pipeline"}, []string{"github.com/hamba/avro/v2"}},
	"pipeline/status":     {[]string{"pipeline"}, nil},
	"pipeline/kafka":      {[]string{"spec", "functions", "connect", "pipeline", "pipeline/codec", "pipeline/status"}, []string{"github.com/twmb/franz-go"}},
	"pipeline/simulation": {[]string{"spec", "functions", "pipeline"}, nil},
	"dashboard": {
		[]string{"pipeline", "pipeline/status"},
		[]string{"github.com/prometheus", "github.com/twmb/franz-go/plugin/kprom", "github.com/twmb/franz-go/pkg/kgo"},
	},
	"embedded": {[]string{"pipeline/codec"}, []string{"github.com/twmb/franz-go"}},
	"cmd/aggrun": {
		[]string{"spec", "functions", "connect", "pipeline", "pipeline/expression", "pipeline/codec", "pipeline/kafka", "embedded", "dashboard"},
		[]string{"github.com/twmb/franz-go", "github.com/spf13/pflag"},
	},
}

// pure are the rooms of the core.
var pure = []string{"pipeline", "pipeline/expression", "functions"}

// impure are the packages that know the outside world, a clock or other goroutines:
// these, and those below them.
var impure = []string{
	"context", "crypto/rand", "io/fs", "io/ioutil", "log", "net", "os", "runtime", "sync", "syscall", "time", "unsafe",
}

func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		room := roomOf(p.ImportPath)
		allowed, ok := rooms[room]
		if !ok {
			t.Errorf("%s belongs to no room: draw it in DESIGN.md and add it to rooms", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			inner, ours := within(path)
			switch {
			case ours && roomOf(path) != room && !slices.Contains(allowed.ours, roomOf(path)):
				t.Errorf("room %q imports room %q (%s): no arrow leads there", room, roomOf(path), inner)
			case !ours && isLibrary(path) && !slices.ContainsFunc(allowed.libraries, below(path)):
				t.Errorf("room %q imports %s, which is none of its libraries", room, path)
			}
		}
	}
}

func TestPurity(t *testing.T) {
	for _, p := range packages(t) {
		inner, _ := within(p.ImportPath)
		if !slices.Contains(pure, inner) {
			continue
		}
		for _, path := range p.Imports {
			if slices.ContainsFunc(impure, below(path)) {
				t.Errorf("%s imports %s, and is to be pure", inner, path)
			}
		}
		for _, file := range p.GoFiles {
			checkPure(t, filepath.Join(p.Dir, file))
		}
	}
}

// checkPure finds goroutines, channels and functions that run by themselves.
func checkPure(t *testing.T, file string) {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.GoStmt:
			what = "a goroutine"
		case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
			what = "a channel"
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && n.Sel.Name != "Duration" {
				what = "time." + n.Sel.Name
			}
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				what = "an init function"
			}
		}
		if what != "" {
			t.Errorf("%s: %s, in a room that is to be pure", set.Position(n.Pos()), what)
		}
		return true
	})
}

// listed is a package as go list tells of it, tests aside.
type listed struct {
	Dir, ImportPath  string
	GoFiles, Imports []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=Dir,ImportPath,GoFiles,Imports", "./...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var found []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
}

// roomOf is the room of one of our packages; a package in no room is its own.
func roomOf(path string) string {
	inner, _ := within(path)
	for at := inner; at != ""; at = parentOf(at) {
		if _, ok := rooms[at]; ok {
			return at
		}
	}
	return inner
}

func parentOf(path string) string {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)]
}

// within gives a package's path in the module.
func within(path string) (inner string, ours bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// below tells of a prefix whether path is it or lies below it.
func below(path string) func(prefix string) bool {
	return func(prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
}

// isLibrary tells the packages of other modules from Go's own.
func isLibrary(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}
