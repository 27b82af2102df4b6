// Command curves measures what aggrun's speed depends on, and draws it: the numbers, pictures and tables of
// docs/performance.md.
//
//	go run ./testdata/curves                              # on an embedded broker
//	. .kafka/env                                          # the addresses, as `make kafka-up` tells them
//	go run ./testdata/curves --brokers $AGGRUN_TEST_BROKERS \
//	    --source-registry $AGGRUN_TEST_SOURCE_REGISTRY --sink-registry $AGGRUN_TEST_SINK_REGISTRY
//	go run ./testdata/curves --only hop,stages            # these anew, and nothing else
//	go run ./testdata/curves --draw                       # from the numbers there are
//
//	curves (curves.go) -> aggrun bench --json (measure.go) -> numbers.json (numbers.go) -> SVG (chart.go, svg.go)
//	stages (stages.go, memory.go) -> go test -bench -> numbers.json -> tables (tables.go)
//
// numbers.json in the folder --out is the one source of pictures and tables, beside bench*.json there, reports of
// aggrun bench --json, which become the table of works. What is not measured yet is said to be so.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// options are the flags.
type options struct {
	out, document       string // paths
	only                string
	draw                bool
	brokers             string
	source, sink        string // URLs
	binary              string
	records             float64
	runs                int
	root                string // of the module
	progress            io.Writer
	warm                bool // the cluster has been worked on
	benchtime, binaries string
}

func main() {
	o := &options{progress: os.Stderr}
	flag.StringVar(&o.out, "out", "docs/performance", "folder `PATH` of numbers and pictures, in the module")
	flag.StringVar(&o.document, "doc", "docs/performance.md", "the document at `PATH` whose tables are written")
	flag.StringVar(&o.only, "only", "", "measure these `NAME,...` alone: curves, or stages")
	flag.BoolVar(&o.draw, "draw", false, "measure nothing: draw from the numbers there are")
	flag.StringVar(&o.brokers, "brokers", "", "`HOST:PORT,...` of the cluster; none: an embedded one")
	flag.StringVar(&o.source, "source-registry", "", "`URL`")
	flag.StringVar(&o.sink, "sink-registry", "", "`URL`")
	flag.StringVar(&o.binary, "binary", "", "`PATH` of aggrun; built from ./cmd/aggrun by default")
	flag.Float64Var(&o.records, "records", 1e6, "`N` records for each point")
	flag.IntVar(&o.runs, "runs", 3, "read everything `N` times")
	flag.StringVar(&o.benchtime, "benchtime", "100ms", "of each micro-benchmark, five times")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "curves:", err)
		cancel()
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context) (err error) {
	if o.root, err = moduleRoot(); err != nil {
		return err
	}
	for _, path := range []*string{&o.out, &o.document} {
		if !filepath.IsAbs(*path) {
			*path = filepath.Join(o.root, *path)
		}
	}
	n, err := readNumbers(o.out)
	if err != nil {
		return err
	}
	if !o.draw {
		if err := o.measure(ctx, &n); err != nil {
			return err
		}
	}
	if err := drawAll(o.out, n); err != nil {
		return err
	}
	return writeTables(o.document, o.out, n)
}

// measure takes up what is wanted, and keeps each part as soon as it is there.
func (o *options) measure(ctx context.Context, n *numbers) error {
	wanted, err := o.wanted()
	if err != nil {
		return err
	}
	if o.binaries, err = os.MkdirTemp("", "curves-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(o.binaries) }()
	if err := o.build(ctx); err != nil {
		return err
	}
	for _, name := range wanted {
		if name == stagesName {
			n.Memory = memory()
			n.Stages, err = o.stages(ctx)
		} else {
			err = o.curve(ctx, curveNamed(name), n)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := n.write(o.out); err != nil {
			return err
		}
	}
	return nil
}

// wanted are the names of what to measure.
func (o *options) wanted() (names []string, err error) {
	all := []string{stagesName}
	for _, c := range curves() {
		all = append(all, c.name)
	}
	if o.only == "" {
		return all, nil
	}
	names = strings.Split(o.only, ",")
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("--only %s: want some of %s", name, strings.Join(all, ","))
		}
	}
	return names, nil
}

func (o *options) build(ctx context.Context) error {
	if o.binary != "" {
		return nil
	}
	o.binary = filepath.Join(o.binaries, "aggrun")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", o.binary, "./cmd/aggrun")
	cmd.Dir, cmd.Stderr = o.root, o.progress
	return cmd.Run()
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
