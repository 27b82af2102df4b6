package spec

// This file turns the paths that a user gave into the bytes of files.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile bounds a file in bytes: a spec of 256 KiB holds over a thousand pipelines.
const maxFile = 256 << 10

// maxTotal bounds all files together, bytes: what reads them is bounded in time and
// memory only once they are read.
const maxTotal = 16 << 20

// source is a file as read: its name as the user would write it, and its bytes.
type source struct {
	name string // begins as the path the user gave
	abs  string
	data []byte
}

// kinds are the extensions read, and how.
var kinds = map[string]kind{
	".cue":  cueKind,
	".yaml": yamlKind,
	".yml":  yamlKind,
	".json": jsonKind,
}

type kind int

const (
	cueKind kind = iota + 1
	yamlKind
	jsonKind
)

// find reads every file that paths name, each once, in the order of paths and,
// inside a folder, of names.
func find(paths []string) ([]source, Errors) {
	var errs Errors
	var sources []source
	if len(paths) == 0 {
		errs = append(errs, Error{Msg: "no spec is given: want a file or a folder"})
	}
	seen, total := map[string]bool{}, 0
	for _, path := range paths {
		found, err := list(path)
		if err != nil {
			errs = append(errs, Error{Pos: Position{File: path}, Msg: reason(err)})
		}
		for _, name := range found {
			s, err := read(name)
			switch {
			case err != nil:
				errs = append(errs, Error{Pos: Position{File: name}, Msg: reason(err)})
			case !seen[s.abs]:
				seen[s.abs] = true
				sources = append(sources, s)
				total += len(s.data)
			}
			if total > maxTotal {
				return nil, append(errs, Error{Pos: Position{File: path}, Msg: fmt.Sprintf("the files are larger than %d MiB together: run them in several processes", maxTotal>>20)})
			}
		}
	}
	return sources, errs
}

// list is the names of the files that path stands for.
func list(path string) ([]string, error) {
	if dir, ok := strings.CutSuffix(filepath.ToSlash(path), "/..."); ok {
		return walk(cmp.Or(dir, "/"))
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return folder(path)
	case kinds[filepath.Ext(path)] == 0:
		return nil, errors.New("is of no known kind: want a name that ends in .cue, .yaml, .yml or .json")
	}
	return []string{path}, nil
}

// errNoFiles tells that a folder has nothing to read.
var errNoFiles = errors.New("holds no .cue, .yaml, .yml or .json file")

// folder is the spec files that lie in dir itself.
func folder(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if !e.IsDir() && isSpec(e.Name()) {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	if found == nil {
		return nil, errNoFiles
	}
	return found, nil
}

// walk is the spec files under dir at any depth, but for folders that CUE
// leaves out as well.
func walk(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != dir && (hidden(e.Name()) || e.Name() == "cue.mod"):
			return filepath.SkipDir
		case !e.IsDir() && isSpec(e.Name()):
			found = append(found, path)
		}
		return nil
	})
	if err == nil && found == nil {
		err = errNoFiles
	}
	slices.Sort(found)
	return found, err
}

// isSpec tells whether a file in a folder is read: hidden files, and CUE's
// tools and tests, are not.
func isSpec(name string) bool {
	return kinds[filepath.Ext(name)] != 0 && !hidden(name) &&
		!strings.HasSuffix(name, "_tool.cue") && !strings.HasSuffix(name, "_test.cue")
}

func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// read reads one file, up to maxFile.
func read(name string) (source, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return source{}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return source{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("is larger than %d KiB: split it into several files", maxFile>>10)
	}
	return source{name, abs, bytes.TrimPrefix(data, byteOrderMark)}, err
}

// byteOrderMark may begin a file, and counts as no column.
var byteOrderMark = []byte("\xef\xbb\xbf")

// reason is an error of the file system without the path, which its position tells.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
