package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

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
	err     error // where they ended before they were told to
}

// joining bounds how long idle pipelines may take until all of them poll; settling is
// how long they are left alone then, so that they are idle, and not beginning.
const (
	joining  = 10 * patience
	settling = 5 * time.Second
)

// standBy runs the job's idle pipelines, if it has any, and returns once they poll
// their topics. They run until they are stopped, and not until the end of their
// topics, which is where they begin.
func (j Job) standBy(ctx context.Context, log *slog.Logger) (*standby, error) {
	s := &standby{}
	ctx, s.cancel = context.WithCancel(ctx)
	plans, err := j.idlePlans()
	if err != nil || len(plans) == 0 {
		return s, err
	}
	polling := make(polls, answersEach*len(plans))
	cfg := j.config(plans[0], log, polling)
	s.running.Go(func() { s.run(ctx, cfg, plans) })
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
		name := idleName(j.IdleName, i)
		plan, err := j.plan(name, name, topics[i*sources:(i+1)*sources])
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

func (s *standby) run(ctx context.Context, cfg kafka.Config, plans []*pipeline.Plan) {
	_, err := kafka.Run(ctx, cfg, plans)
	if ctx.Err() != nil {
		return
	}
	s.err = fmt.Errorf("the idle pipelines ended: %w", err)
	s.cancel() // nothing is worth waiting for
}

// stop ends the idle pipelines and tells whether they had ended by themselves: what
// was measured meanwhile is void.
func (s *standby) stop() error {
	s.cancel()
	s.running.Wait()
	return s.err
}

// polls fill up as fetches of idle pipelines are answered: a kgo hook. A session
// fetches nothing before it has joined and its worker has taken its partitions.
type polls chan struct{}

// answersEach is how many answers to wait for, for each pipeline: they come to each
// of them at the same pace.
const answersEach = 2

// OnBrokerE2E notes answers to fetches.
func (p polls) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key != kmsg.Fetch.Int16() || e2e.Err() != nil {
		return
	}
	select {
	case p <- struct{}{}:
	default: // there are enough
	}
}

func awaitPolls(ctx context.Context, polling polls) error {
	limit, cancel := context.WithTimeout(ctx, joining)
	defer cancel()
	for i := range cap(polling) {
		select {
		case <-polling:
		case <-limit.Done():
			return fmt.Errorf("of %d answers to fetches of idle pipelines %d have not come: %w", cap(polling), cap(polling)-i, limit.Err())
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(settling):
	}
	return ctx.Err()
}
