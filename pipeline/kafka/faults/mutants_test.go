package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

const root = "../../.."

// TestMutants holds that each mutant of the client still is one: its text is in the
// code once. Under AGGRUN_MUTANTS=1 each is laid over the code and has to be caught: by
// the test of the client that it names, or by some seeds where it names none.
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

// mutant is a bug of the client: a file whose comment says what is wrong and, in lines
// of their own, which test catches it and what that says then, and whose sections are
// files and texts in them, each followed by what it becomes.
type mutant struct {
	what, test, says string
	files            map[string][]byte // by path in the module, as they become
}

func readMutant(t *testing.T, path string) mutant {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	what, by, _ := strings.Cut(strings.TrimSpace(string(a.Comment)), "\nTest: ")
	test, says, _ := strings.Cut(by, "\nSays: ")
	if (test == "") != (says == "") {
		t.Fatalf("%s: wants both lines, Test and Says, or none", path)
	}
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
	return mutant{what, test, says, files}
}

// seeds are how many are played with a mutant that names no test, and wanted how many
// have to fail: one might for another reason, as where the machine is too busy.
const seeds, wanted = 40, 3

var (
	caught = regexp.MustCompile(`seeds with violations +(\d+)`)
	first  = regexp.MustCompile(`seed \d+: \d+ violations`)
)

func (m mutant) mustBeCaught(t *testing.T) {
	start := time.Now()
	var by, text string
	if m.test != "" {
		out := m.play(t, "-run=^"+m.test+"$", "..")
		i := bytes.Index(out, []byte("--- FAIL: "+m.test))
		if i < 0 || !bytes.Contains(out[i:], []byte(m.says)) {
			t.Fatalf("%s\nwas not caught by %s, which should say %q:\n%s", m.what, m.test, m.says, out)
		}
		by, text = m.test, m.says
	} else {
		out := m.play(t, "-run=^TestFaults$", ".")
		n := 0
		if found := caught.FindSubmatch(out); found != nil {
			n, _ = strconv.Atoi(string(found[1]))
		}
		if n < wanted {
			t.Fatalf("%s\nwas caught by %d seeds, which may be chance:\n%s", m.what, n, out)
		}
		by, text = fmt.Sprintf("%d seeds", n), string(first.Find(out))
	}
	fmt.Printf("%-18s %4.0fs  by %-32s %s\n%20s%s\n", filepath.Base(t.Name()), time.Since(start).Seconds(), by, m.what, "", text)
}

// play gives what tests print with the mutant laid over the code.
func (m mutant) play(t *testing.T, args ...string) []byte {
	cmd := exec.Command("go", append([]string{"test", "-count=1", "-timeout=20m", "-overlay=" + overlay(t, m.files)}, args...)...)
	cmd.Env = append(os.Environ(), "AGGRUN_MUTANTS=", "AGGRUN_SEEDS="+strconv.Itoa(seeds), "TMPDIR="+t.TempDir())
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
