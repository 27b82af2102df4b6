package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// lone is the trial of one worker, killed and restarted: nobody takes over.
type lone struct {
	kills, topics, steer int
	rate                 float64
	least, most, restart time.Duration
	limit                time.Duration
}

func bindLone(fs *flag.FlagSet) func(context.Context, *stage) error {
	l := &lone{}
	fs.IntVar(&l.kills, "kills", 10, "`NUMBER` of kills")
	fs.IntVar(&l.topics, "topics", 10, "`NUMBER` of topics")
	fs.Float64Var(&l.rate, "rate", 5000, "records a second, all topics together")
	fs.DurationVar(&l.least, "least", 3*time.Second, "least `TIME` of good work before a kill")
	fs.DurationVar(&l.most, "most", 8*time.Second, "most `TIME` of good work before a kill")
	fs.IntVar(&l.steer, "steer", 4, "every `N`th kill waits until the victim has a transaction open; 0 for none")
	fs.DurationVar(&l.restart, "restart", time.Second, "`TIME` until the worker is started again")
	fs.DurationVar(&l.limit, "limit", 20*time.Second, "most `TIME` until new results are visible, at the median")
	return l.run
}

func (l *lone) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, l.topics, "1s", "10s")
	if err != nil {
		return err
	}
	d.steer = l.steer
	producer, err := s.produce(s.name, l.topics, "--frequency", strconv.FormatFloat(l.rate/float64(l.topics), 'f', -1, 64),
		"--disorder", "20", "--disorder-by", "500ms")
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w1"); err != nil {
		return err
	}
	s.say("%.0f records/s to %d topics of %d partitions, one worker; seed %d", l.rate, l.topics, partitions, s.seed)
	d.heads()
	random := rand.New(rand.NewPCG(uint64(s.seed), 0))
	for range l.kills {
		if err := pause(ctx, l.least+time.Duration(random.Float64()*float64(l.most-l.least))); err != nil {
			return err
		}
		if err := d.kill(ctx, d.workers[0]); err != nil {
			return err
		}
		if err := d.again(ctx, d.workers[0], l.restart); err != nil {
			return err
		}
		if err := d.recovered(ctx); err != nil {
			return err
		}
	}
	if err := producer.stop(ctx); err != nil {
		return err
	}
	if err := d.end(ctx); err != nil {
		return err
	}
	d.recoveries(l.limit, func(kill killed) time.Time { return kill.restarted })
	return d.compare(ctx)
}

// recovered waits for new results of all shards that the last victim held.
func (d *disturbed) recovered(ctx context.Context) error {
	kill := d.kills[len(d.kills)-1]
	return await(ctx, 2*time.Minute, fmt.Sprintf("there are new results of the %d shards that the killed worker held", len(kill.owned)), func() (bool, error) {
		_, _, ok := d.visible(kill)
		return ok || len(kill.owned) == 0, d.fallen()
	})
}
