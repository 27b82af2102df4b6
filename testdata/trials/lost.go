package main

import (
	"context"
	"errors"
	"flag"
	"time"
)

// lost are the trials of what a pipeline cannot go on from: it has to stop, and to say why, and to write nothing more.
type lost struct {
	want []string // what the error says
	lose func(*disturbed, context.Context) error
}

func bindLost(l lost) func(*flag.FlagSet) func(context.Context, *stage) error {
	return func(*flag.FlagSet) func(context.Context, *stage) error { return l.run }
}

var (
	recreated = lost{[]string{"made anew"}, (*disturbed).recreate}
	retention = lost{[]string{"retention has removed the records", "which open windows need"}, (*disturbed).removeRecords}
	expired   = lost{[]string{"the offsets of group", "are gone"}, (*disturbed).forgetGroup}
)

func (l lost) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, 2, "30s", "1m") // windows are open for long, and have to be read again
	if err != nil {
		return err
	}
	fill := func() error {
		return s.produced(ctx, s.name, 2, "--frequency", "100", "--max-messages", "6000", "--start", "-1m", "--rate", "max")
	}
	if err := fill(); err != nil {
		return err
	}
	if err := d.begin(ctx, "w1"); err != nil {
		return err
	}
	if err := d.drained(ctx, d.first, d.topics, time.Minute); err != nil {
		return err
	}
	h := d.workers[0]
	if err := errors.Join(h.stop(ctx), l.lose(d, ctx)); err != nil {
		return err
	}
	before, err := d.records(ctx, d.first.sinks(d.topics))
	if err != nil {
		return err
	}
	if err := d.revive(h); err != nil {
		return err
	}
	err = await(ctx, time.Minute, "the worker stops by itself", func() (bool, error) { return h.ended(), nil })
	d.check(err == nil && h.err != nil, "the worker stops with an error")
	for _, text := range l.want {
		d.check(h.says(text), "it says %q", text)
	}
	d.say("       | %s", h.said(1))
	after, err := d.records(ctx, d.first.sinks(d.topics))
	d.check(err == nil && after == before, "nothing was written after the loss (%d records in the sinks, %d before)", after, before)
	return errors.Join(d.follower.stop())
}

// recreate deletes a source topic and makes it again, with fewer records than it had.
func (d *disturbed) recreate(ctx context.Context) error {
	topic := d.topics[0]
	if _, err := d.admin.DeleteTopic(ctx, topic); err != nil {
		return err
	}
	err := await(ctx, time.Minute, topic+" is deleted", func() (bool, error) {
		all, err := d.admin.ListTopics(ctx)
		return err == nil && !all.Has(topic), nil
	})
	if err != nil {
		return err
	}
	if _, err := d.makeTopics(ctx, d.name, len(d.topics)); err != nil {
		return err
	}
	return d.produced(ctx, d.name, len(d.topics), "--frequency", "100", "--max-messages", "1000", "--start", "-10s", "--rate", "max")
}

// removeRecords removes all records of a source topic, as retention does.
func (d *disturbed) removeRecords(ctx context.Context) error {
	ends, err := d.ends(ctx, d.topics[:1])
	if err != nil {
		return err
	}
	removed, err := d.admin.DeleteRecords(ctx, ends.Offsets())
	if err != nil {
		return err
	}
	return removed.Error()
}

// forgetGroup lets the group's offsets expire.
func (d *disturbed) forgetGroup(ctx context.Context) error {
	_, err := d.admin.DeleteGroup(ctx, d.first.group())
	return err
}
