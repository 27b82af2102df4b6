package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

const specFlag = "spec"

// specs is which specs a command works on.
type specs struct {
	paths, tags []string
	vm          bool
}

func (f *specs) bind(fs *pflag.FlagSet) {
	fs.StringArrayVarP(&f.paths, specFlag, "f", nil, "read the spec at `PATH`, a file or a folder, or DIR/... for all folders under it; repeats")
	fs.StringArrayVarP(&f.tags, "tag", "t", nil, "give CUE fields with @tag(NAME) their value by `NAME=VALUE`; repeats")
}

// bindVM is for the commands that evaluate expressions, or tell what will.
func (f *specs) bindVM(fs *pflag.FlagSet) {
	fs.BoolVar(&f.vm, "vm", false, "evaluate every expression by expr's virtual machine: the same results, slower, to tell whether the faster columns are at fault")
}

// load reads and compiles the specs: shape and meaning, with every mistake of
// either.
func (f *specs) load() (*spec.Spec, []*pipeline.Plan, error) {
	if len(f.paths) == 0 {
		return nil, nil, errors.New("no spec: give one by -f PATH")
	}
	s, err := spec.Load(f.paths, spec.Options{Tags: f.tags})
	if err != nil {
		return nil, nil, err
	}
	plans, err := compile(s.Pipelines, pipeline.Options{VM: f.vm})
	return s, plans, err
}

func compile(pipelines []spec.Pipeline, o pipeline.Options) ([]*pipeline.Plan, error) {
	var plans []*pipeline.Plan
	var mistakes spec.Errors
	for _, p := range pipelines {
		plan, err := pipeline.Compile(p, o)
		var some spec.Errors
		if err != nil && !errors.As(err, &some) {
			return nil, err
		}
		plans, mistakes = append(plans, plan), append(mistakes, some...)
	}
	if len(mistakes) == 0 {
		mistakes = sharedSinks(plans)
	}
	return plans, mistakes.Err()
}

// sharedSinks finds pipelines that write one topic, as far as names tell without
// a cluster: of globs it is found at start.
func sharedSinks(plans []*pipeline.Plan) (mistakes spec.Errors) {
	writer := map[string]*pipeline.Plan{}
	for _, p := range plans {
		for _, sink := range knownSinks(p) {
			if first, ok := writer[sink]; ok && first != p {
				mistakes = append(mistakes, p.Spec.Errorf("sink.topic", "pipelines %s and %s both write %s: give one of them another sink.topic",
					first.Spec.Name, p.Spec.Name, sink))
				continue
			}
			writer[sink] = p
		}
	}
	return mistakes
}

// knownSinks are the sink topics that follow from the spec alone.
func knownSinks(p *pipeline.Plan) []string {
	var sinks []string
	if sink := p.Spec.Sink.Topic; p.Sink("") == sink {
		sinks = append(sinks, sink)
	}
	for _, topic := range p.Exact() {
		sinks = append(sinks, p.Sink(topic))
	}
	slices.Sort(sinks)
	return slices.Compact(sinks)
}

// only keeps the pipelines of these names; none keeps all.
func only(plans []*pipeline.Plan, names []string) ([]*pipeline.Plan, error) {
	if len(names) == 0 {
		return plans, nil
	}
	var known []string
	for _, p := range plans {
		known = append(known, p.Spec.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--only: no pipeline %s%s; there are %s", name, pipeline.DidYouMean(name, known), strings.Join(known, ", "))
		}
	}
	var kept []*pipeline.Plan
	for _, p := range plans {
		if slices.Contains(names, p.Spec.Name) {
			kept = append(kept, p)
		}
	}
	return kept, nil
}
