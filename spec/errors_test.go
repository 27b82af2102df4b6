package spec_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aggrun/aggrun/spec"
)

var update = flag.Bool("update", false, "write the golden texts anew")

// TestErrors runs testdata/errors/*.txtar: files, and in "want" the whole error
// that loading them gives. Lines before the first file tell what is loaded, ". "
// by default, and tags:
//
//	load PATH...
//	tags TAG...
func TestErrors(t *testing.T) {
	cases, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(cases) < 45 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			full, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			a, err := txtar.ParseFile(full)
			if err != nil {
				t.Fatal(err)
			}
			got := loadArchive(t, a)
			want := golden(a)
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(full, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(want.Data) {
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
			if jargon.MatchString(got) {
				t.Errorf("%s speaks of what no user knows", jargon.FindString(got))
			}
		})
	}
}

// jargon is what must not reach a user: the inside of the schema and of CUE.
var jargon = regexp.MustCompile(`schema\.cue|#Spec|#Pipeline|empty disjunction|incomplete value|!\(`)

// golden is the archive's want, made if it is missing.
func golden(a *txtar.Archive) *txtar.File {
	for i, f := range a.Files {
		if f.Name == "want" {
			return &a.Files[i]
		}
	}
	a.Files = append(a.Files, txtar.File{Name: "want"})
	return &a.Files[len(a.Files)-1]
}

// loadArchive loads the files of a in a folder of their own, and returns the
// error's text.
func loadArchive(t *testing.T, a *txtar.Archive) string {
	t.Chdir(t.TempDir())
	for _, f := range a.Files {
		if f.Name == "want" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	paths, opts := []string{"."}, spec.Options{}
	for line := range strings.Lines(string(a.Comment)) {
		switch words := strings.Fields(line); {
		case len(words) > 0 && words[0] == "load":
			paths = words[1:]
		case len(words) > 0 && words[0] == "tags":
			opts.Tags = words[1:]
		}
	}
	_, err := spec.Load(paths, opts)
	if err == nil {
		t.Fatal("no error")
	}
	return err.Error() + "\n"
}
