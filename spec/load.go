package spec

// This file is the way from paths to a Spec, step by step.

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// Options of Load; the zero value is good.
type Options struct {
	// Timeout bounds evaluation, since CUE has no limit of its own; 0 is
	// DefaultTimeout. An evaluation that outlives it goes on in the background
	// until the process ends.
	Timeout time.Duration
	// Memory bounds, in bytes, by how much evaluation may let the process's memory
	// grow, as it is looked at many times a second; 0 is DefaultMemory.
	Memory uint64
	// Tags are CUE's: "name=value" for fields with @tag(name), or a short form
	// that a field or an @if declares. One that no file declares is an error.
	Tags []string
}

// The bounds are ten times and more what two thousand pipelines need: half a second,
// and 110 MB.
const (
	DefaultTimeout = 20 * time.Second
	DefaultMemory  = 1 << 30
)

// Load reads the specs at paths and returns what they declare together. A path
// is a file (.cue, .yaml, .yml, .json), a folder (its files of these kinds) or
// DIR/... (those of every folder under it too). CUE files of one folder and
// package are one instance and may import CUE's standard packages and those of
// their own module; nothing is fetched.
//
// The error is Errors, every mistake found, whose file names begin as the paths do.
func Load(paths []string, opts Options) (*Spec, error) {
	sources, errs := find(paths)
	if len(errs) > 0 {
		return nil, errs.Err()
	}
	l := limits{cmp.Or(opts.Timeout, DefaultTimeout), cmp.Or(opts.Memory, DefaultMemory)}
	return l.bounded(names(sources), func() (*Spec, Errors) {
		return assemble(sources, opts.Tags)
	})
}

// assemble parses, evaluates, checks and decodes. Each step goes on with what the
// one before found good, so that one run tells every mistake.
func assemble(sources []source, tags []string) (*Spec, Errors) {
	r := &report{seen: map[string]bool{}}
	ctx := cuecontext.New()
	files := parse(sources, r)
	declared := declarations(files, r)
	flat := flatten(evaluate(ctx, files, tags, r), r)
	expand(flat)
	user := ctx.BuildFile(flat)
	at := &origins{at: declared}
	sc := newSchema(ctx)
	check(sc, user, at, r)
	s := decode(user, at, r)
	at.excerpt(s, files)
	requireTogether(sc, user, at, r)
	if !r.torn && len(s.Pipelines) == 0 && len(r.errs) == 0 {
		r.add(at.at["pipelines"], "pipelines", "there are none in %s: want a mapping of names to pipelines", names(sources))
	}
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return s, nil
}

// report collects mistakes. The first mistake of a value stands for all that
// follow from it.
type report struct {
	errs Errors
	seen map[string]bool // paths, or positions, that have a mistake
	torn bool            // a whole file was left out: what is missing may be there
}

// add reports a mistake in the value at path, unless one was reported there; a
// mistake that belongs to no value is told apart by its position.
func (r *report) add(pos Position, path, format string, args ...any) {
	key := cmp.Or(path, pos.String())
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	r.extra(pos, path, format, args...)
}

// extra reports a mistake that does not spoil the value at path.
func (r *report) extra(pos Position, path, format string, args ...any) {
	r.errs = append(r.errs, Error{Pos: pos, Path: path, Msg: redact(fmt.Sprintf(format, args...))})
}

var login = regexp.MustCompile(`://[^"]*@`)

// redact takes the user name and password out of every URL in text.
func redact(text string) string {
	return login.ReplaceAllString(text, "://***@")
}

// names lists the files for a message, shortened when they are many.
func names(sources []source) string {
	const most = 3
	var list []string
	for _, s := range sources[:min(most, len(sources))] {
		list = append(list, s.name)
	}
	if more := len(sources) - most; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}

// lookup is the value at a path of plain field names under v.
func lookup(v cue.Value, path ...string) cue.Value {
	for _, name := range path {
		v = v.LookupPath(cue.MakePath(cue.Str(name)))
	}
	return v
}
