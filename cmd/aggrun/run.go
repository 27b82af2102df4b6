package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/collector"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
	"github.com/aggrun/aggrun/spec"
)

func runCommand() command {
	return command{
		name: "run",
		doc:  "run the pipelines of specs",
		long: `Runs the pipelines until it is told to stop, by SIGTERM or Ctrl-C. Any number of
workers may run the same specs in the same group: they share the work, and take
over from one another. A pipeline that ends with an error stops no other.

	aggrun run -f pipelines/ --brokers localhost:9092 \
	    --source-registry http://localhost:8081 --sink-registry http://localhost:28081

With --until-end it stops once everything that the topics held at its start is
read, and every window that can close is written; then it tells on stderr what
became of the records. With --dry-run it prints the compiled plans, offline.
`,
		bind: func(fs *pflag.FlagSet) action {
			o := &runOptions{}
			o.bind(fs)
			return o.run
		},
	}
}

// runOptions are the flags of run.
type runOptions struct {
	specs
	connection
	listening
	logging
	only                []string
	group, instance     string
	start               start
	untilEnd, closeOpen bool
	accept, fromSink    bool
	dryRun              bool
}

func (o *runOptions) bind(fs *pflag.FlagSet) {
	o.specs.bind(fs)
	fs.StringSliceVar(&o.only, "only", nil, "run the pipelines `NAME,...` alone")
	o.bindBrokers(fs)
	o.bindSource(fs)
	o.bindSink(fs)
	o.kafka.bind(fs)
	o.ofSource.bind(fs, spec.SourceRegistry)
	o.ofSink.bind(fs, spec.SinkRegistry)
	fs.StringVar(&o.group, "group", "aggrun", "consumer group: `NAME`.<pipeline> of each pipeline")
	orEnvironment(fs, "group", "AGGRUN_GROUP")
	fs.StringVar(&o.instance, "instance", "", "call this worker `NAME`, the same after a restart; random by default")
	orEnvironment(fs, "instance", "AGGRUN_INSTANCE")
	fs.Var(&o.start, "start", "where topics begin that the group has never committed: earliest, latest, a time or an age such as -1h; the spec's by default")
	fs.BoolVar(&o.untilEnd, "until-end", false, "stop once everything present at the start is done")
	fs.BoolVar(&o.closeOpen, "close-open", false, "with --until-end, write the windows that are still open too")
	fs.BoolVar(&o.accept, "accept-offsets", false, "take offsets that aggrun did not commit as records that are done")
	fs.BoolVar(&o.fromSink, "resume-from-sink", false, "where a group has lost its offsets, go on after the last results in the sinks")
	fs.BoolVar(&o.dryRun, "dry-run", false, "check the specs and print the compiled plans, offline")
	o.bindVM(fs)
	o.bindListen(fs)
	o.bindLog(fs, "info")
}

func (o *runOptions) run(ctx context.Context, s streams, _ []string) error {
	if o.fromSink && o.start.Start != nil {
		return errors.New("--resume-from-sink and --start each say where to begin: give one of them")
	}
	if o.closeOpen && !o.untilEnd {
		return errors.New("--close-open goes with --until-end: a worker that goes on leaves its open windows to the next one")
	}
	loaded, all, err := o.load()
	if err != nil {
		return err
	}
	plans, err := only(all, o.only)
	if err != nil {
		return err
	}
	cfg, err := o.config(loaded, s)
	if err != nil {
		return err
	}
	cfg.Writers = all
	if o.dryRun {
		return dryRun(s.out, cfg, plans)
	}
	if len(cfg.Brokers) == 0 {
		return errNoBrokers
	}
	unlisten, err := o.serve(ctx, s, &cfg)
	if err != nil {
		return err
	}
	defer unlisten()
	if err := withFailpoints(&cfg, s.env); err != nil {
		return err
	}
	cfg.Log.Info("aggrun starts", "version", version(), "pipelines", planNames(plans), "brokers", strings.Join(cfg.Brokers, ","), "group", cfg.Group)
	collector.MakeRoom(ctx)
	reports, err := kafka.Run(ctx, cfg, plans)
	if o.untilEnd {
		summarise(s.err, reports)
	}
	return err
}

func (o *runOptions) config(loaded *spec.Spec, s streams) (kafka.Config, error) {
	cfg := kafka.Config{
		Group: o.group, Instance: o.instance,
		Start: o.start.Start, UntilEnd: o.untilEnd, CloseOpen: o.closeOpen, Accept: o.accept, FromSink: o.fromSink, Loaded: time.Now(),
		Log: o.logger(s.err), Fatal: fatal(s),
	}
	return cfg, o.over(&cfg, loaded, s)
}

// fatal ends the process after what only a new process can mend.
func fatal(s streams) func(error) {
	return func(err error) {
		complain(s.err, err)
		os.Exit(1)
	}
}

func planNames(plans []*pipeline.Plan) []string {
	var names []string
	for _, p := range plans {
		names = append(names, p.Spec.Name)
	}
	return names
}

// summarise tells what became of the records that were read. What only some specs
// bring about is told where it came about.
func summarise(w io.Writer, reports []kafka.Report) {
	var all pipeline.Counts
	for _, r := range reports {
		all.Add(total(r))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "pipeline\taggregated\tlate\tskipped\tdead letters\tother\tresults\t")
	fmt.Fprintln(t, textIf(all.Filtered > 0, "filtered\t")+textIf(all.LatePartial > 0, "late in part\t"))
	for _, r := range reports {
		c := total(r)
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t", r.Pipeline, c.Aggregated, c.Late, c.Skipped, c.Bad, c.Other, r.Results)
		fmt.Fprintln(t, textIf(all.Filtered > 0, fmt.Sprintf("%d\t", c.Filtered))+textIf(all.LatePartial > 0, fmt.Sprintf("%d\t", c.LatePartial)))
	}
	_ = t.Flush() // nobody could be told
}

func textIf(there bool, text string) string {
	if there {
		return text
	}
	return ""
}

// total is the sum over partitions.
func total(r kafka.Report) (sum pipeline.Counts) {
	for _, c := range r.Counts {
		sum.Add(c)
	}
	return sum
}
