package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/bench"
	"github.com/aggrun/aggrun/embedded"
)

func benchCommand() command {
	return command{
		name: "bench",
		doc:  "measure a pipeline against merely reading its topics",
		long: `Fills topics of its own, then reads them several times, in turns: by a client
that does nothing with the records, which is the floor, and by the pipeline, as
run --until-end does; each is a process of its own. It tells records/s of both,
their ratio, and what processor and memory they take, and removes what it made.
Before the first turn that counts there is one that does not, --warm-up: a broker
that was just started is slow for seconds, and not for both alike.

	aggrun bench --records 1e6 --runs 3
	aggrun bench --brokers localhost:9092 --source-registry http://localhost:8081 \
	    --sink-registry http://localhost:28081 --work all --json=bench.json
	aggrun bench --records 3e6,30e6
	aggrun bench --idle 100

Without --brokers it runs an embedded broker, which takes its share of this
machine. --work chooses what is measured, a load and a pipeline (--work list lists
them, --work all takes them all); the other flags change the load, and -f puts a
pipeline of yours in the place of the work's, its sources replaced by the bench's
topics. Their records have time, salIndex where there are --keys, and value0,
value1 ... or, with --mixed, int0, long1, float2, double3, boolean4, string5, enum6,
nullable7, nested8 (of x and n), int9 ...

That all records were aggregated is checked: without that there is no number. A
million records or more tell of steady reading, fewer of how it begins. Several
--records measure each work with as many, and compare records/s with those of the
fewest.

--idle adds a third process to each turn: the pipeline, and in the same process so
many more like it, whose topics are empty. They poll before the first record is
read and until the last is committed.
`,
		bind: func(fs *pflag.FlagSet) action {
			o := &benchOptions{}
			o.bind(fs)
			return o.run
		},
	}
}

// benchOptions are the flags of bench.
type benchOptions struct {
	specs
	connection
	logging
	work       string
	only       string
	load       bench.Load
	records    quantities
	disorder   float64 // percent
	disorderBy time.Duration
	runs       int
	warmUp     int
	idle       int
	json       string
	profile    string
	job        string
	flags      *pflag.FlagSet
}

// toStdout is --json without a file.
const toStdout = "-"

func (o *benchOptions) bind(fs *pflag.FlagSet) {
	o.flags = fs
	first := bench.Works()[0]
	o.records = quantities{first.Load.Records}
	fs.StringVar(&o.work, "work", first.Name, "measure the work `NAME`; list lists them, all takes them all")
	o.specs.bind(fs)
	fs.StringVar(&o.only, "only", "", "of several pipelines measure `NAME`")
	o.bindVM(fs)
	fs.IntVar(&o.runs, "runs", 5, "read everything `N` times")
	fs.IntVar(&o.warmUp, "warm-up", 1, "before that read everything `N` times without measuring")
	fs.IntVar(&o.idle, "idle", 0, "measure the pipeline with `N` idle ones beside it, too")
	fs.Var(&o.records, "records", "records of all topics together, such as 3000000 or 3e6; several, parted by commas, are measured one after another")
	fs.IntVar(&o.load.Fields, "fields", first.Load.Fields, "`N` fields in each record, beside time")
	fs.BoolVar(&o.load.Mixed, "mixed", false, "fields of mixed types, instead of doubles")
	fs.IntVar(&o.load.Topics, "topics", first.Load.Topics, "`N` topics")
	fs.IntVar(&o.load.Partitions, "partitions", first.Load.Partitions, "`N` partitions of each topic")
	fs.Float64Var(&o.load.Rate, "rate", first.Load.Rate, "records a second of event time in each topic, `HZ`")
	fs.IntVar(&o.load.Keys, "keys", 0, "`N` different record keys, which choose the partition and are numbered by the field salIndex; 0 has neither")
	fs.Float64Var(&o.disorder, "disorder", 0, "let the event time of `PERCENT` of the records lie back")
	fs.DurationVar(&o.disorderBy, "disorder-by", 500*time.Millisecond, "by at most `SPAN`")
	fs.IntVar(&o.load.Batch, "batch", 0, "about `N` records in each batch; 0 is as many as a client puts there that is in a hurry")
	fs.StringVar(&o.load.Compression, "compression", "none", "compress batches by `CODEC`: gzip, snappy, lz4 or zstd")
	fs.StringVar(&o.json, "json", "", "write all numbers as JSON to `FILE`, or to stdout in place of the table")
	fs.Lookup("json").NoOptDefVal = toStdout
	fs.StringVar(&o.profile, "profile", "", "write a CPU profile of every process to the folder `PATH`")
	o.bindBrokers(fs)
	o.bindSource(fs)
	o.bindSink(fs)
	o.bindLog(fs, "warn")
	fs.StringVar(&o.job, benchJob, "", "do what a bench that started this process wants")
	_ = fs.MarkHidden(benchJob) // it is there
}

// benchJob is the flag of the processes that are measured.
const benchJob = "job"

