// Package kafka runs plans on Kafka. It is the only room that touches the
// network: groups, transactions, topics, schema registries and dead letters.
//
//	Run -> one run a plan -> check, discover -> session -> pipeline.Worker.Step
//
// A session is one membership of the plan's consumer group with one stream of
// transactions. It is the pipeline.Client of its worker: what it polls is decoded
// into columns, ahead of it (read.go, rows.go), what the worker decides to commit becomes one
// transaction (commit.go). Assignments reach the worker as events, in the order
// in which Kafka made them (balancer.go, assign.go): the worker's state has one
// owner and needs no lock. On any error whose outcome is unknown the session is
// thrown away, and the next one starts from what the broker has.
package kafka

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// Config is what Run needs beside the plans.
type Config struct {
	Brokers    []string
	Registries map[string]string // URL by name; "sink" is where results are described
	Group      string            // prefix of the consumer groups
	Instance   string            // part of the transactional id; "" takes a random one
	Start      *spec.Start       // in place of the specs'
	UntilEnd   bool              // stop once everything present at the start is committed
	CloseOpen  bool              // then emit the windows that are still open
	Accept     bool              // take commits that are not aggrun's
	FromSink   bool              // begin after the results that sinks have where the group has lost its offsets
	Loaded     time.Time         // when the plans' specs were loaded: members with the newest share the work; zero: now
	Log        *slog.Logger
	Timing     Timing
	Options    []kgo.Opt // for every client, after aggrun's own
	// Cluster is how to reach the brokers, and Access the registries, by name; nil, and
	// what is not there: by address alone.
	Cluster *connect.Cluster
	Access  map[string]*connect.Registry
	// Between stands between each worker and its session; nil: nothing does.
	Between func(pipeline.Client) pipeline.Client
	// Writers are all the plans that are loaded, run here or not: no glob reads
	// what one of them writes. nil: those that run.
	Writers []*pipeline.Plan
	// Fatal ends the process: a transaction does not end, and only a new
	// process can tell what became of it.
	Fatal func(error)
	// Monitor is told how the pipelines stand. nil: nobody asks.
	Monitor *Monitor

	named  bool    // Instance was given: another process may have the same
	common *shared // what the plans share; nil: a plan has it alone
}

// Timing is how long things may take; zero values take the defaults.
type Timing struct {
	Session     time.Duration // after which the group gives a silent member up: 10 s
	Heartbeat   time.Duration // 3 s
	Rebalance   time.Duration // how long members may take to join again: 10 s
	Transaction time.Duration // after which the broker aborts: 30 s, more than Session and Rebalance together
	Discover    time.Duration // between looks for new topics and partitions: 10 s
	MetadataMin time.Duration // between metadata requests after an error, before which nothing is tried again: 250 ms
}

func (t Timing) withDefaults() Timing {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&t.Session, 10*time.Second)
	def(&t.Heartbeat, 3*time.Second)
	def(&t.Rebalance, 10*time.Second)
	def(&t.Transaction, 30*time.Second)
	def(&t.Discover, 10*time.Second)
	def(&t.MetadataMin, 250*time.Millisecond)
	return t
}

// Report says what became of the source records that this process committed.
type Report struct {
	Pipeline string
	Counts   map[pipeline.Partition]pipeline.Counts
	Results  int64
	Last     time.Time // when the last commit was answered
}

// Run runs the plans until ctx ends, or under UntilEnd until everything is
// committed. Pipelines share no failure: the error holds that of each that ended
// with one.
func Run(ctx context.Context, cfg Config, plans []*pipeline.Plan) ([]Report, error) {
	cfg.Timing = cfg.Timing.withDefaults()
	if cfg.named = cfg.Instance != ""; !cfg.named {
		cfg.Instance = randomName()
	}
	if cfg.Loaded.IsZero() {
		cfg.Loaded = time.Now()
	}
	if cfg.Writers == nil {
		cfg.Writers = plans
	}
	if cfg.Cluster != nil {
		cfg.Options = append(cfg.Cluster.Options(), cfg.Options...)
	}
	var err error
	if cfg.common, err = newShared(cfg); err != nil {
		return make([]Report, len(plans)), err
	}
	defer cfg.common.close()
	for _, plan := range plans {
		cfg.Monitor.of(plan.Spec.Name) // all are known before one begins
	}
	if err := cfg.reach(ctx); err != nil {
		return make([]Report, len(plans)), err
	}
	reports, errs := make([]Report, len(plans)), make([]error, len(plans))
	var wg sync.WaitGroup
	for i, plan := range plans {
		wg.Go(func() {
			reports[i], errs[i] = runPlan(ctx, cfg, plan)
			if errs[i] != nil && ctx.Err() == nil {
				cfg.Log.Error("the pipeline has stopped", "pipeline", plan.Spec.Name, "error", errs[i])
			}
		})
	}
	wg.Wait()
	return reports, errors.Join(errs...)
}

func runPlan(ctx context.Context, cfg Config, plan *pipeline.Plan) (Report, error) {
	r, err := newRun(cfg, plan)
	if err != nil {
		cfg.Monitor.of(plan.Spec.Name).stopped(err, false)
		return Report{Pipeline: plan.Spec.Name}, named(plan, err)
	}
	defer r.close()
	if err = r.prepare(ctx); err == nil {
		err = r.sessions(ctx)
	}
	told := err != nil && ctx.Err() != nil && !errors.As(err, new(*pipeline.Stop))
	if told {
		err = nil
	}
	r.watch.stopped(err, told)
	return r.report, named(plan, err)
}

// reach refuses brokers that will not have us, however long we wait.
func (cfg Config) reach(ctx context.Context) error {
	if cfg.Cluster == nil {
		return nil
	}
	return cfg.Cluster.Reach(ctx, cfg.common.client)
}

// explain says what an error of a broker means, where that is known.
func (cfg Config) explain(err error) error {
	if cfg.Cluster == nil {
		return err
	}
	return cfg.Cluster.Explain(err)
}

// named gives an error the name of its pipeline.
func named(plan *pipeline.Plan, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pipeline %s: %w", plan.Spec.Name, err)
}

func randomName() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
