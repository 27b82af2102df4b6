package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"syscall"
	"time"
)

const sigterm = syscall.SIGTERM

// frozen is the trial of zombies: workers that sleep for longer than their group waits, and wake as if nothing had been.
type frozen struct {
	freezes, topics int
	rate            float64
	sleep           time.Duration
}

func bindFrozen(fs *flag.FlagSet) func(context.Context, *stage) error {
	f := &frozen{}
	fs.IntVar(&f.freezes, "freezes", 6, "`NUMBER` of times that a worker is frozen")
	fs.IntVar(&f.topics, "topics", 6, "`NUMBER` of topics")
	fs.Float64Var(&f.rate, "rate", 10_000, "records a second, all topics together")
	fs.DurationVar(&f.sleep, "sleep", 15*time.Second, "`TIME` that a worker is frozen: the group gives it up after 10 s")
	return f.run
}

// freezing is one way for a worker to become a zombie.
type freezing struct {
	what  string
	point string // at which it freezes itself; "": at any time
	named bool   // the worker has an instance name
	twin  bool   // another is started by the same name meanwhile, as an orchestrator would
}

var freezings = []freezing{
	{"unnamed, at any time", "", false, false},
	{"named, at any time", "", true, false},
	{"named, another takes its name", "", true, true},
	{"named, offsets pending", "offsets:3:stop", true, false},
	{"unnamed, EndTxn sent", "end-sent:3:stop", false, false},
	{"named, EndTxn answered, another takes its name", "ended:3:stop", true, true},
}

func (f *frozen) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, f.topics, "3s", "30s")
	if err != nil {
		return err
	}
	if _, err := s.points(ctx, d.first); err != nil {
		return err
	}
	producer, err := s.produce(s.name, f.topics, "--frequency", strconv.FormatFloat(f.rate/float64(f.topics), 'f', -1, 64),
		"--disorder", "20", "--disorder-by", "2s", "--empty", "0")
	if err != nil {
		return err
	}
	if err := d.begin(ctx, "w0"); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(uint64(s.seed), 0))
	for i := range f.freezes {
		if err := f.freeze(ctx, d, random, i); err != nil {
			return err
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

// freeze starts a worker beside the first, makes a zombie of it, wakes it, waits until all is well, and lets it go.
func (f *frozen) freeze(ctx context.Context, d *disturbed, random *rand.Rand, i int) error {
	how := freezings[i%len(freezings)]
	h := &holder{point: how.point}
	if how.named {
		h.instance = fmt.Sprintf("w%d", i+1)
	}
	if err := d.revive(h); err != nil {
		return err
	}
	d.workers = append(d.workers, h)
	if err := f.sleepOf(ctx, d, h, random); err != nil {
		return err
	}
	if how.twin {
		if err := d.join(h.instance); err != nil {
			return err
		}
	}
	if err := pause(ctx, f.sleep); err != nil {
		return err
	}
	if err := h.signal(syscall.SIGCONT); err != nil {
		return err
	}
	d.say("%4d  %s  %-50s  wakes; %s", i+1, d.at(), how.what, d.members(ctx, d.first))
	return f.woken(ctx, d, h, how)
}

// sleepOf waits until the worker is asleep, which one without a point is put to.
func (f *frozen) sleepOf(ctx context.Context, d *disturbed, h *holder, random *rand.Rand) error {
	if h.point == "" {
		if err := pause(ctx, 12*time.Second+time.Duration(random.Int64N(int64(4*time.Second)))); err != nil {
			return err
		}
		return h.signal(syscall.SIGSTOP)
	}
	return await(ctx, reaching, "the worker freezes at "+h.point, func() (bool, error) {
		asleep, err := h.asleep()
		if err == nil {
			err = d.fallen()
		}
		return asleep, err
	})
}

// woken judges what became of a zombie. Of two by one name one may end, saying why; everybody else goes on.
func (f *frozen) woken(ctx context.Context, d *disturbed, h *holder, how freezing) error {
	if how.twin {
		twin := d.workers[len(d.workers)-1]
		err := await(ctx, time.Minute, "one of two by the same name gives up", func() (bool, error) {
			return h.ended() || twin.ended(), nil
		})
		if err != nil {
			return err
		}
		loser := h
		if twin.ended() {
			loser = twin
		}
		d.check(loser.says("fenced twice within a minute"), "one of two workers by the name %s gave up, saying why", h.instance)
		d.forget(loser)
	}
	if err := d.settled(ctx); err != nil {
		return err
	}
	last := d.workers[len(d.workers)-1]
	d.forget(last)
	return last.stop(ctx)
}

// forget takes a worker off those that must live.
func (d *disturbed) forget(h *holder) {
	for i, other := range d.workers {
		if other == h {
			d.workers = append(d.workers[:i:i], d.workers[i+1:]...)
			return
		}
	}
}
