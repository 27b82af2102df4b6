package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strconv"
	"time"
)

// registry is the trial of registries that fail while new topics need them: what is known goes on, what is new waits.
type registry struct {
	rate  float64 // of each topic
	fault time.Duration
}

func bindRegistry(fs *flag.FlagSet) func(context.Context, *stage) error {
	r := &registry{}
	fs.Float64Var(&r.rate, "rate", 200, "records a second in each topic")
	fs.DurationVar(&r.fault, "fault", 15*time.Second, "`TIME` that a fault lasts: topics are looked for every 10 s")
	return r.run
}

func (r *registry) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, 1, "3s", "10s")
	if err != nil {
		return err
	}
	proxies := map[string]*proxy{}
	for kind, url := range map[string]*string{"source": &d.first.sourceRegistry, "sink": &d.first.sinkRegistry} {
		p, err := before(ctx, map[string]string{"source": s.sourceRegistry, "sink": s.sinkRegistry}[kind])
		if err != nil {
			return err
		}
		defer p.server.Close()
		proxies[kind], *url = p, p.url
	}
	if err := s.write(d.first); err != nil {
		return err
	}
	if err := r.more(ctx, d, 0); err != nil {
		return err
	}
	if err := d.begin(ctx, "w1"); err != nil {
		return err
	}
	for _, kind := range []string{"source", "sink"} {
		for i := range faults {
			if err := r.play(ctx, d, kind, proxies[kind], &faults[i]); err != nil {
				return err
			}
		}
	}
	for _, p := range d.procs {
		if p.name == "produce" {
			if err := p.stop(ctx); err != nil {
				return err
			}
		}
	}
	if err := d.end(ctx); err != nil {
		return err
	}
	return d.compare(ctx)
}

// more produces to one topic more, the i-th, which is there already if it is the first.
func (r *registry) more(ctx context.Context, d *disturbed, i int) error {
	if i > 0 {
		all, err := d.makeTopics(ctx, d.name, i+1)
		if err != nil {
			return err
		}
		d.topics = all
	}
	_, err := d.aggrun("produce", "produce", "--brokers", d.brokers, "--source-registry", d.sourceRegistry, "--name", d.topics[i][:len(d.topics[i])-4],
		"--topics", strconv.Itoa(i+1), "--frequency", strconv.FormatFloat(r.rate, 'f', -1, 64), "--seed", strconv.FormatInt(d.seed, 10))
	return err
}

// play lets one registry fail as a topic appears.
func (r *registry) play(ctx context.Context, d *disturbed, kind string, p *proxy, f *fault) error {
	known := d.topics
	p.failed.Store(0)
	p.fault.Store(f)
	if err := r.more(ctx, d, len(d.topics)); err != nil {
		return err
	}
	added := d.topics[len(known):]
	if err := pause(ctx, r.fault); err != nil {
		return err
	}
	early := d.sinkThere(ctx, added[0])
	if err := d.growing(ctx, known); err != nil {
		return err
	}
	what := fmt.Sprintf("%s registry, %s", kind, f.name)
	d.check(p.failed.Load() > 0, "%s: %d requests met it, known topics went on, the new one had results: %v", what, p.failed.Load(), early)
	p.fault.Store(nil)
	err := await(ctx, time.Minute, "there are results of "+added[0], func() (bool, error) {
		return d.sinkThere(ctx, added[0]), d.fallen()
	})
	d.check(err == nil && (f.passes || !early), "%s: the new topic has results once it is over", what)
	return nil
}

// sinkThere tells that results of a topic are there.
func (d *disturbed) sinkThere(ctx context.Context, topic string) bool {
	ends, err := d.admin.ListEndOffsets(ctx, d.first.sink(topic))
	n := int64(0)
	for _, o := range ends[d.first.sink(topic)] {
		n += o.Offset
	}
	return err == nil && ends.Error() == nil && n > 0
}

// growing waits until there are new results of each topic. The follower knows those of the beginning alone.
func (d *disturbed) growing(ctx context.Context, topics []string) error {
	for _, topic := range topics {
		sink := []string{d.first.sink(topic)}
		before, err := d.records(ctx, sink)
		if err != nil {
			return err
		}
		err = await(ctx, 30*time.Second, "there are new results of "+topic, func() (bool, error) {
			n, err := d.records(ctx, sink)
			return n > before, cmp.Or(err, d.fallen())
		})
		if err != nil {
			return err
		}
	}
	return nil
}
