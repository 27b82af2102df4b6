package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
)

// idleName is that of idle pipeline i of a bench.
func idleName(bench string, i int) string { return fmt.Sprintf("%s-idle-%03d", bench, i) }

// idleTopics are the empty topics of n idle pipelines, each of which has one for
// each of its sources.
func idleTopics(bench string, n, sources int) (all []string) {
	for i := range n {
		for s := range sources {
			all = append(all, fmt.Sprintf("%s-%d", idleName(bench, i), s))
		}
	}
	return all
}

// standby is idle pipelines at work in this process.
type standby struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error // of those that ended before they were told to
}

// joining bounds how long idle pipelines may take until all of them poll.
const joining = 10 * patience

// standBy runs the job's idle pipelines, if it has any, and returns once each has
// polled its topic. They run until they are stopped, and not until the end of their
// topics, which is where they begin.
func (j Job) standBy(ctx context.Context, log *slog.Logger) (*standby, error) {
	plans, err := j.idlePlans()
	if err != nil {
		return nil, err
	}
	s := &standby{}
	ctx, s.cancel = context.WithCancel(ctx)
	var polling []polls
	for _, plan := range plans {
		first := make(polls, 1)
		polling = append(polling, first)
		cfg := j.config(plan, log, first)
		cfg.Writers = plans
		s.running.Go(func() { s.run(ctx, cfg, plan) })
	}
	if err := awaitPolls(ctx, polling); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (j Job) idlePlans() (plans []*pipeline.Plan, err error) {
	if j.Idle == 0 {
		return nil, nil
	}
	p, err := j.Pipeline.load()
	if err != nil {
		return nil, err
	}
	topics, sources := idleTopics(j.IdleName, j.Idle, len(p.Sources)), len(p.Sources)
	for i := range j.Idle {
		plan, err := j.plan(idleName(j.IdleName, i), topics[i*sources:(i+1)*sources])
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

func (s *standby) run(ctx context.Context, cfg kafka.Config, plan *pipeline.Plan) {
	_, err := kafka.Run(ctx, cfg, []*pipeline.Plan{plan})
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, fmt.Errorf("idle pipeline %s ended: %w", plan.Spec.Name, err))
	s.cancel() // nothing is worth waiting for
}

// stop ends the idle pipelines and tells of those that had ended by themselves: what
// was measured meanwhile is void.
func (s *standby) stop() error {
	s.cancel()
	s.running.Wait()
	return errors.Join(s.errs...)
}

// polls holds something once an idle pipeline has polled: a kgo hook. A session
// fetches nothing before it has joined and its worker has taken its partitions.
type polls chan struct{}

// OnBrokerE2E notes the first answer to a fetch.
func (p polls) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key != kmsg.Fetch.Int16() || e2e.Err() != nil {
		return
	}
	select {
	case p <- struct{}{}:
	default: // it is known
	}
}

func awaitPolls(ctx context.Context, polling []polls) error {
	ctx, cancel := context.WithTimeout(ctx, joining)
	defer cancel()
	for i, p := range polling {
		select {
		case <-p:
		case <-ctx.Done():
			return fmt.Errorf("of %d idle pipelines %d do not poll: %w", len(polling), len(polling)-i, ctx.Err())
		}
	}
	return nil
}
