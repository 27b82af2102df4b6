package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"
)

// throughput is the trial of speed: a re-read of a topic by aggrun against a process that reads the same topic and does
// nothing with it. Both are timed from outside, as whole processes. What both cost over a topic of a few records (start,
// connect, join the group, leave it) is told apart, and so is what remains without it.
type throughput struct {
	records, rounds int
}

func bindThroughput(fs *flag.FlagSet) func(context.Context, *stage) error {
	t := &throughput{}
	fs.IntVar(&t.records, "records", 3_000_000, "`NUMBER` of records")
	fs.IntVar(&t.rounds, "rounds", 5, "`NUMBER` of rounds")
	return t.run
}

// few is the size of the topic that shows what does not depend on size.
const few = 4000

func (t *throughput) run(ctx context.Context, s *stage) error {
	many, err := t.fill(ctx, s, s.name, t.records)
	if err != nil {
		return err
	}
	small, err := t.fill(ctx, s, s.name+"-few", few)
	if err != nil {
		return err
	}
	s.say("%d records of %d doubles and time, %d partitions, 1 kHz of event time, 1 s windows of min, max, mean, stdev", t.records, fields, partitions)
	s.say("%5s  %9s  %9s  %6s  %15s  %15s  %6s", "round", "drain", "aggrun", "ratio", "drain of few", "aggrun of few", "ratio less these")
	var whole, less []float64
	for round := range t.rounds {
		var took [4]time.Duration
		for i, topic := range []string{many, small} {
			if took[2*i], err = s.drain(ctx, topic); err != nil {
				return err
			}
			if took[2*i+1], err = s.reread(ctx, topic, round); err != nil {
				return err
			}
		}
		whole = append(whole, took[0].Seconds()/took[1].Seconds())
		less = append(less, (took[0]-took[2]).Seconds()/(took[1]-took[3]).Seconds())
		s.say("%5d  %7.2f s  %7.2f s  %6.2f  %13.2f s  %13.2f s  %6.2f", round+1,
			took[0].Seconds(), took[1].Seconds(), whole[round], took[2].Seconds(), took[3].Seconds(), less[round])
	}
	s.check(median(whole) >= 0.4, "ratio to the raw drain, whole processes: %.2f (median of %d; 0.40 must be)", median(whole), t.rounds)
	s.say("       without what a topic of %d records takes: %.2f (median)", few, median(less))
	return nil
}

// fill makes a topic of so many records.
func (t *throughput) fill(ctx context.Context, s *stage, name string, records int) (string, error) {
	topics, err := s.makeTopics(ctx, name, 1)
	if err != nil {
		return "", err
	}
	age := time.Duration(records)*time.Millisecond + time.Hour
	return topics[0], s.produced(ctx, name, 1, "--frequency", "1000", "--max-messages", strconv.Itoa(records), "--start", "-"+age.String(), "--rate", "max")
}

// drain times a process that reads the topic.
func (s *stage) drain(ctx context.Context, topic string) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	return s.run(ctx, "drain", self, drainArgument, s.brokers, topic)
}

// reread times aggrun over the topic, in a group and into a sink that are new.
func (s *stage) reread(ctx context.Context, topic string, round int) (time.Duration, error) {
	p := &pipeline{
		name: fmt.Sprintf("%s-%d", topic, round), source: topic, suffix: "-" + strconv.Itoa(round),
		operations: []string{"min", "max", "mean", "stdev"}, grace: "0s", idle: "10s",
	}
	if err := s.write(p); err != nil {
		return 0, err
	}
	return s.run(ctx, p.name, s.binary, "run", "-f", p.path, "--group", groupPrefix, "--until-end")
}
