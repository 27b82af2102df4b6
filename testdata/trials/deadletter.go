package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// deadLetter is the trial of a dead-letter topic that goes missing: a pipeline with a bad record waits and says so, drops
// nothing, and goes on once the topic is there again.
type deadLetter struct{ bad int }

func bindDeadLetter(fs *flag.FlagSet) func(context.Context, *stage) error {
	l := &deadLetter{}
	fs.IntVar(&l.bad, "bad", 10, "`NUMBER` of bad records")
	return l.run
}

func (l *deadLetter) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, 1, "3s", "10s")
	if err != nil {
		return err
	}
	letters := d.first.name + "-dead-letter"
	producer, err := s.produce(s.name, 1, "--frequency", "200")
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w1"); err != nil {
		return err
	}
	if _, err := s.admin.DeleteTopic(ctx, letters); err != nil {
		return err
	}
	if err := d.spoil(ctx, l.bad); err != nil {
		return err
	}
	if err := pause(ctx, 15*time.Second); err != nil {
		return err
	}
	d.check(d.fallen() == nil && d.workers[0].says("cannot be written"), "without its dead-letter topic the worker waits, and says so: %s", d.workers[0].said(1))
	if resp, err := s.admin.CreateTopic(ctx, 1, -1, nil, letters); cmp.Or(err, resp.Err) != nil {
		return cmp.Or(err, resp.Err)
	}
	if err := errors.Join(d.lettersThere(ctx, letters, l.bad), d.settled(ctx), producer.stop(ctx), d.end(ctx), d.follower.stop()); err != nil {
		return err
	}
	return l.conclude(ctx, d, letters)
}

// spoil writes records that are nothing.
func (d *disturbed) spoil(ctx context.Context, n int) error {
	var records []*kgo.Record
	for i := range n {
		records = append(records, &kgo.Record{Topic: d.topics[0], Value: fmt.Appendf(nil, "bad %d", i)})
	}
	return d.client.ProduceSync(ctx, records...).FirstErr()
}

// lettersThere waits for dead letters.
func (d *disturbed) lettersThere(ctx context.Context, letters string, due int) error {
	return await(ctx, 2*time.Minute, fmt.Sprintf("%d dead letters are there", due), func() (bool, error) {
		n := 0
		err := d.read(ctx, []string{letters}, func(record) { n++ })
		return n >= due, cmp.Or(err, d.fallen())
	})
}

// lettersOnce checks that each bad record is in the dead-letter topic, once.
func (d *disturbed) lettersOnce(ctx context.Context, letters string, bad int) error {
	values := map[string]int{}
	if err := d.read(ctx, []string{letters}, func(r record) { values[string(r.Value)]++ }); err != nil {
		return err
	}
	once := len(values) == bad
	for _, n := range values {
		once = once && n == 1
	}
	d.check(once, "%d bad records, each once in the dead-letter topic", bad)
	return nil
}

func (l *deadLetter) conclude(ctx context.Context, d *disturbed, letters string) error {
	if err := d.lettersOnce(ctx, letters, l.bad); err != nil {
		return err
	}
	first, err := d.results(ctx, d.first, d.topics)
	if err != nil {
		return err
	}
	records, err := d.records(ctx, d.topics)
	d.check(err == nil && len(first.twice) == 0 && first.counted == records-int64(l.bad), "%d windows, each once; %d records, %d counted, %d dead letters",
		len(first.windows), records, first.counted, l.bad)
	return err
}
