package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// kills is the trial of two workers under load, one of them killed and started again.
type kills struct {
	duration             time.Duration
	kills, must, topics  int
	steer                int
	rate                 float64 // records a second in all topics together
	least, most, restart time.Duration
	limit                time.Duration // for the median until new results are visible
}

func bindKills(fs *flag.FlagSet) func(context.Context, *stage) error {
	k := &kills{}
	fs.DurationVar(&k.duration, "for", 7*time.Minute, "`TIME` that records are produced")
	fs.IntVar(&k.kills, "kills", 20, "`NUMBER` of kills in that time")
	fs.IntVar(&k.must, "must", 0, "`NUMBER` of kills that must hit a worker at work; three of four by default")
	fs.IntVar(&k.topics, "topics", 10, "`NUMBER` of topics")
	fs.Float64Var(&k.rate, "rate", 20_000, "records a second, all topics together")
	fs.DurationVar(&k.least, "least", 12*time.Second, "least `TIME` between kills")
	fs.DurationVar(&k.most, "most", 25*time.Second, "most `TIME` between kills")
	fs.IntVar(&k.steer, "steer", 4, "every `N`th kill waits until the victim has a transaction open; 0 for none")
	fs.DurationVar(&k.restart, "restart", 2*time.Second, "`TIME` until a killed worker is started again")
	fs.DurationVar(&k.limit, "limit", 20*time.Second, "most `TIME` until new results are visible, at the median")
	return k.run
}

func (k *kills) run(ctx context.Context, s *stage) error {
	random := rand.New(rand.NewPCG(uint64(s.seed), 0))
	waits, err := k.waits(random)
	if err != nil {
		return err
	}
	topics, err := s.makeTopics(ctx, s.name, k.topics)
	if err != nil {
		return err
	}
	d := &disturbed{
		stage: s, topics: topics, steer: k.steer,
		first:  &pipeline{name: s.name + "-first", suffix: "-aggregated", operations: seven, grace: "3s", idle: "10s"},
		second: &pipeline{name: s.name + "-second", suffix: "-undisturbed", operations: seven, grace: "3s", idle: "10s"},
	}
	producer, err := k.produce(s)
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w1", "w2"); err != nil {
		return err
	}
	s.say("%.0f records/s for %v to %d topics of %d partitions, 20 %% disordered, partition 0 empty, partition 1 silent for %v; seed %d",
		k.rate, k.duration, k.topics, partitions, k.silence(), s.seed)
	d.heads()
	for i, wait := range waits {
		if err := pause(ctx, wait); err != nil {
			return err
		}
		if producer.ended() {
			return fmt.Errorf("aggrun produce ended before kill %d: %w", i+1, errors.Join(producer.err, errors.New(producer.said(5))))
		}
		if err := d.kill(ctx, d.draw(ctx, random), k.restart); err != nil {
			return err
		}
	}
	return k.conclude(ctx, d, producer)
}

// waits draws the times between kills, so that all of them fall into the time of producing.
func (k *kills) waits(random *rand.Rand) ([]time.Duration, error) {
	for range 10_000 {
		var waits []time.Duration
		var sum time.Duration
		for range k.kills {
			w := k.least + time.Duration(random.Float64()*float64(k.most-k.least)) - k.restart
			waits = append(waits, w)
			sum += w + k.restart
		}
		if sum < k.duration-10*time.Second {
			return waits, nil
		}
	}
	return nil, fmt.Errorf("%d kills, %v to %v apart, do not fit into %v", k.kills, k.least, k.most, k.duration)
}

// silence is how long partition 1 gets nothing.
func (k *kills) silence() time.Duration { return min(30*time.Second, k.duration/3) }

func (k *kills) produce(s *stage) (*process, error) {
	frequency := k.rate / float64(k.topics)
	return s.produce(s.name, k.topics,
		"--frequency", strconv.FormatFloat(frequency, 'f', -1, 64),
		"--max-messages", strconv.FormatFloat(frequency*k.duration.Seconds(), 'f', 0, 64),
		"--disorder", "20", "--disorder-by", "2s",
		"--empty", "0", "--silent", fmt.Sprintf("1=%v@%v", k.silence(), min(2*time.Minute, k.duration/3)))
}

// conclude lets everything end and compares.
func (k *kills) conclude(ctx context.Context, d *disturbed, producer *process) error {
	if err := producer.wait(ctx); err != nil {
		return err
	}
	d.say("%s  produced: %s", d.at(), producer.said(1))
	if err := d.end(ctx); err != nil {
		return err
	}
	must := k.must
	if must == 0 {
		must = (3*k.kills + 3) / 4
	}
	busy := 0
	for _, kill := range d.kills {
		if kill.busy > 0 {
			busy++
		}
	}
	d.check(busy >= must, "%d of %d kills hit a worker that owned a shard with lag and open windows (at least %d must)", busy, k.kills, must)
	d.recoveries(k.limit, func(kill killed) time.Time { return kill.at })
	return d.compare(ctx)
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
