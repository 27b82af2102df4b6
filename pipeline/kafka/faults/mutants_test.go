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
// code once. Under AGGRUN_MUTANTS=1 each is laid over the code and has to be caught: by
// the test of the client that it names, or by some of the seeds where it names none.
func TestMutants(t *testing.T) {
	paths, err := filepath.Glob(root + "/testdata/mutants/client/*.txtar")
	if err != nil || len(paths) < 6 {
		t.Fatalf("%d mutants: %v", len(paths), err)
	}
	for _, path := range paths {
		m := readMutant(t, path)
		if os.Getenv("AGGRUN_MUTANTS") == "1" {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), m.mustBeCaught)
		}
	}
}

// mutant is a bug of the client: a file whose comment says what is wrong and, in a line
// of its own, which test catches it, and whose sections are files and texts in them,
// each followed by what it becomes.
type mutant struct {
	what, test string
	files      map[string][]byte // by path in the module, as they become
}

func readMutant(t *testing.T, path string) mutant {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	what, test, _ := strings.Cut(strings.TrimSpace(string(a.Comment)), "\nTest: ")
	files := map[string][]byte{}
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
	return mutant{what, test, files}
}

var (
	caught = regexp.MustCompile(`seeds with violations +(\d+)`)
	first  = regexp.MustCompile(`seed \d+: \d+ violations`)
	says   = regexp.MustCompile(`\w+_test\.go:\d+: .{0,140}`)
)

func (m mutant) mustBeCaught(t *testing.T) {
	start := time.Now()
	var by, text string
	if m.test != "" {
		out := m.play(t, "-run=^"+m.test+"$", "..")
		i := bytes.Index(out, []byte("--- FAIL: "+m.test))
		if i < 0 {
			t.Fatalf("%s\nwas not caught by %s:\n%s", m.what, m.test, out)
		}
		by, text = m.test, string(says.Find(out[i:]))
	} else {
		out := m.play(t, "-run=^TestFaults$", ".")
		n := caught.FindSubmatch(out)
		if n == nil || string(n[1]) == "0" {
			t.Fatalf("%s\nwas not caught:\n%s", m.what, out)
		}
		by, text = string(n[1])+" of 200 seeds", string(first.Find(out))
	}
	fmt.Printf("%-18s %4.0fs  by %-32s %s\n%20s%s\n", filepath.Base(t.Name()), time.Since(start).Seconds(), by, m.what, "", text)
}

// play gives what tests print with the mutant laid over the code.
func (m mutant) play(t *testing.T, args ...string) []byte {
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-timeout=20m", "-overlay=" + overlay(t, m.files)}, args...)...)
	cmd.Env = append(os.Environ(), "AGGRUN_MUTANTS=", "AGGRUN_SEEDS=200", "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("%s\nwas not caught:\n%s", m.what, out)
	}
	return out
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
