package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// disturbed is a pipeline whose workers are killed, and the same pipeline undisturbed, over the same topics.
type disturbed struct {
	*stage
	topics        []string
	first, second *pipeline
	workers       []*holder
	follower      *follower
	kills         []killed
	bad           int64 // records that are set aside
	// Every steer-th kill waits for a moment in which the victim has a transaction open, as chance alone seldom does.
	steer int
}

// killed is one kill.
type killed struct {
	at, restarted time.Time
	point         string   // at which the victim killed itself; "": it was killed
	owned         []string // topics of the shards that the victim held
	busy          int      // how many of them had lag and open windows
	from          kadm.ListedOffsets
}

// disturb makes the topics and the two pipelines.
func (s *stage) disturb(ctx context.Context, n int, grace, idle string) (*disturbed, error) {
	topics, err := s.makeTopics(ctx, s.name, n)
	if err != nil {
		return nil, err
	}
	d := &disturbed{
		stage: s, topics: topics,
		first:  &pipeline{name: s.name + "-first", suffix: "-aggregated", operations: seven, grace: grace, idle: idle},
		second: &pipeline{name: s.name + "-second", suffix: "-undisturbed", operations: seven, grace: grace, idle: idle},
	}
	return d, errors.Join(s.write(d.first), s.write(d.second))
}

// begin starts the workers and waits for results of all topics.
func (d *disturbed) begin(ctx context.Context, instances ...string) error {
	for _, instance := range instances {
		if err := d.join(instance); err != nil {
			return err
		}
	}
	err := await(ctx, time.Minute, "sink topics are made", func() (bool, error) {
		found, err := d.admin.ListTopics(ctx, d.first.sinks(d.topics)...)
		if err == nil {
			err = d.fallen()
		}
		return err == nil && found.Error() == nil, err
	})
	if err != nil {
		return err
	}
	if d.follower, err = d.follow(ctx, d.first.sinks(d.topics)); err != nil {
		return err
	}
	return await(ctx, time.Minute, "there are results of every topic", func() (bool, error) {
		return !slices.ContainsFunc(d.topics, func(topic string) bool {
			_, ok := d.follower.last(d.first.sink(topic))
			return !ok
		}), d.fallen()
	})
}

// join starts one more worker.
func (d *disturbed) join(instance string) error {
	h := &holder{instance: instance}
	d.workers = append(d.workers, h)
	return d.revive(h)
}

// revive starts a worker, again.
func (d *disturbed) revive(h *holder) (err error) {
	h.process, err = d.worker(d.first, h)
	return err
}

// fallen is an error when a worker ended that nobody killed.
func (d *disturbed) fallen() error {
	for _, h := range d.workers {
		if h.ended() && !h.fell() {
			return fmt.Errorf("worker %s ended by itself: %w\n%s", h.instance, errors.Join(h.err), h.said(20))
		}
	}
	return nil
}

// settling is how long a dead worker's last requests may still be under way to the broker.
const settling = 300 * time.Millisecond

// kill kills a worker, or waits until one that has a point kills itself there; it notes what the worker held.
func (d *disturbed) kill(ctx context.Context, h *holder) error {
	if err := d.fallen(); err != nil {
		return err
	}
	group := d.members(ctx, d.first)
	if h.point == "" {
		if err := d.strike(ctx, h); err != nil {
			return err
		}
	} else if err := d.fall(ctx, h); err != nil {
		return err
	}
	kill := killed{at: time.Now(), point: h.point}
	var err error
	if kill.owned, err = d.owned(ctx, d.first, h, d.follower, d.topics); err != nil {
		return err
	}
	ends, err := d.ends(ctx, kill.owned)
	if err != nil {
		return err
	}
	if err := pause(ctx, settling); err != nil {
		return err
	}
	// Nobody takes over so soon: the commits are the victim's last, and what is written from here on is another's.
	if kill.from, err = d.ends(ctx, d.first.sinks(d.topics)); err != nil {
		return err
	}
	shards, err := d.shards(ctx, d.first, kill.owned, ends)
	if err != nil {
		return err
	}
	kill.busy = d.tell(h, group, d.transaction(ctx, h), shards)
	d.kills = append(d.kills, kill)
	return nil
}

// again starts the last victim again, once its time has passed.
func (d *disturbed) again(ctx context.Context, h *holder, restart time.Duration) error {
	kill := &d.kills[len(d.kills)-1]
	if err := pause(ctx, time.Until(kill.at.Add(restart))); err != nil {
		return err
	}
	kill.restarted = time.Now()
	return d.revive(h)
}

// strike is kill -9, now or in the next transaction.
func (d *disturbed) strike(ctx context.Context, h *holder) error {
	if d.steer > 0 && (len(d.kills)+1)%d.steer == 0 {
		if err := d.midway(ctx, h); err != nil {
			return err
		}
	}
	h.process.kill()
	return nil
}

// reaching is how long a worker may take to come to its point: to join, to be given shards, and to commit.
const reaching = 45 * time.Second

// fall waits until a worker has killed itself at its point. One that does not come there is killed all the same.
func (d *disturbed) fall(ctx context.Context, h *holder) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-h.done:
		return d.fallen()
	case <-time.After(reaching):
	}
	h.process.kill()
	h.point = missed
	return nil
}

// missed stands for a point that a worker did not come to.
const missed = "missed"

