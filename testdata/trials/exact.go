package main

import (
	"context"
	"flag"
	"regexp"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"
)

// exact is the trial of every value: aggrun against Python's statistics.
type exact struct {
	topics, messages int
	frequency        float64
}

func bindExact(fs *flag.FlagSet) func(context.Context, *stage) error {
	t := &exact{}
	fs.IntVar(&t.topics, "topics", 10, "`NUMBER` of topics")
	fs.IntVar(&t.messages, "messages", 6000, "`NUMBER` of messages in each topic")
	fs.Float64Var(&t.frequency, "frequency", 10, "records a second of event time, in `HZ`, in each topic")
	return t.run
}

func (t *exact) run(ctx context.Context, s *stage) error {
	others, err := s.subjects(ctx)
	if err != nil {
		return err
	}
	if _, err := s.makeTopics(ctx, s.name, t.topics); err != nil {
		return err
	}
	err = s.produced(ctx, s.name, t.topics, "--frequency", strconv.FormatFloat(t.frequency, 'f', -1, 64),
		"--max-messages", strconv.Itoa(t.messages), "--start", "-1h", "--rate", "max")
	if err != nil {
		return err
	}
	p := &pipeline{name: s.name, suffix: "-aggregated", operations: seven, grace: "0s", idle: "10s"}
	if err := s.write(p); err != nil {
		return err
	}
	took, err := s.run(ctx, p.name, s.binary, "run", "-f", p.path, "--group", groupPrefix, "--until-end")
	if err != nil {
		return err
	}
	s.say("%d topics, %d fields, %d messages each at %v Hz, %d partitions, windows of 1 s: run --until-end took %.1f s",
		t.topics, fields, t.messages, t.frequency, partitions, took.Seconds())
	return s.python(ctx, "verify.py", "--source-registry", s.sourceRegistry, "--sink-registry", s.sinkRegistry,
		"--topics", regexp.QuoteMeta(s.name)+"-[0-9]{3}", "--window", "1",
		"--expect-topics", strconv.Itoa(t.topics), "--expect-records", strconv.Itoa(t.messages), "--other-subjects", others)
}

// subjects is a regular expression of those that the sink registry has before the trial.
func (s *stage) subjects(ctx context.Context) (string, error) {
	client, err := sr.NewClient(sr.URLs(s.sinkRegistry))
	if err != nil {
		return "", err
	}
	subjects, err := client.Subjects(ctx)
	for i, subject := range subjects {
		subjects[i] = regexp.QuoteMeta(subject)
	}
	return strings.Join(subjects, "|"), err
}
