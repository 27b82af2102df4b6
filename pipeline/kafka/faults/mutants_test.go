package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

const root = "../../.."

// TestMutants holds that each mutant of the client still is one: its text is in the
// code once. Under AGGRUN_MUTANTS=1 it plays seeds with each laid over the code, some
// of which have to fail, and prints how many did.
func TestMutants(t *testing.T) {
	paths, err := filepath.Glob(root + "/testdata/mutants/client/*.txtar")
	if err != nil || len(paths) < 6 {
		t.Fatalf("%d mutants: %v", len(paths), err)
	}
	for _, path := range paths {
		what, files := mutant(t, path)
		if os.Getenv("AGGRUN_MUTANTS") == "1" {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { mustBeCaught(t, what, files) })
		}
	}
}

// mutant gives what is wrong with one, and the files as they become.
func mutant(t *testing.T, path string) (what string, files map[string][]byte) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for i := 0; i+1 < len(a.Files); i += 2 {
		name, from, to := a.Files[i].Name, a.Files[i], a.Files[i+1]
		if files[name] == nil {
			if files[name], err = os.ReadFile(filepath.Join(root, name)); err != nil {
				t.Fatal(err)
			}
		}
		old := bytes.TrimSuffix(from.Data, []byte("\n"))
		if n := bytes.Count(files[name], old); n != 1 || to.Name != "becomes" {
			t.Fatalf("%s: its text is %d times in %s, should be there once: the code has changed, change the mutant", path, n, name)
		}
		files[name] = bytes.Replace(files[name], old, bytes.TrimSuffix(to.Data, []byte("\n")), 1)
	}
	return strings.TrimSpace(string(a.Comment)), files
}

var (
	caught = regexp.MustCompile(`seeds with violations +(\d+)`)
	first  = regexp.MustCompile(`seed \d+: \d+ violations\n +(.{0,160})`)
)

func mustBeCaught(t *testing.T, what string, files map[string][]byte) {
	start := time.Now()
	cmd := exec.Command("go", "test", "-count=1", "-timeout=20m", "-overlay="+overlay(t, files), "-run=^TestFaults$", ".")
	cmd.Env = append(os.Environ(), "AGGRUN_MUTANTS=", "AGGRUN_SEEDS=200", "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	n := caught.FindSubmatch(out)
	if err == nil || n == nil {
		t.Fatalf("%s\nwas not caught:\n%s", what, out)
	}
	text := ""
	if m := first.FindSubmatch(out); m != nil {
		text = string(m[1])
	}
	fmt.Printf("%-60s %4s seeds, %4.0fs  %s\n  %s\n", t.Name(), n[1], time.Since(start).Seconds(), what, text)
}

// overlay writes files, and the list of what they replace.
func overlay(t *testing.T, files map[string][]byte) string {
	dir, replace := t.TempDir(), map[string]string{}
	for name, data := range files {
		from, err := filepath.Abs(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		replace[from] = filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(replace[from], data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
