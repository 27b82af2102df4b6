// Package bench measures how fast a pipeline reads a topic again, against how fast
// the topic can be read at all.
//
//	Work -> Bench.Run -> topics are made and filled (workload.go, record.go)
//	                  -> turns, each of two processes: the floor (floor.go) and the pipeline (aggregate.go),
//	                     and a third where idle pipelines are wanted beside it (idle.go)
//	                  -> Report (measures.go, report.go), as text and JSON
//
// The processes of a turn change in going first, and a ratio is that of two of one
// turn, so that a machine that is slow for a while is so for both. Each is a
// process of its own, which this program starts of itself with a Job to do
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
	WarmUp  int     // turns of each work that come first and do not count
	Runs    int     // turns that count
	Idle    int     // pipelines beside the measured one, in a process more of each turn
	Profile string  // folder for CPU profiles; "" writes none
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
	if _, err := onto(p, name, name, topics); err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, b.Cluster.clear(name)) }()
	o = Outcome{Work: w.Name, Doc: w.Doc, Goal: w.Goal, Load: w.Load, Idle: b.Idle}
	if o.Filled, err = b.fill(ctx, w.Load, topics); err != nil {
		return o, err
	}
	if b.Idle > 0 {
		if _, err := b.Cluster.prepare(ctx, w.Load, idleTopics(name, b.Idle, len(p.Sources))); err != nil {
			return o, err
		}
	}
	o.describe(b.Tell)
	err = b.turns(ctx, &o, w, Job{
		Cluster: b.Cluster, Name: name, Topics: topics, Sinks: name,
		Records: w.Load.Records, Ordered: w.Load.Disorder == 0, Pipeline: &chosen,
	})
	return o, err
}

// turns takes the turns up that come after the warm-up. Each has a name of its own,
// and all write to the same sinks, as pipelines do that were not begun just now: the
// warm-up makes them, and the first commit to a new topic costs a broker milliseconds
// for each partition, when it makes and maps the index files.
func (b Bench) turns(ctx context.Context, o *Outcome, w Work, j Job) error {
	name := j.Name
	for n := range b.WarmUp + b.Runs {
		j.Name = fmt.Sprintf("%s-r%d", name, n)
		counts := n >= b.WarmUp
		if b.Profile != "" && counts {
			j.Profile = filepath.Join(b.Profile, fmt.Sprintf("%s-%d", b.label(w), n-b.WarmUp+1))
		}
		t, err := b.turn(ctx, n, name, j)
		if err != nil {
			return err
		}
		t.Figures = o.figures(t)
		if counts {
			o.add(t)
		}
		t.tell(b.Tell, n-b.WarmUp+1)
	}
	return nil
}

// label tells a work from others of its name, which have other numbers of records.
func (b Bench) label(w Work) string {
	for _, other := range b.Works {
		if other.Name == w.Name && other.Load.Records != w.Load.Records {
			return fmt.Sprintf("%s-%d", w.Name, w.Load.Records)
		}
	}
	return w.Name
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

// turn is turn n: the floor, and the pipeline alone and with idle ones, which take
// turns in going first. The idle ones have the bench's name and not the turn's: each
// turn finds them as the last one left them.
func (b Bench) turn(ctx context.Context, n int, name string, j Job) (t Turn, err error) {
	floor, beside := j, j
	floor.Pipeline = nil
	beside.Name, beside.Idle, beside.IdleName = j.Name+"-idle", b.Idle, name
	if j.Profile != "" {
		j.Profile, floor.Profile, beside.Profile = j.Profile+".pprof", j.Profile+"-floor.pprof", j.Profile+"-idle.pprof"
	}
	steps := []func() error{
		func() (err error) { t.Floor, err = b.Self.measure(ctx, floor); return err },
		func() (err error) { t.Run, err = b.Self.measure(ctx, j); return err },
	}
	if b.Idle > 0 {
		steps = append(steps, func() error {
			s, err := b.Self.measure(ctx, beside)
			t.WithIdle = &s
			return err
		})
	}
	for i := range steps {
		if err := steps[(n+i)%len(steps)](); err != nil {
			return t, err
		}
	}
	return t, nil
}
