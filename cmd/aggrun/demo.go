package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/example"
	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/embedded"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
	"github.com/aggrun/aggrun/spec"
)

//go:embed demo.yaml
var demoSpec []byte

func demoCommand() command {
	return command{
		name: "demo",
		doc:  "show a pipeline at work; needs nothing else",
		long: `Runs an embedded broker, a producer that writes to example topics, and a pipeline
that aggregates them, each with its own connections, and prints the results as
they come. It goes on until Ctrl-C, or for --duration, and ends with a summary.

	aggrun demo --duration 20s

With -f it runs other specs, on topics that are made up to match their names, with
the fields that they name.
`,
		bind: func(fs *pflag.FlagSet) action {
			o := &demoOptions{}
			o.bind(fs)
			return o.run
		},
	}
}

// demoOptions are the flags of demo.
type demoOptions struct {
	specs
	listening
	logging
	duration  time.Duration
	frequency float64
}

func (o *demoOptions) bind(fs *pflag.FlagSet) {
	o.specs.bind(fs)
	o.bindVM(fs)
	fs.DurationVar(&o.duration, "duration", 0, "end after `TIME`; 0 goes on until Ctrl-C")
	fs.Float64Var(&o.frequency, "frequency", 10, "messages a second in each topic, `HZ`")
	o.bindListen(fs)
	o.bindLog(fs, "warn")
}

// The demo's topics, and how much of the past it begins with, so that the first
// windows are full at once.
const (
	demoPartitions = 4
	demoFields     = 10
	demoPast       = 3 * time.Second
)

func (o *demoOptions) run(ctx context.Context, s streams, _ []string) error {
	loaded, plans, err := o.demoPlans()
	if err != nil {
		return err
	}
	names, err := inventTopics(plans)
	if err != nil {
		return err
	}
	topics := inventFields(plans, names)
	cluster, err := embedded.Start(embedded.Options{})
	if err != nil {
		return err
	}
	defer cluster.Close()
	source := example.Source{
		Cluster:  &connect.Cluster{Brokers: cluster.Brokers()},
		Registry: connect.Open(spec.SourceRegistry, cluster.SourceRegistry()),
	}
	if _, err := source.Init(ctx, topics, demoPartitions, -1); err != nil {
		return err
	}
	cfg := o.config(loaded, cluster, s)
	unlisten, err := o.serve(ctx, s, &cfg)
	if err != nil {
		return err
	}
	defer unlisten()
	fmt.Fprintf(s.err, "an embedded broker, for demonstration and development; %d topics of %d partitions, %v messages a second each; Ctrl-C ends it\n\n",
		len(topics), demoPartitions, o.frequency)
	d := demonstration{cluster: cluster, source: source, plans: plans, sinks: sinks(plans, names), config: cfg}
	load := example.Load{Topics: topics, Start: time.Now().Add(-demoPast).Truncate(time.Second), Frequency: o.frequency, Seed: 1}
	if o.duration > 0 {
		limited, cancel := context.WithTimeout(ctx, o.duration)
		defer cancel()
		ctx = limited
	}
	return d.run(ctx, load, s)
}

// demoPlans are those of the given specs, or of the demo's own.
func (o *demoOptions) demoPlans() (*spec.Spec, []*pipeline.Plan, error) {
	if len(o.paths) > 0 {
		return o.load()
	}
	dir, err := os.MkdirTemp("", "aggrun-demo-")
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	own := specs{paths: []string{filepath.Join(dir, "demo.yaml")}}
	if err := os.WriteFile(own.paths[0], demoSpec, 0o600); err != nil {
		return nil, nil, err
	}
	return own.load()
}

// config points every registry that the specs name at the embedded ones.
func (o *demoOptions) config(loaded *spec.Spec, cluster *embedded.Cluster, s streams) kafka.Config {
	registries := map[string]string{}
	for name := range loaded.Registries {
		registries[name] = cluster.SourceRegistry()
	}
	registries[spec.SourceRegistry], registries[spec.SinkRegistry] = cluster.SourceRegistry(), cluster.SinkRegistry()
	return kafka.Config{
		Brokers: cluster.Brokers(), Registries: registries, Group: "demo",
		Log: o.logger(s.err), Fatal: fatal(s),
	}
}

// demonstration is the demo at work: a producer, the pipelines, and a reader of
// their sinks.
type demonstration struct {
	cluster  *embedded.Cluster
	source   example.Source
	plans    []*pipeline.Plan
	sinks    []string
	config   kafka.Config
	produced example.Progress
	reports  []kafka.Report
}

// settle is how long the pipelines may go on once the producer has stopped.
const settle = 600 * time.Millisecond

// run produces until ctx ends, and works a little longer.
func (d *demonstration) run(ctx context.Context, load example.Load, s streams) error {
	reader, err := newReader(d.cluster.Brokers(), d.cluster.SinkRegistry(), d.plans, d.sinks)
	if err != nil {
		return err
	}
	defer reader.close()
	after, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 2)
	d.begin(ctx, after, stop, load, ended)
	shown, err := show(after, reader, s.out)
	if err := errors.Join(err, <-ended, <-ended); err != nil {
		return err
	}
	d.conclude(s.err, shown)
	return nil
}

// begin starts the producer, which lives as long as ctx, and the pipelines, which
// live as long as after. The first failure stops both.
func (d *demonstration) begin(ctx, after context.Context, stop func(), load example.Load, ended chan<- error) {
	ctx, enough := context.WithCancel(ctx)
	context.AfterFunc(after, enough)
	go func() {
		var err error
		if d.produced, err = d.source.Produce(ctx, load, 0, nil); err != nil {
			stop()
		}
		time.AfterFunc(settle, stop)
		ended <- err
	}()
	go func() {
		var err error
		d.reports, err = kafka.Run(after, d.config, d.plans)
		stop()
		ended <- err
	}()
}

// conclude sums up what was seen.
func (d *demonstration) conclude(w io.Writer, shown shown) {
	var sum pipeline.Counts
	for _, r := range d.reports {
		sum.Add(total(r))
	}
	filtered := ""
	if sum.Filtered > 0 {
		filtered = fmt.Sprintf("%d filtered, ", sum.Filtered)
	}
	fmt.Fprintf(w, "\n%d records produced, %d aggregated, %s%d late, %d dead letters\n", d.produced.Written, sum.Aggregated, filtered, sum.Late, sum.Bad)
	if slices.ContainsFunc(d.plans, several) {
		fmt.Fprintf(w, "%d results written\n", shown.windows)
		return
	}
	fmt.Fprintf(w, "%d windows written with %d records; %d records are in windows that are still open\n",
		shown.windows, shown.records, max(0, sum.Aggregated-shown.records))
}

// several tells that a window has several results, or a record several windows.
func several(p *pipeline.Plan) bool {
	return len(p.Spec.GroupBy) > 0 || p.Spec.Window.Advance < p.Spec.Window.Size
}
