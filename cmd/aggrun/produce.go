package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/example"
	"github.com/aggrun/aggrun/spec"
)

func produceCommand() command {
	return command{
		name: "produce",
		doc:  "write records to the example topics",
		long: `Writes records to the topics that aggrun init-example made, until it is told to
stop or --max-messages are written. The clock of the records is event time:
message n of a topic is made n/frequency seconds after --start, and is written no
sooner. From now on, the default, that is the pace of the wall clock; from a time
gone by, the past is written as fast as --rate allows.

	aggrun produce --frequency 10 --max-messages 6000
	aggrun produce --start -1h --rate max --max-messages 36000

Sources are seldom orderly. Here one message in five is up to 400 ms late,
partition 0 never has any, and partition 1 has none for half a minute:

	aggrun produce --topics 10 --frequency 2000 --rate 20000 \
	    --disorder 20 --disorder-by 400ms --empty 0 --silent 1=30s@2m
`,
		bind: func(fs *pflag.FlagSet) action {
			o := &produceOptions{}
			o.bind(fs)
			return o.run
		},
	}
}

// produceOptions are the flags of produce.
type produceOptions struct {
	exampleTopics
	load     example.Load
	rate     rate
	start    start
	disorder float64 // percent
	silent   silences
	empty    []int
}

func (o *produceOptions) bind(fs *pflag.FlagSet) {
	o.exampleTopics.bind(fs)
	fs.Float64Var(&o.load.Frequency, "frequency", 10, "messages a second of event time in each topic, `HZ`")
	fs.Int64Var(&o.load.Messages, "max-messages", 0, "stop after `N` messages of each topic; 0 goes on for ever")
	fs.Var(&o.rate, "rate", "the most messages a second that are written, all topics together")
	fs.Var(&o.start, "start", "event time of the first messages: a time, or an age such as -1h; now by default")
	fs.Float64Var(&o.disorder, "disorder", 0, "let the event time of `PERCENT` of the messages lie back")
	fs.DurationVar(&o.load.DisorderBy, "disorder-by", 500*time.Millisecond, "by at most `SPAN`")
	fs.Var(&o.silent, "silent", "write nothing to a partition of each topic for SPAN of event time, AFTER the start; without them for ever, from the start on; repeats")
	fs.IntSliceVar(&o.empty, "empty", nil, "leave `PARTITION,...` of each topic empty")
	fs.IntVar(&o.load.Keys, "keys", 0, "write `N` different record keys, which choose the partition; 0 writes none")
	fs.Uint64Var(&o.load.Seed, "seed", 1, "`N` of noise, disorder and phases: equal seeds give equal messages")
}

func (o *produceOptions) run(ctx context.Context, s streams, _ []string) error {
	source, topics, err := o.check(s)
	if err != nil {
		return err
	}
	load := o.load
	load.Topics, load.Rate, load.Disorder, load.Silence = topics, o.rate.most, o.disorder/100, o.silent
	for _, p := range o.empty {
		load.Silence = append(load.Silence, example.Silence{Partition: int32(p)})
	}
	if load.Start, err = o.from(time.Now()); err != nil {
		return err
	}
	report := func(p example.Progress) { tell(s.err, p) }
	done, err := source.Produce(ctx, load, 5*time.Second, report)
	if done.Written > 0 {
		tell(s.err, done)
	}
	return err
}

// from is when event time begins; zero is now.
func (o *produceOptions) from(now time.Time) (time.Time, error) {
	switch at := o.start.Start; {
	case at == nil:
		return time.Time{}, nil
	case at.Kind == spec.StartTime:
		return at.Time, nil
	case at.Kind == spec.StartAgo:
		return now.Add(-at.Ago).Truncate(time.Millisecond), nil
	}
	return time.Time{}, fmt.Errorf("--start %s: want a time such as 2026-01-31T12:00:00Z, or an age such as -1h", o.start.text)
}

func tell(w io.Writer, p example.Progress) {
	fmt.Fprintf(w, "%d records, %.0f/s, event time %s\n", p.Written, p.Rate(), p.Until.UTC().Format("2006-01-02T15:04:05.000Z"))
}

// rate is a bound of messages a second; 0 is none.
type rate struct{ most float64 }

func (r *rate) Type() string { return "N|max" }

func (r *rate) String() string {
	if r.most == 0 {
		return "max"
	}
	return strconv.FormatFloat(r.most, 'f', -1, 64)
}

func (r *rate) Set(text string) error {
	if text == "max" {
		r.most = 0
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0) {
		return errors.New("want messages a second, or max")
	}
	r.most = n
	return nil
}

// silences is a list of example.Silence as flags write them.
type silences []example.Silence

func (s *silences) Type() string { return "PARTITION[=SPAN][@AFTER]" }

func (s *silences) String() string {
	var texts []string
	for _, q := range *s {
		texts = append(texts, fmt.Sprintf("%d=%v@%v", q.Partition, q.Span, q.After))
	}
	return strings.Join(texts, ",")
}

func (s *silences) Set(text string) error {
	var q example.Silence
	rest, after, later := strings.Cut(text, "@")
	number, span, bounded := strings.Cut(rest, "=")
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 0 {
		return errors.New("want a partition's number, such as 1, 1=30s or 1=30s@2m")
	}
	q.Partition = int32(n)
	if bounded {
		if q.Span, err = positive(span); err != nil {
			return err
		}
	}
	if later {
		if q.After, err = positive(after); err != nil {
			return err
		}
	}
	*s = append(*s, q)
	return nil
}

func positive(text string) (time.Duration, error) {
	d, err := spec.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("found %q, want more than 0", text)
	}
	return d, err
}