// midway waits, not for long, until a worker has a transaction open.
func (d *disturbed) midway(ctx context.Context, h *holder) error {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if d.transaction(ctx, h) == "Ongoing" || ctx.Err() != nil {
			break
		}
	}
	return ctx.Err()
}

// heads prints what the columns of tell are: the group as it was described before the kill, the state of the victim's
// transaction after it, its shards, those with lag and open windows, and the records of both kinds.
func (d *disturbed) heads() {
	d.say("%4s  %8s  %-6s  %-14s  %-30s  %-14s  %6s  %9s  %8s  %8s", "kill", "at", "victim", "point", "group", "transaction", "shards", "with both", "lag", "open")
}

// tell prints a kill, and returns how many of the shards had lag and open windows.
func (d *disturbed) tell(h *holder, group, transaction string, shards []shard) (busy int) {
	var lag, open int64
	for _, sh := range shards {
		lag, open = lag+sh.lag, open+sh.open
		if sh.busy() {
			busy++
		}
	}
	d.say("%4d  %s  %-6s  %-14s  %-30s  %-14s  %6d  %9d  %8d  %8d", len(d.kills)+1, d.at(), h.instance, cmp.Or(h.point, "by chance"), group, transaction, len(shards), busy, lag, open)
	return busy
}

// visible is when new results of the victim's shards could be seen: of the first of them, and of all.
func (d *disturbed) visible(kill killed) (first, all time.Time, ok bool) {
	for _, topic := range kill.owned {
		at, seen := d.follower.since(d.first.sink(topic), kill.from)
		if !seen {
			return first, all, false
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(all) {
			all = at
		}
	}
	return first, all, len(kill.owned) > 0
}

// recoveries prints how long it took after each kill until new results could be seen, and checks the median.
func (d *disturbed) recoveries(limit time.Duration, from func(killed) time.Time) {
	var firsts, alls []time.Duration
	for i, kill := range d.kills {
		first, all, ok := d.visible(kill)
		switch {
		case len(kill.owned) == 0:
			d.say("kill %2d: the victim held nothing", i+1)
		case !ok:
			d.check(false, "kill %d: no new result of some of the victim's %d shards", i+1, len(kill.owned))
		default:
			firsts, alls = append(firsts, first.Sub(from(kill))), append(alls, all.Sub(from(kill)))
			d.say("kill %2d: new results after %5.1f s, of all %d shards after %5.1f s", i+1,
				first.Sub(from(kill)).Seconds(), len(kill.owned), all.Sub(from(kill)).Seconds())
		}
	}
	n := len(firsts)
	d.check(n > 0 && median(firsts) < limit, "new results are visible after %.1f s, of all the victim's shards after %.1f s (medians of %d; less than %v must be the first)",
		median(firsts).Seconds(), median(alls).Seconds(), n, limit)
}

// end waits until everything is read, stops the workers, and has the open windows written.
func (d *disturbed) end(ctx context.Context) error {
	if err := d.drained(ctx, d.first, d.topics, 3*time.Minute); err != nil {
		return err
	}
	d.say("%s  drained", d.at())
	if err := d.fallen(); err != nil {
		return err
	}
	for _, h := range d.workers {
		if err := h.stop(ctx); err != nil {
			return err
		}
	}
	return d.close(ctx, d.first)
}

// close reads a pipeline to its end and has every window written.
func (d *disturbed) close(ctx context.Context, p *pipeline) error {
	name := p.name + "-until-end"
	took, err := d.run(ctx, name, d.binary, "run", "-f", p.path, "--group", groupPrefix, "--until-end", "--close-open")
	if err != nil {
		return err
	}
	d.say("%s  %s --until-end --close-open took %.1f s", d.at(), p.name, took.Seconds())
	return nil
}

// compare runs the pipeline undisturbed and holds the two sets of results against each other.
func (d *disturbed) compare(ctx context.Context) error {
	if err := d.follower.stop(); err != nil {
		return err
	}
	if err := d.close(ctx, d.second); err != nil {
		return err
	}
	first, err := d.results(ctx, d.first, d.topics)
	if err != nil {
		return err
	}
	second, err := d.results(ctx, d.second, d.topics)
	if err != nil {
		return err
	}
	records, err := d.records(ctx, d.topics)
	if err != nil {
		return err
	}
	d.check(len(first.twice) == 0 && len(first.windows) > 0, "%d windows, each once under read_committed (%d repeated)", len(first.windows), len(first.twice))
	d.list(first.twice)
	if records -= d.bad; d.bad > 0 {
		d.say("       %d bad records besides", d.bad)
	}
	d.check(first.counted == records, "%d records produced, %d counted: %d late", records, first.counted, records-first.counted)
	d.check(len(second.twice) == 0 && second.counted == records, "undisturbed: %d windows, %d records counted", len(second.windows), second.counted)
	different := differences(first, second, nil)
	d.check(len(different) == 0, "values bit-equal to the undisturbed run (%d windows differ)", len(different))
	d.list(different)
	return d.python(ctx, "compare.py", "--sink-registry", d.sinkRegistry, "--topics", regexp.QuoteMeta(d.name)+"-[0-9]{3}",
		"--first", "{topic}"+d.first.suffix, "--second", "{topic}"+d.second.suffix, "--window", "1")
}
