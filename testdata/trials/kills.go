package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// kills is the trial of two workers under load, one of them killed and started again: at points of the protocol, each in
// turn, and by chance.
type kills struct {
	kills, must, topics  int
	steer                int
	rate                 float64 // records a second in all topics together
	records              int64
	least, most, restart time.Duration
	limit                time.Duration // for the median until new results are visible
}

func bindKills(fs *flag.FlagSet) func(context.Context, *stage) error {
	k := &kills{}
	fs.IntVar(&k.kills, "kills", 20, "`NUMBER` of kills")
	fs.IntVar(&k.must, "must", 0, "`NUMBER` of kills that must hit a worker at work; four of ten by default")
	fs.IntVar(&k.topics, "topics", 10, "`NUMBER` of topics")
	fs.Float64Var(&k.rate, "rate", 20_000, "records a second, all topics together")
	fs.Int64Var(&k.records, "records", 0, "least `NUMBER` of records; 100,000 for each kill by default")
	fs.DurationVar(&k.least, "least", 5*time.Second, "least `TIME` before a kill by chance")
	fs.DurationVar(&k.most, "most", 15*time.Second, "most `TIME` before a kill by chance")
	fs.IntVar(&k.steer, "steer", 4, "every `N`th kill, if by chance, waits until the victim has a transaction open; 0 for none")
	fs.DurationVar(&k.restart, "restart", time.Second, "`TIME` until a killed worker is started again")
	fs.DurationVar(&k.limit, "limit", 20*time.Second, "most `TIME` until new results are visible, at the median")
	return k.run
}

func (k *kills) run(ctx context.Context, s *stage) error {
	random := rand.New(rand.NewPCG(uint64(s.seed), 0))
	d, err := s.disturb(ctx, k.topics, "3s", "10s")
	if err != nil {
		return err
	}
	d.steer = k.steer
	points, err := s.points(ctx, d.first)
	if err != nil {
		return err
	}
	producer, err := k.produce(s)
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w1", "w2"); err != nil {
		return err
	}
	s.say("%.0f records/s to %d topics of %d partitions, 20 %% disordered, partition 0 empty, partition 1 silent for 30 s; seed %d",
		k.rate, k.topics, partitions, s.seed)
	d.heads()
	if err := k.killing(ctx, d, random, schedule(random, points, k.kills), producer); err != nil {
		return err
	}
	return k.conclude(ctx, d, points, producer)
}

// killing kills as it is scheduled: who was killed last is started again with the next point to fail at. A point that a
// worker did not come to in time has its turn again at the end, which at most doubles the kills.
func (k *kills) killing(ctx context.Context, d *disturbed, random *rand.Rand, schedule []string, producer *process) error {
	var h *holder
	most := 2 * len(schedule)
	for i := 0; i < len(schedule); i++ {
		point := schedule[i]
		if point == "" {
			if err := pause(ctx, k.least+time.Duration(random.Float64()*float64(k.most-k.least))); err != nil {
				return err
			}
			h = d.draw(ctx, random)
		}
		if producer.ended() {
			return fmt.Errorf("aggrun produce ended before kill %d: %w", i+1, errors.Join(producer.err, errors.New(producer.said(5))))
		}
		if err := d.kill(ctx, h); err != nil {
			return err
		}
		if h.point == missed && len(schedule) < most {
			schedule = append(schedule, point)
		}
		h.point = ""
		if i+1 < len(schedule) && schedule[i+1] != "" {
			h.point = passing(random, schedule[i+1])
		}
		if err := d.again(ctx, h, k.restart); err != nil {
			return err
		}
	}
	return nil
}

func (k *kills) produce(s *stage) (*process, error) {
	return s.produce(s.name, k.topics,
		"--frequency", strconv.FormatFloat(k.rate/float64(k.topics), 'f', -1, 64),
		"--disorder", "20", "--disorder-by", "2s", "--empty", "0", "--silent", "1=30s@1m")
}

// conclude lets everything end and compares.
func (k *kills) conclude(ctx context.Context, d *disturbed, points []string, producer *process) error {
	least := cmp.Or(k.records, int64(k.kills)*100_000)
	err := await(ctx, time.Hour, fmt.Sprintf("%d records are produced", least), func() (bool, error) {
		n, err := d.records(ctx, d.topics)
		return n >= least, cmp.Or(err, d.fallen())
	})
	if err != nil {
		return err
	}
	if err := producer.stop(ctx); err != nil {
		return err
	}
	d.say("%s  produced: %s", d.at(), producer.said(1))
	if err := d.end(ctx); err != nil {
		return err
	}
	busy := 0
	for _, kill := range d.kills {
		if kill.busy > 0 {
			busy++
		}
	}
	must := cmp.Or(k.must, 2*len(d.kills)/5)
	d.check(busy >= must, "%d of %d kills hit a worker that owned a shard with lag and open windows (at least %d must)", busy, len(d.kills), must)
	d.hits(points)
	d.recoveries(k.limit, func(kill killed) time.Time { return kill.at })
	return d.compare(ctx)
}

// hits prints how often workers were killed at each point; where there were kills for all, each must have been hit.
func (d *disturbed) hits(points []string) {
	hits := map[string]int{}
	for _, kill := range d.kills {
		hits[pointOf(kill.point)]++
	}
	d.say("%14s  %s", "point", "kills")
	unhit := 0
	for _, point := range points {
		d.say("%14s  %5d", point, hits[point])
		if hits[point] == 0 {
			unhit++
		}
	}
	d.say("%14s  %5d", "by chance", hits[""])
	d.say("%14s  %5d", missed, hits[missed])
	all := len(points) + len(points)/3
	d.check(unhit == 0 || len(d.kills) < all, "%d of %d points were hit", len(points)-unhit, len(points))
}

// draw chooses who is killed. One who owns nothing is spared for the other, but for one time in four: a worker that is
// just joining may be hit too.
func (d *disturbed) draw(ctx context.Context, random *rand.Rand) *holder {
	i, spare := random.IntN(len(d.workers)), random.IntN(4) > 0
	h := d.workers[i]
	owned, err := d.owned(ctx, d.first, h, d.follower, d.topics)
	if err == nil && len(owned) == 0 && spare {
		return d.workers[(i+1)%len(d.workers)]
	}
	return h
}

// median of values; 0 of none.
func median[T time.Duration | float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
