// Package bench measures how fast a pipeline reads a topic again, against how fast
// the topic can be read at all.
//
//	Work -> Bench.Run -> topics are made and filled (workload.go, record.go)
//	                  -> runs, each two processes: the floor (floor.go) and the pipeline (aggregate.go)
//	                  -> Report (report.go), as text and JSON
//
// The floor and the pipeline take turns in going first, and a ratio is that of the
// two of one run, so that a machine that is slow for a while is so for both. Each
// is a process of its own, which this program starts of itself with a Job to do
// (measure.go). All that is made on the cluster has names that begin with a random
// one, and is removed when the work is done, also when it is interrupted
// (cluster.go).
package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Bench is what is to be measured, and on what.
type Bench struct {
	Cluster Cluster
	Works   []Work
	Chosen  *Chosen // the pipeline in place of the works' own
	VM      bool    // of the works' own pipelines
	Runs    int
	Profile string // folder for CPU profiles; "" writes none
	Self    Self
	Tell    io.Writer // progress
}

// Run measures one work after another.
func (b Bench) Run(ctx context.Context) ([]Outcome, error) {
	dir, err := os.MkdirTemp("", "aggrun-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if b.Profile != "" {
		if err := os.MkdirAll(b.Profile, 0o755); err != nil {
			return nil, err
		}
	}
	var all []Outcome
	for _, w := range b.Works {
		o, err := b.measure(ctx, dir, w)
		if ctx.Err() != nil {
			return all, errors.New("interrupted; what was made is removed")
		}
		if err != nil {
			return all, fmt.Errorf("%s: %w", w.Name, err)
		}
		all = append(all, o)
	}
	return all, nil
}

// measure is one work: it is told apart from others on the cluster by its name.
func (b Bench) measure(ctx context.Context, dir string, w Work) (o Outcome, err error) {
	chosen, err := b.choose(dir, w)
	if err != nil {
		return o, err
	}
	p, err := chosen.load()
	if err != nil {
		return o, err
	}
	name, topics := names(w.Load.Topics)
	if _, err := onto(p, name, topics); err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, b.Cluster.clear(name)) }()
	o = Outcome{Work: w.Name, Doc: w.Doc, Goal: w.Goal, Load: w.Load}
	if o.Filled, err = b.fill(ctx, w.Load, topics); err != nil {
		return o, err
	}
	o.describe(b.Tell)
	for n := range b.Runs {
		pair, err := b.pair(ctx, n, w, Job{
			Cluster: b.Cluster, Name: fmt.Sprintf("%s-r%d", name, n), Topics: topics,
			Records: w.Load.Records, Ordered: w.Load.Disorder == 0, Pipeline: &chosen,
		})
		if err != nil {
			return o, err
		}
		o.add(pair)
		o.tell(b.Tell, n)
	}
	return o, nil
}

// choose gives the pipeline of a work: the user's, or its own, as a file.
func (b Bench) choose(dir string, w Work) (Chosen, error) {
	if b.Chosen != nil {
		return *b.Chosen, nil
	}
	path := filepath.Join(dir, w.Name+".yaml")
	return Chosen{Paths: []string{path}, VM: b.VM}, os.WriteFile(path, []byte(w.Text), 0o600)
}

func names(topics int) (name string, all []string) {
	id := make([]byte, 5)
	_, _ = rand.Read(id) // never fails
	name = "aggrun-bench-" + hex.EncodeToString(id)
	for i := range topics {
		all = append(all, fmt.Sprintf("%s-%03d", name, i))
	}
	return name, all
}

func (b Bench) fill(ctx context.Context, l Load, topics []string) (Filled, error) {
	schemas, err := b.Cluster.prepare(ctx, l, topics)
	if err != nil {
		return Filled{}, err
	}
	return newFiller(l, topics, schemas, time.Now()).fill(ctx, b.Cluster.Brokers)
}

// pair is one run: the floor and the pipeline, which take turns in going first.
func (b Bench) pair(ctx context.Context, n int, w Work, j Job) (p Pair, err error) {
	floor := j
	floor.Pipeline = nil
	if b.Profile != "" {
		j.Profile = filepath.Join(b.Profile, fmt.Sprintf("%s-%d.pprof", w.Name, n+1))
		floor.Profile = filepath.Join(b.Profile, fmt.Sprintf("%s-%d-floor.pprof", w.Name, n+1))
	}
	steps := []func() error{
		func() (err error) { p.Floor, err = b.Self.measure(ctx, floor); return err },
		func() (err error) { p.Run, err = b.Self.measure(ctx, j); return err },
	}
	for i := range steps {
		if err := steps[(n+i)%len(steps)](); err != nil {
			return p, err
		}
	}
	return p, nil
}
