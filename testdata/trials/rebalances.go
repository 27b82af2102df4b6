package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// rebalances is the trial of a group that never rests: workers come and go in order, faster than it takes to settle.
type rebalances struct {
	changes, topics, most int
	rate                  float64
	soonest, latest       time.Duration
}

func bindRebalances(fs *flag.FlagSet) func(context.Context, *stage) error {
	r := &rebalances{}
	fs.IntVar(&r.changes, "changes", 20, "`NUMBER` of workers that come or go")
	fs.IntVar(&r.topics, "topics", 10, "`NUMBER` of topics")
	fs.IntVar(&r.most, "workers", 4, "most `NUMBER` of workers at a time")
	fs.Float64Var(&r.rate, "rate", 10_000, "records a second, all topics together")
	fs.DurationVar(&r.soonest, "least", time.Second, "least `TIME` between two changes")
	fs.DurationVar(&r.latest, "most", 5*time.Second, "most `TIME` between two changes")
	return r.run
}

func (r *rebalances) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, r.topics, "3s", "10s")
	if err != nil {
		return err
	}
	producer, err := s.produce(s.name, r.topics, "--frequency", strconv.FormatFloat(r.rate/float64(r.topics), 'f', -1, 64),
		"--disorder", "20", "--disorder-by", "2s", "--empty", "0")
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w0"); err != nil {
		return err
	}
	s.say("%.0f records/s to %d topics of %d partitions, 1 to %d workers; seed %d", r.rate, r.topics, partitions, r.most, s.seed)
	left, err := r.storm(ctx, d, rand.New(rand.NewPCG(uint64(s.seed), 0)))
	if err != nil {
		return err
	}
	if err := d.settled(ctx); err != nil {
		return err
	}
	if err := producer.stop(ctx); err != nil {
		return err
	}
	if err := d.end(ctx); err != nil {
		return err
	}
	for _, h := range left {
		d.check(h.wait(ctx) == nil, "worker %s, which was told to go, ended in order", h.instance)
	}
	return d.compare(ctx)
}

// storm lets workers come and go, and returns those that went.
func (r *rebalances) storm(ctx context.Context, d *disturbed, random *rand.Rand) (left []*holder, err error) {
	for i := range r.changes {
		if err := pause(ctx, r.soonest+time.Duration(random.Float64()*float64(r.latest-r.soonest))); err != nil {
			return nil, err
		}
		if err := d.fallen(); err != nil {
			return nil, err
		}
		n := len(d.workers)
		group, what := d.members(ctx, d.first), ""
		if n == 1 || n < r.most && random.IntN(2) == 0 {
			what = fmt.Sprintf("w%d comes", i+1)
			err = d.join(fmt.Sprintf("w%d", i+1))
		} else {
			var h *holder
			h, err = d.leave(random.IntN(n))
			left, what = append(left, h), h.instance+" goes"
		}
		if err != nil {
			return nil, err
		}
		d.say("%4d  %s  %-12s  %s", i+1, d.at(), what, group)
	}
	return left, nil
}

// leave tells a worker to go, which takes it a while.
func (d *disturbed) leave(i int) (*holder, error) {
	h := d.workers[i]
	d.workers = append(d.workers[:i:i], d.workers[i+1:]...)
	return h, h.signal(sigterm)
}

// settled waits until new results of every topic come again.
func (d *disturbed) settled(ctx context.Context) error {
	began := time.Now()
	var from kadm.ListedOffsets
	err := await(ctx, time.Minute, "every partition of the sinks has a leader", func() (bool, error) {
		ends, err := d.ends(ctx, d.first.sinks(d.topics))
		from = ends
		return err == nil, d.fallen()
	})
	if err != nil {
		return err
	}
	for _, topic := range d.topics {
		err := await(ctx, time.Minute, "there are new results of "+topic, func() (bool, error) {
			_, ok := d.follower.since(d.first.sink(topic), from)
			return ok, d.fallen()
		})
		if err != nil {
			return errors.Join(err, fmt.Errorf("group: %s", d.members(ctx, d.first)))
		}
	}
	d.say("%s  new results of all topics, %.1f s after the last change", d.at(), time.Since(began).Seconds())
	return nil
}
