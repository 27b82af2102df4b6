package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// changed is the trial of a spec that is changed while two workers are at work: one after the other is ended, one by
// SIGTERM and one by kill -9, and started again with the next version; round and round.
type changed struct {
	changes, topics int
	rate            float64
	least           time.Duration
	versions        []*version
}

// version is one of the specs. The window size tells whose a result is.
type version struct {
	size, grace string
	operations  []string
	alone       *pipeline // this version undisturbed, with sinks of its own
}

// versions are chosen so that windows of one end inside of another's, and those of the next are now larger, now smaller.
func versions() []*version {
	return []*version{
		{size: "1s", grace: "3s", operations: seven},
		{size: "5s", grace: "3s", operations: []string{"mean", "max"}},
		{size: "700ms", grace: "5s", operations: []string{"min", "median", "stdev"}},
	}
}

// turns says which version is in force after each change: out and back, and on to the third.
var turns = []int{0, 1, 0, 2, 1, 2}

func (c *changed) turn(i int) int { return turns[i%len(turns)] }

func bindChanged(fs *flag.FlagSet) func(context.Context, *stage) error {
	c := &changed{versions: versions()}
	fs.IntVar(&c.changes, "changes", 4, "`NUMBER` of changes of the spec")
	fs.IntVar(&c.topics, "topics", 4, "`NUMBER` of topics")
	fs.Float64Var(&c.rate, "rate", 1000, "records a second, all topics together")
	fs.DurationVar(&c.least, "least", 3*time.Second, "`TIME` of good work before each change")
	return c.run
}

func (c *changed) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, c.topics, "3s", "30s")
	if err != nil {
		return err
	}
	producer, err := s.produce(s.name, c.topics, "--frequency", strconv.FormatFloat(c.rate/float64(c.topics), 'f', -1, 64),
		"--disorder", "20", "--disorder-by", "2s", "--empty", "0")
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w1", "w2"); err != nil {
		return err
	}
	s.say("%.0f records/s to %d topics of %d partitions, two workers; seed %d", c.rate, c.topics, partitions, s.seed)
	for i := range c.changes {
		if err := c.change(ctx, d, i); err != nil {
			return err
		}
	}
	if err := errors.Join(producer.stop(ctx), d.end(ctx), d.follower.stop()); err != nil {
		return err
	}
	return c.conclude(ctx, d)
}

// change rolls the next version out: the spec's file is another from here on.
func (c *changed) change(ctx context.Context, d *disturbed, i int) error {
	if err := pause(ctx, c.least); err != nil {
		return err
	}
	next := c.versions[c.turn(i+1)]
	d.first.size, d.first.grace, d.first.operations = next.size, next.grace, next.operations
	if err := d.write(d.first); err != nil {
		return err
	}
	d.say("%4d  %s  windows of %s, grace %s, %s", i+1, d.at(), next.size, next.grace, strings.Join(next.operations, ", "))
	for k := range d.workers {
		h := d.workers[(i+k)%len(d.workers)]
		if err := c.restart(ctx, d, h, k == 0); err != nil {
			return err
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	from := time.Now()
	err := await(ctx, 2*time.Minute, "there are results of the new version of every topic", func() (bool, error) {
		seen := 0
		for _, topic := range d.topics {
			if last, ok := d.follower.last(d.first.sink(topic)); ok && last.size == next.milliseconds() {
				seen++
			}
		}
		return seen == len(d.topics), d.fallen()
	})
	d.say("%4d  %s  all topics have results of it, %.1f s after the second restart; %s", i+1, d.at(), time.Since(from).Seconds(), d.members(ctx, d.first))
	return err
}

// restart ends a worker, politely or not, and starts it with the spec as it is now.
func (c *changed) restart(ctx context.Context, d *disturbed, h *holder, politely bool) error {
	if err := d.fallen(); err != nil {
		return err
	}
	if politely {
		if err := h.stop(ctx); err != nil {
			return err
		}
	} else {
		h.process.kill()
	}
	how := map[bool]syscall.Signal{true: syscall.SIGTERM, false: syscall.SIGKILL}[politely]
	d.say("%4s  %s  %s: %v, and started again", "", d.at(), h.instance, how)
	return d.revive(h)
}

// milliseconds is the window's size.
func (v *version) milliseconds() int64 {
	size, _ := time.ParseDuration(v.size) // a constant
	return size.Milliseconds()
}

// conclude runs each version undisturbed, has Python hold that against its statistics, and holds what the changing
// pipeline wrote against them.
func (c *changed) conclude(ctx context.Context, d *disturbed) error {
	got, err := d.results(ctx, d.first, d.topics)
	if err != nil {
		return err
	}
	times := map[string][]int64{}
	if err := d.read(ctx, d.topics, func(r record) { times[r.Topic] = append(times[r.Topic], r.Timestamp.UnixMilli()) }); err != nil {
		return err
	}
	alone := map[int64]*set{}
	for _, v := range c.versions {
		if alone[v.milliseconds()], err = c.undisturbed(ctx, d, v); err != nil {
			return err
		}
	}
	d.check(len(got.twice) == 0 && len(got.windows) > 0, "%d windows of all versions, each once under read_committed (%d repeated)", len(got.windows), len(got.twice))
	d.list(got.twice)
	var order []int64
	for i := range c.changes + 1 {
		order = append(order, c.versions[c.turn(i)].milliseconds())
	}
	var bits, seams, lost []string
	both := 0
	for _, topic := range d.topics {
		t := newTimeline(topic, got, times[topic])
		seams = append(seams, t.wrong(order)...)
		bits = append(bits, t.differences(alone)...)
		missed, double := t.cover(times[topic])
		lost, both = append(lost, missed...), both+double
		d.say("       %s: %s", topic, t)
	}
	d.check(len(seams) == 0, "%d take-overs of each of %d topics: what ends to C is the old version's, what ends later the new one's, nothing is missing (%d windows are not as they must be)", c.changes, c.topics, len(seams))
	d.list(seams)
	n := 0
	for _, of := range times {
		n += len(of)
	}
	d.check(len(lost) == 0, "%d records, each in a window; %d of them, where C was inside of a new window, in one of each version (%d are in none)", n, both, len(lost))
	d.list(lost)
	d.check(len(bits) == 0, "values bit-equal to those of each version undisturbed (%d windows differ)", len(bits))
	d.list(bits)
	return nil
}

// undisturbed is what a version makes of all the records.
func (c *changed) undisturbed(ctx context.Context, d *disturbed, v *version) (*set, error) {
	v.alone = &pipeline{name: d.name + "-" + v.size, suffix: "-in-" + v.size, size: v.size, grace: v.grace, idle: "30s", operations: v.operations}
	if err := errors.Join(d.write(v.alone), d.close(ctx, v.alone)); err != nil {
		return nil, err
	}
	all, err := d.results(ctx, v.alone, d.topics)
	if err != nil {
		return nil, err
	}
	return all, d.python(ctx, "verify.py", "--source-registry", d.sourceRegistry, "--sink-registry", d.sinkRegistry,
		"--topics", regexp.QuoteMeta(d.name)+"-[0-9]{3}", "--sink", "{topic}"+v.alone.suffix, "--operations", strings.Join(v.operations, ","),
		"--window", fmt.Sprint(float64(v.milliseconds())/1000), "--close-open", "--expect-topics", strconv.Itoa(c.topics), "--other-subjects", ".*")
}
