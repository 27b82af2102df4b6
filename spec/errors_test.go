package spec

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden texts anew")

// TestErrors runs testdata/errors/*.txtar: files, and in "want" the whole error
// that loading them gives. Lines before the first file tell what is loaded, ". "
// by default, and tags:
//
//	load PATH...
//	tags TAG...
func TestErrors(t *testing.T) {
	eachArchive(t, "testdata/errors/*.txtar", 45, func(t *testing.T, path string, a *txtar.Archive) {
		_, err := loadArchive(t, a)
		if err == nil {
			t.Fatal("no error")
		}
		got := err.Error() + "\n"
		compare(t, path, a, got)
		if jargon.MatchString(got) {
			t.Errorf("%s speaks of what no user knows", jargon.FindString(got))
		}
	})
}

// eachArchive runs a test for each archive of a pattern, of which there are at
// least so many.
func eachArchive(t *testing.T, pattern string, least int, test func(t *testing.T, path string, a *txtar.Archive)) {
	t.Helper()
	cases, err := filepath.Glob(pattern)
	if err != nil || len(cases) < least {
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
			test(t, full, a)
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

// compare holds got against the archive's want, or writes it there.
func compare(t *testing.T, path string, a *txtar.Archive, got string) {
	t.Helper()
	want := golden(a)
	if *update {
		want.Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got != string(want.Data) {
		t.Errorf("got\n%s\nwant\n%s", got, want.Data)
	}
}

// loadArchive loads the files of a in a folder of their own.
func loadArchive(t *testing.T, a *txtar.Archive) (*Spec, error) {
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
	paths, opts := []string{"."}, Options{}
	for line := range strings.Lines(string(a.Comment)) {
		switch words := strings.Fields(line); {
		case len(words) > 0 && words[0] == "load":
			paths = words[1:]
		case len(words) > 0 && words[0] == "tags":
			opts.Tags = words[1:]
		}
	}
	return Load(paths, opts)
}

// TestCarets runs testdata/carets/*.txtar: specs in whose expressions valu0 is
// wrong, and in "want" how that is shown.
func TestCarets(t *testing.T) {
	eachArchive(t, "testdata/carets/*.txtar", 4, func(t *testing.T, path string, a *txtar.Archive) {
		s, err := loadArchive(t, a)
		if err != nil {
			t.Fatal(err)
		}
		var errs Errors
		for _, p := range s.Pipelines {
			for path, text := range p.expressions() {
				if at := strings.Index(text, "valu0"); at >= 0 {
					errs = append(errs, p.ErrorAt(path, at, "unknown field valu0; did you mean value0?"))
				}
			}
		}
		compare(t, path, a, errs.Err().Error()+"\n")
	})
}
