package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// inventTopics gives names of topics that the plans would read: their exact ones,
// and three that fit each glob. What another of them writes is left to it.
func inventTopics(plans []*pipeline.Plan) ([]string, error) {
	var topics []string
	for _, p := range plans {
		before := len(topics)
		for _, src := range p.Spec.Sources {
			for _, glob := range src.Topics {
				topics = append(topics, fitting(p, plans, glob)...)
			}
			if src.Regex != "" {
				topics = append(topics, fitting(p, plans, "example-*")...)
			}
		}
		if len(topics) == before && !chained(p, plans) {
			return nil, fmt.Errorf("pipeline %s: no names could be made up that fit its topics; name some in full", p.Spec.Name)
		}
	}
	slices.Sort(topics)
	return slices.Compact(topics), nil
}

// fitting fills the gaps of a glob and keeps the names that p reads from outside.
func fitting(p *pipeline.Plan, all []*pipeline.Plan, glob string) []string {
	var names []string
	for i := range 3 {
		name := strings.NewReplacer("*", fmt.Sprintf("%03d", i), "?", fmt.Sprint(i)).Replace(glob)
		if !strings.Contains(name, "[") && p.Matches(name, all) && !written(name, all) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// written tells that a plan writes the topic, from a topic that its name tells.
func written(topic string, all []*pipeline.Plan) bool {
	for _, p := range all {
		source := topic
		if before, after, ok := strings.Cut(p.Sink("\x00"), "\x00"); ok {
			source = strings.TrimSuffix(strings.TrimPrefix(topic, before), after)
		}
		if source != topic && p.Sink(source) == topic && p.Matches(source, nil) || p.Sink("") == topic {
			return true
		}
	}
	return false
}

// chained tells that everything p reads is written by the others.
func chained(p *pipeline.Plan, all []*pipeline.Plan) bool {
	for _, topic := range p.Exact() {
		if !written(topic, all) {
			return false
		}
	}
	return len(p.Exact()) > 0
}

// sinks are the topics that the plans write, from these topics and from one
// another's sinks.
func sinks(plans []*pipeline.Plan, topics []string) []string {
	known := slices.Clone(topics)
	var found []string
	for i := 0; i < len(known); i++ {
		for _, p := range plans {
			sink := p.Sink(known[i])
			if p.Matches(known[i], plans) && !slices.Contains(found, sink) {
				found, known = append(found, sink), append(known, sink)
			}
		}
	}
	return found
}
