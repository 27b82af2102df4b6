package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
	"github.com/aggrun/aggrun/pipeline/status"
)

// run is one plan at work in this process, over all its sessions.
type run struct {
	cfg       Config
	plan      *pipeline.Plan
	log       *slog.Logger
	group     string
	common    *shared
	own       bool        // nobody else has it
	client    *kgo.Client // for everything outside the group
	admin     *admin
	source    []*registry // by source of the plan
	shards    *shards
	origin    pipeline.Origin
	topics    topics
	report    Report
	stands    atomic.Bool      // by, for a newer version of the pipeline
	forbidden map[string]error // topics that must be in no transaction (refused.go)
	watch     *watch           // nil: nobody asks how it stands

	schemas  [][]*codec.Schema // of the topics found before the first session, by source
	prepared bool
}

func newRun(cfg Config, plan *pipeline.Plan) (*run, error) {
	if cfg.Registries["sink"] == "" {
		return nil, stop("there is no sink registry: give registries.sink in the spec, or --sink-registry; it may be the source registry, but that has to be said")
	}
	log := cfg.Log.With("pipeline", plan.Spec.Name)
	common, own := cfg.common, cfg.common == nil
	if own {
		var err error
		if common, err = newShared(cfg); err != nil {
			return nil, err
		}
	}
	r := &run{
		cfg: cfg, plan: plan, log: log,
		group:  cfg.Group + "." + plan.Spec.Name,
		common: common, own: own, client: common.client, admin: common.admin,
		schemas: make([][]*codec.Schema, len(plan.Spec.Sources)),
		watch:   cfg.Monitor.of(plan.Spec.Name),
		report:  Report{Pipeline: plan.Spec.Name, Counts: map[pipeline.Partition]pipeline.Counts{}},
	}
	if err := r.registries(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// transactionalID is the same for each session of a named instance.
func (r *run) transactionalID() string { return r.group + "." + r.cfg.Instance }

// registries finds those of the plan's sources and sinks.
func (r *run) registries() error {
	for _, s := range r.plan.Spec.Sources {
		if r.cfg.Registries[s.Registry] == "" {
			return stop("no registry is named %q: give registries.%[1]s in the spec, or --%[1]s-registry", s.Registry)
		}
		source, err := r.common.registry(r.cfg, s.Registry)
		if err != nil {
			return err
		}
		r.source = append(r.source, source)
	}
	sink, err := r.common.registry(r.cfg, "sink")
	if err != nil {
		return err
	}
	r.shards = newShards(r.plan, r.source, sink, r.log)
	r.shards.watch = r.watch
	r.watch.uses(append(r.source, sink)...)
	return nil
}

func (r *run) close() {
	if r.own {
		r.common.close()
	}
}

// sessions runs one session after another until the work is done, the context
// ends or a Stop says that trying again does not help.
func (r *run) sessions(ctx context.Context) error {
	wait := backoff{least: 100 * time.Millisecond, most: 5 * time.Second}
	fenced := time.Time{}
	for ctx.Err() == nil {
		began := time.Now()
		done, err := r.session(ctx)
		if done || errors.As(err, new(*pipeline.Stop)) {
			return err
		}
		if isFenced(err) && r.cfg.named {
			if time.Since(fenced) < time.Minute {
				return stop("fenced twice within a minute: another process runs as instance %q of group %s", r.cfg.Instance, r.group)
			}
			fenced = time.Now()
		}
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > time.Minute {
			wait.reset()
		}
		r.log.Warn("the session ended; joining again", "error", r.cfg.explain(err))
		wait.sleep(ctx)
	}
	return ctx.Err()
}

// session runs one membership of the group; done tells that nothing is left.
func (r *run) session(ctx context.Context) (done bool, err error) {
	s, err := r.join(ctx)
	if err != nil {
		r.watch.failed(err)
		return false, err
	}
	defer s.close()
	w := pipeline.NewWorker(r.plan, r.between(s), r.cfg.CloseOpen)
	var stopped []pipeline.Stopped
	defer func() {
		r.watch.ended(w, r.report.Counts, err)
		r.account(w.Totals())
	}()
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := w.Step(); err != nil {
			return false, err
		}
		was := stopped
		stopped = w.Stopped()
		r.tellStopped(was, stopped)
		r.watch.stepped(w, r.report.Counts)
		if r.cfg.UntilEnd && w.Finished() {
			if done, err := r.reached(ctx); done || err != nil {
				return done, err
			}
		}
	}
}

// between is the session as its worker sees it.
func (r *run) between(s *session) pipeline.Client {
	if r.cfg.Between == nil {
		return s
	}
	return r.cfg.Between(s)
}

// visibleSoon is how long brokers usually take to show a commit that was answered.
const visibleSoon = 50 * time.Millisecond

// reached tells that the whole group is through; as long as it is not, what
// another member lets go of may come here.
func (r *run) reached(ctx context.Context) (bool, error) {
	r.watch.works(status.Committing)
	defer r.watch.works(status.Step)
	commits, err := r.commits(ctx)
	if err != nil || r.plan.Reached(r.origin, commits, r.cfg.CloseOpen) {
		return err == nil, err
	}
	return false, pause(ctx, visibleSoon)
}

func (r *run) account(totals map[pipeline.Partition]pipeline.Counts) {
	for id, c := range totals {
		sum := r.report.Counts[id]
		sum.Add(c)
		r.report.Counts[id] = sum
	}
}

// isFenced tells that another producer took the transactional id over. Brokers
// differ in the code they give for it, so these are one class.
func isFenced(err error) bool {
	for _, e := range []error{
		kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidTxnState,
		kerr.InvalidProducerIDMapping, kerr.OperationNotAttempted,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func stop(format string, args ...any) error {
	return &pipeline.Stop{Msg: fmt.Sprintf(format, args...)}
}

// backoff waits longer after each failure.
type backoff struct{ least, most, next time.Duration }

func (b *backoff) reset() { b.next = 0 }

func (b *backoff) sleep(ctx context.Context) {
	b.next = min(max(2*b.next, b.least), b.most)
	select {
	case <-ctx.Done():
	case <-time.After(b.next):
	}
}