func (o *benchOptions) run(ctx context.Context, s streams, _ []string) error {
	if o.job != "" {
		return o.measured(ctx, s)
	}
	if o.work == "list" {
		bench.List(s.out)
		return nil
	}
	works, err := o.works()
	if err != nil {
		return err
	}
	b := bench.Bench{
		Works: works, VM: o.vm, WarmUp: o.warmUp, Runs: o.runs, Idle: o.idle, Profile: o.profile, Tell: s.err,
		Self: bench.Self{Args: []string{"bench", "--log-level", o.level.word, "--log-format", o.format.word, "--" + benchJob}, Stderr: s.err},
	}
	if len(o.paths) > 0 {
		b.Chosen = &bench.Chosen{Paths: o.paths, Tags: o.tags, Only: o.only, VM: o.vm}
	}
	where, stop, err := o.cluster(&b.Cluster)
	if err != nil {
		return err
	}
	defer stop()
	outcomes, err := b.Run(ctx)
	if err != nil {
		return err
	}
	return o.report(s.out, bench.NewReport(version(), where, outcomes))
}

// measured is the action of a process that is measured. Of an interruption the one
// that started it tells.
func (o *benchOptions) measured(ctx context.Context, s streams) error {
	var job bench.Job
	if err := json.Unmarshal([]byte(o.job), &job); err != nil {
		return err
	}
	if err := job.Work(ctx, o.logger(s.err), s.out); ctx.Err() == nil {
		return err
	}
	return nil
}

// works are those that are named, changed as the flags say that were given, and
// each as often as there are numbers of records.
func (o *benchOptions) works() ([]bench.Work, error) {
	chosen, err := o.named()
	if err != nil {
		return nil, err
	}
	switch {
	case o.runs < 1:
		return nil, fmt.Errorf("--runs %d: want 1 or more", o.runs)
	case o.warmUp < 0 || o.idle < 0 || o.idle > 999:
		return nil, fmt.Errorf("--warm-up %d, --idle %d: want 0 or more, and at most 999 idle ones", o.warmUp, o.idle)
	case len(o.paths) > 0 && len(chosen) > 1:
		return nil, errors.New("-f takes the place of one work's pipeline: choose the load by --work NAME")
	}
	var all []bench.Work
	for _, w := range chosen {
		o.change(&w.Load)
		if len(o.paths) > 0 {
			w.Doc, w.Goal = strings.Join(o.paths, " "), 0
		}
		for _, w.Load.Records = range o.sizes(w.Load) {
			if err := w.Load.Check(); err != nil {
				return nil, err
			}
			all = append(all, w)
		}
	}
	return all, nil
}

func (o *benchOptions) named() ([]bench.Work, error) {
	if o.work == "all" {
		return bench.Works(), nil
	}
	w, ok := bench.Lookup(o.work)
	if !ok {
		return nil, fmt.Errorf("--work %s: there is none; aggrun bench --work list lists them", o.work)
	}
	return []bench.Work{w}, nil
}

// sizes are the numbers of records to measure a load with.
func (o *benchOptions) sizes(l bench.Load) []int64 {
	if o.flags.Changed("records") {
		return o.records
	}
	return []int64{l.Records}
}

// change sets what flags were given for.
func (o *benchOptions) change(l *bench.Load) {
	for flag, set := range map[string]func(){
		"fields":      func() { l.Fields = o.load.Fields },
		"mixed":       func() { l.Mixed = o.load.Mixed },
		"topics":      func() { l.Topics = o.load.Topics },
		"partitions":  func() { l.Partitions = o.load.Partitions },
		"rate":        func() { l.Rate = o.load.Rate },
		"keys":        func() { l.Keys = o.load.Keys },
		"disorder":    func() { l.Disorder, l.DisorderBy = o.disorder/100, o.disorderBy.Seconds() },
		"batch":       func() { l.Batch = o.load.Batch },
		"compression": func() { l.Compression = o.load.Compression },
	} {
		if o.flags.Changed(flag) {
			set()
		}
	}
}

// cluster is the one that is named, or an embedded one, and what ends it.
func (o *benchOptions) cluster(c *bench.Cluster) (where string, stop func(), err error) {
	if len(o.brokers) == 0 {
		e, err := embedded.Start(embedded.Options{})
		if err != nil {
			return "", nil, err
		}
		*c = bench.Cluster{Brokers: e.Brokers(), Source: e.SourceRegistry(), Sink: e.SinkRegistry()}
		return "embedded", func() { _ = e.Close() }, nil // it kept nothing
	}
	switch "" {
	case o.source:
		return "", nil, errors.New("no source registry: give --source-registry or AGGRUN_SOURCE_REGISTRY")
	case o.sink:
		return "", nil, errors.New("no sink registry: give --sink-registry or AGGRUN_SINK_REGISTRY; it may be the source registry")
	}
	*c = bench.Cluster{Brokers: o.brokers, Source: o.source, Sink: o.sink}
	return o.brokers.String(), func() {}, nil
}

// report writes the table and the JSON; stdout takes one of them.
func (o *benchOptions) report(out io.Writer, r bench.Report) error {
	if o.json == toStdout {
		return r.JSON(out)
	}
	r.Text(out)
	if o.json == "" {
		return nil
	}
	file, err := os.Create(o.json)
	if err != nil {
		return err
	}
	return errors.Join(r.JSON(file), file.Close())
}
