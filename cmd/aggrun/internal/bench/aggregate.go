package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
	"github.com/aggrun/aggrun/spec"
)

// Chosen is the pipeline to measure, as commands are told of it.
type Chosen struct {
	Paths []string `json:"paths"` // of specs
	Tags  []string `json:"tags,omitempty"`
	Only  string   `json:"only,omitempty"` // its name; "" where there is but one
	VM    bool     `json:"vm,omitempty"`   // by expr's virtual machine
}

// load finds the pipeline in its specs and checks it as it stands there, so that
// mistakes have the user's names and places.
func (c Chosen) load() (spec.Pipeline, error) {
	loaded, err := spec.Load(c.Paths, spec.Options{Tags: c.Tags})
	if err != nil {
		return spec.Pipeline{}, err
	}
	var names []string
	for _, p := range loaded.Pipelines {
		if p.Name == c.Only || c.Only == "" && len(loaded.Pipelines) == 1 {
			_, err := pipeline.Compile(p, pipeline.Options{VM: c.VM})
			return p, err
		}
		names = append(names, p.Name)
	}
	return spec.Pipeline{}, fmt.Errorf("choose one of these pipelines by --only: %s", strings.Join(names, ", "))
}

// onto is the pipeline with the bench's topics instead of its sources': a source
// alone reads all of them, by a glob where there are several, and several deal
// them out. What it writes goes to topics whose names begin with sinks.
func onto(p spec.Pipeline, name, sinks string, topics []string) (spec.Pipeline, error) {
	if len(p.Sources) > len(topics) {
		return p, fmt.Errorf("the pipeline has %d sources: give as many --topics, or more", len(p.Sources))
	}
	dealt := make([][]string, len(p.Sources))
	for i, topic := range topics {
		dealt[i%len(dealt)] = append(dealt[i%len(dealt)], topic)
	}
	if len(dealt) == 1 && len(topics) > 1 {
		dealt[0] = []string{strings.TrimRight(topics[0], "0123456789") + "???"}
	}
	for i := range p.Sources {
		s := &p.Sources[i]
		s.Topics, s.Regex, s.Exclude = dealt[i], "", nil
	}
	sink := "results"
	if strings.Contains(p.Sink.Topic, "{") {
		sink = "{topic}"
	}
	p.Name = name
	p.Sink.Topic, p.Sink.Create, p.Sink.Replication = sinks+"-"+sink, true, -1
	p.Sink.Config = topicConfig() // results are as old as what they are of
	return p, nil
}

// aggregate runs the pipeline as run --until-end does.
func (j Job) aggregate(ctx context.Context, log *slog.Logger, m *meter) (Sample, time.Time, error) {
	plan, err := j.plan(j.Name, j.Sinks, j.Topics)
	if err != nil {
		return Sample{}, time.Time{}, err
	}
	cfg := j.config(plan, log, m)
	cfg.UntilEnd = true
	reports, err := kafka.Run(ctx, cfg, []*pipeline.Plan{plan})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Sample{}, time.Time{}, err
	}
	s, err := j.account(reports[0])
	return s, reports[0].Last, err
}

// plan is the pipeline's under a name, reading the topics.
func (j Job) plan(name, sinks string, topics []string) (*pipeline.Plan, error) {
	p, err := j.Pipeline.load()
	if err != nil {
		return nil, err
	}
	if p, err = onto(p, name, sinks, topics); err != nil {
		return nil, err
	}
	return pipeline.Compile(p, pipeline.Options{VM: j.Pipeline.VM})
}

// config is what one pipeline runs with; its clients tell the hook what they do.
func (j Job) config(plan *pipeline.Plan, log *slog.Logger, hook kgo.Hook) kafka.Config {
	registries := map[string]string{spec.SourceRegistry: j.Source, spec.SinkRegistry: j.Sink}
	for _, s := range plan.Spec.Sources {
		registries[s.Registry] = j.Source
	}
	return kafka.Config{
		Brokers: j.Brokers, Registries: registries, Group: plan.Spec.Name,
		Start: &spec.Start{Kind: spec.StartEarliest},
		Log:   log, Options: []kgo.Opt{kgo.WithHooks(hook)},
		Fatal: func(err error) { log.Error("the transaction's outcome is not known", "error", err); os.Exit(1) },
	}
}

// account checks that every record was aggregated, or left out as the spec wants.
func (j Job) account(r kafka.Report) (Sample, error) {
	var c pipeline.Counts
	for _, of := range r.Counts {
		c.Add(of)
	}
	done := c.Aggregated + c.Filtered
	if !j.Ordered {
		done += c.Late
	}
	if done != j.Records || c.Offsets() != j.Records {
		return Sample{}, fmt.Errorf("of %d records %d were aggregated, %d filtered, %d late, %d skipped, %d bad, %d others: the measurement is void",
			j.Records, c.Aggregated, c.Filtered, c.Late, c.Skipped, c.Bad, c.Other)
	}
	return Sample{Results: r.Results, Filtered: c.Filtered, Late: c.Late}, nil
}
