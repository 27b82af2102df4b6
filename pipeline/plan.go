package pipeline

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/spec"
)

// Plan is a compiled pipeline: immutable, and shared by all that run it.
type Plan struct {
	Spec        spec.Pipeline
	Operations  []functions.Function
	Fingerprint Fingerprint

	size, grace, idle, maxFuture int64 // ns
	regex                        *regexp.Regexp
	kinds                        []functions.Kind // the accumulators that Operations read, each once
	slots                        []int            // of each operation's kind in kinds
}

// Compile checks what the words of a spec mean together. The error is
// spec.Errors, all of them.
func Compile(p spec.Pipeline) (*Plan, error) {
	plan := &Plan{
		Spec:        p,
		Fingerprint: fingerprint(p),
		size:        int64(p.Window.Size),
		grace:       int64(p.Window.Grace),
		idle:        int64(p.Idle),
		maxFuture:   int64(p.MaxFuture),
	}
	var errs spec.Errors
	errs = append(errs, plan.compileOperations()...)
	errs = append(errs, plan.compileTopics()...)
	errs = append(errs, checkGlobs(p, "source.fields", p.Sources[0].Fields)...)
	errs = append(errs, checkGlobs(p, "source.exclude_fields", p.Sources[0].ExcludeFields)...)
	errs = append(errs, checkMap(p)...)
	return plan, errs.Err()
}

func (p *Plan) compileOperations() (errs spec.Errors) {
	for i, name := range p.Spec.Operations {
		f, ok := functions.Lookup(name)
		if !ok {
			at := fmt.Sprintf("operations[%d]", i)
			errs = append(errs, p.Spec.Errorf(at, "unknown operation %q%s; want %s", name,
				DidYouMean(name, functions.Names()), strings.Join(functions.Names(), ", ")))
			continue
		}
		p.Operations = append(p.Operations, f)
		p.slots = append(p.slots, p.kind(f.Kind))
	}
	return errs
}

// kind gives the index of k in p.kinds, adding it the first time.
func (p *Plan) kind(k functions.Kind) int {
	for i, have := range p.kinds {
		if have == k {
			return i
		}
	}
	p.kinds = append(p.kinds, k)
	return len(p.kinds) - 1
}

func (p *Plan) compileTopics() (errs spec.Errors) {
	src := p.Spec.Sources[0]
	errs = append(errs, checkGlobs(p.Spec, "source.topics", src.Topics)...)
	errs = append(errs, checkGlobs(p.Spec, "source.exclude", src.Exclude)...)
	if src.Regex != "" {
		if _, err := regexp.Compile(src.Regex); err != nil {
			errs = append(errs, p.Spec.Errorf("source.regex", "%v", err))
		} else {
			p.regex = regexp.MustCompile(`^(?:` + src.Regex + `)$`)
		}
	}
	for _, name := range append(p.Exact(), placeholder) {
		if p.Sink(name) == name {
			errs = append(errs, p.Spec.Errorf("sink.topic", "%q would be read and written by this pipeline: results would be aggregated for ever; give the sink another name", name))
		}
	}
	if rest := strings.ReplaceAll(p.Spec.Sink.Topic, "{topic}", ""); strings.ContainsAny(rest, "{}") {
		errs = append(errs, p.Spec.Errorf("sink.topic", "unknown placeholder in %q; want {topic}, the source topic", p.Spec.Sink.Topic))
	}
	return errs
}

func checkGlobs(p spec.Pipeline, at string, globs []string) (errs spec.Errors) {
	for i, g := range globs {
		if _, err := path.Match(g, ""); err != nil {
			errs = append(errs, p.Errorf(fmt.Sprintf("%s[%d]", at, i), "bad glob %q: want *, ? or [a-z]", g))
		}
	}
	return errs
}

// checkMap finds two fields that are given one name.
func checkMap(p spec.Pipeline) (errs spec.Errors) {
	by := map[string]string{}
	for _, from := range sortedKeys(p.Sources[0].Map) {
		to := p.Sources[0].Map[from]
		if other, ok := by[to]; ok {
			errs = append(errs, p.Errorf("source.map."+from, "%s and %s are both renamed %s: output names must differ", other, from, to))
		}
		by[to] = from
	}
	return errs
}

// DidYouMean suggests a known word near to one that is not known: " (did you
// mean x?)", or "".
func DidYouMean(word string, known []string) string {
	if s := spec.Suggest(word, known); s != "" {
		return fmt.Sprintf(" (did you mean %s?)", s)
	}
	return ""
}
