package simulation

import (
	"bytes"
	"cmp"
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

// mutant is a bug of the protocol that has to be caught: a file of
// testdata/mutants, whose comment says what is wrong and whose sections are
// files and texts in them, each followed by what it becomes.
type mutant struct {
	name, what string
	files      map[string][]byte // by path in the module, as they become
}

const (
	root    = "../.."
	becomes = "becomes"
)

// TestMutants holds that every mutant still is one. Under AGGRUN_MUTANTS=1 it
// builds each and plays schedules until one fails, 20,000 at most.
func TestMutants(t *testing.T) {
	paths, err := filepath.Glob(root + "/testdata/mutants/*.txtar")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d mutants: %v", len(paths), err)
	}
	for _, path := range paths {
		m := readMutant(t, path)
		if os.Getenv("AGGRUN_MUTANTS") == "1" {
			t.Run(m.name, m.mustBeCaught)
		}
	}
}

func readMutant(t *testing.T, path string) mutant {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := mutant{
		name:  strings.TrimSuffix(filepath.Base(path), ".txtar"),
		what:  strings.TrimSpace(string(a.Comment)),
		files: map[string][]byte{},
	}
	for i := 0; i+1 < len(a.Files); i += 2 {
		name, from, to := a.Files[i].Name, a.Files[i], a.Files[i+1]
		if m.files[name] == nil {
			if m.files[name], err = os.ReadFile(filepath.Join(root, name)); err != nil {
				t.Fatal(err)
			}
		}
		old := bytes.TrimSuffix(from.Data, []byte("\n"))
		if n := bytes.Count(m.files[name], old); n != 1 || to.Name != becomes {
			t.Fatalf("%s: its text is %d times in %s, should be there once: the code has changed, change the mutant", path, n, name)
		}
		m.files[name] = bytes.Replace(m.files[name], old, bytes.TrimSuffix(to.Data, []byte("\n")), 1)
	}
	if m.what == "" || len(m.files) == 0 {
		t.Fatalf("%s says nothing", path)
	}
	return m
}

var failedSeed = regexp.MustCompile(`(?m)seed \d+: .*$|^\s+\w+_test.go:\d+: .*$`)

// mustBeCaught plays schedules, or what AGGRUN_MUTANTS_BY names, with the mutant laid over the code.
func (m mutant) mustBeCaught(t *testing.T) {
	start := time.Now()
	by := cmp.Or(os.Getenv("AGGRUN_MUTANTS_BY"), "TestSimulate|TestSilence")
	cmd := exec.Command("go", "test", "-count=1", "-timeout=20m", "-overlay="+m.overlay(t), "-run=^("+by+")$", ".")
	cmd.Env = append(os.Environ(), "AGGRUN_MUTANTS=", "AGGRUN_STOP=1", "AGGRUN_SCHEDULES=20000")
	out, err := cmd.CombinedOutput()
	if err == nil || bytes.Contains(out, []byte("[build failed]")) {
		t.Fatalf("%s\nwas not caught:\n%s", m.what, out)
	}
	fmt.Printf("%-18s %4.0fs  %s\n%26s%.150s\n", m.name, time.Since(start).Seconds(), m.what, "", failedSeed.Find(out))
}

// overlay writes the mutant's files and the list of what they replace.
func (m mutant) overlay(t *testing.T) string {
	dir := t.TempDir()
	replace := map[string]string{}
	for name, data := range m.files {
		from, err := filepath.Abs(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
		replace[from] = to
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
