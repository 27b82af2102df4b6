package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// brokers is the trial of a cluster of three of which one is killed and started again, each in turn. It wants an instance
// that testdata/real/stack started with AGGRUN_BROKERS=3, whose variables it finds in the environment.
type brokers struct {
	kills, topics int
	rate          float64
	down, least   time.Duration
}

func bindBrokers(fs *flag.FlagSet) func(context.Context, *stage) error {
	b := &brokers{}
	fs.IntVar(&b.kills, "kills", 2, "`NUMBER` of kills")
	fs.IntVar(&b.topics, "topics", 6, "`NUMBER` of topics")
	fs.Float64Var(&b.rate, "rate", 5000, "records a second, all topics together")
	fs.DurationVar(&b.down, "down", 12*time.Second, "`TIME` that a broker is down: the others give it up after 9 s")
	fs.DurationVar(&b.least, "least", 5*time.Second, "`TIME` of good work before each kill")
	return b.run
}

func (b *brokers) run(ctx context.Context, s *stage) error {
	all := strings.Split(s.brokers, ",")
	if len(all) < 3 {
		return fmt.Errorf("%d brokers (%s): want three (AGGRUN_BROKERS=3 testdata/real/stack up)", len(all), s.brokers)
	}
	// A producer waits for a leader for as long as that takes, and nobody is idle meanwhile: nothing is late by a kill.
	d, err := s.disturb(ctx, b.topics, "5s", "2m")
	if err != nil {
		return err
	}
	producer, err := s.produce(s.name, b.topics, "--frequency", strconv.FormatFloat(b.rate/float64(b.topics), 'f', -1, 64),
		"--disorder", "20", "--disorder-by", "2s")
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w1", "w2"); err != nil {
		return err
	}
	s.say("%.0f records/s to %d topics of %d partitions on %d brokers, two workers; seed %d", b.rate, b.topics, partitions, len(all), s.seed)
	for i := range b.kills {
		if err := b.roll(ctx, d, i, len(all)); err != nil {
			return err
		}
		if producer.ended() {
			return fmt.Errorf("aggrun produce ended: %w", errors.Join(producer.err, errors.New(producer.said(5))))
		}
	}
	if err := producer.stop(ctx); err != nil {
		return err
	}
	if err := d.end(ctx); err != nil {
		return err
	}
	return d.compare(ctx)
}

// roll kills one broker, lets the others go on without it, starts it again, and waits until all replicas are in sync.
func (b *brokers) roll(ctx context.Context, d *disturbed, i, n int) error {
	node := "kafka"
	if i%n > 0 {
		node += "-" + strconv.Itoa(i%n+1)
	}
	if err := pause(ctx, b.least); err != nil {
		return err
	}
	led := d.led(ctx, int32(i%n+1))
	if err := d.stack(ctx, "kill", node); err != nil {
		return err
	}
	d.say("%4d  %s  %s is killed, which led %d partitions", i+1, d.at(), node, led)
	killed := time.Now()
	if err := d.settled(ctx); err != nil {
		return err
	}
	if err := pause(ctx, time.Until(killed.Add(b.down))); err != nil {
		return err
	}
	if err := d.stack(ctx, "start", node); err != nil {
		return err
	}
	err := await(ctx, 2*time.Minute, "every replica is in sync", func() (bool, error) {
		return d.synced(ctx), d.fallen()
	})
	d.say("%4d  %s  %s is back, every replica in sync", i+1, d.at(), node)
	return err
}

// stack runs testdata/real/stack.
func (s *stage) stack(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, filepath.Join(s.root, "testdata/real/stack"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("stack %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// led is how many partitions a broker leads.
func (s *stage) led(ctx context.Context, node int32) (n int) {
	all, err := s.admin.ListTopicsWithInternal(ctx)
	if err != nil {
		return 0
	}
	for _, topic := range all {
		for _, p := range topic.Partitions {
			if p.Leader == node {
				n++
			}
		}
	}
	return n
}

// synced tells that every partition has all its replicas in sync.
func (s *stage) synced(ctx context.Context) bool {
	all, err := s.admin.ListTopicsWithInternal(ctx)
	if err != nil {
		return false
	}
	for _, topic := range all {
		for _, p := range topic.Partitions {
			if len(p.ISR) < len(p.Replicas) {
				return false
			}
		}
	}
	return true
}
