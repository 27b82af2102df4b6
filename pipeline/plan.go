package pipeline

import (
	"cmp"
	"fmt"
	"math"
	"path"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline/expression"
	"github.com/aggrun/aggrun/spec"
)

// Plan is a compiled pipeline: immutable, and shared by all that run it.
type Plan struct {
	Spec        spec.Pipeline
	Operations  []functions.Function
	Fingerprint Fingerprint

	windows
	grace, idle, maxFuture int64 // ns
	gather                 int   // results
	cells                  int   // the bound of alignment
	maxSamples             int64 // values

	sources    []*source
	kinds      []functions.Kind // the accumulators that Operations read, each once
	slots      []int            // of each operation's kind in kinds
	inputs     []input
	calls      []call                   // each once
	aggregates []*expression.Expression // over the values of calls
	groups     []GroupField
}

// urgent is how many results and dead letters make a commit due: so many that it is
// worth while.
func (p *Plan) urgent() int { return max(p.gather/4, 1) }

// Options say how a plan is run.
type Options struct {
	// VM runs every expression by expr's virtual machine, which gives the same
	// results as columns do, slower.
	VM bool
	// Results is about how many one commit takes; 0 is 10,000. Of two windows with
	// so many groups each, the second waits for the next commit.
	Results int
	// Cells is the bound of alignment (align.go): about how many groups of panes and
	// partitions a worker holds open for the partitions that are ahead; 0 is 8,192.
	Cells int
}

// Compile checks what the words of a spec mean together. The error is
// spec.Errors, all of them.
func Compile(p spec.Pipeline, o Options) (*Plan, error) {
	plan := &Plan{
		Spec:        p,
		Fingerprint: fingerprint(p),
		windows:     windows{int64(p.Window.Size), int64(cmp.Or(p.Window.Advance, p.Window.Size)), int64(p.Window.Offset)},
		grace:       int64(p.Window.Grace),
		idle:        int64(p.Idle),
		maxFuture:   int64(p.MaxFuture),
		gather:      cmp.Or(o.Results, gatherResults),
		cells:       cmp.Or(o.Cells, alignCells),
		maxSamples:  cmp.Or(p.MaxSamples, math.MaxInt64),
	}
	var drafts []*draft
	errs := plan.compileOperations()
	for _, s := range p.Sources {
		d, bad := plan.compileSource(s)
		errs = append(errs, bad...)
		drafts = append(drafts, d)
		plan.sources = append(plan.sources, d.source)
	}
	vm := expression.Options{VM: o.VM}
	if errs == nil {
		errs = plan.compileAggregates(drafts, vm)
		plan.operateDerived(drafts)
		errs = append(errs, plan.compileGroups(drafts)...)
		errs = append(errs, plan.checkAggregateNames()...)
	} else {
		errs = append(errs, plan.parseAggregates()...)
	}
	if errs == nil {
		for _, d := range drafts {
			d.finish(vm)
		}
	}
	errs = append(errs, plan.checkTopics()...)
	return plan, errs.Err()
}

// checkAggregateNames finds aggregates whose names are taken by groups or the
// window; those that fields take are found with the fields.
func (p *Plan) checkAggregateNames() (errs spec.Errors) {
	taken := p.taken()
	for _, a := range p.Spec.Aggregates {
		if other, ok := taken[a.Name]; ok {
			errs = append(errs, p.Spec.Errorf("aggregates."+a.Name, "the name is taken by %s", other))
		}
	}
	return errs
}

func validGlob(g string) bool {
	_, err := path.Match(g, "")
	return err == nil
}

// DidYouMean suggests a known word near to one that is not known: " (did you
// mean x?)", or "".
func DidYouMean(word string, known []string) string {
	if s := spec.Suggest(word, known); s != "" {
		return fmt.Sprintf(" (did you mean %s?)", s)
	}
	return ""
}
