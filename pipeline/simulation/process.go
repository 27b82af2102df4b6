package simulation

import (
	"errors"
	"fmt"

	"github.com/aggrun/aggrun/pipeline"
)

// process runs the pipeline on one machine: when it dies it is started again.
type process struct {
	thread
	w      *world
	number int
	life   life

	lives    int   // how often it was started
	version  int   // of the spec that it runs
	loaded   int64 // when it was loaded, by its own clock
	thaw     int64 // until when it is frozen
	fences   int64 // when it was last fenced
	origin   pipeline.Origin
	s        *session
	alive    bool
	ended    bool
	finished bool // under --until-end
	refused  bool // and a sink that refuses results is why it ended
}

func (p *process) String() string { return fmt.Sprintf("process %d", p.number) }

// spawn starts a process at its time.
func (w *world) spawn(l life) {
	p := &process{w: w, number: len(w.processes), life: l, fences: pipeline.None}
	w.processes = append(w.processes, p)
	p.start(&w.clock, p.run)
	for _, t := range l.turns {
		if t.rough {
			w.at(t.at, func() {
				if p.s != nil && !w.over {
					p.kill()
				}
			})
		}
	}
}

// run lives one life after another.
func (p *process) run() {
	defer func() {
		if r := recover(); r != nil && r != (crash{}) {
			panic(r)
		}
	}()
	p.sleep(max(0, p.life.start-p.w.now))
	for !p.w.over && !p.ended {
		p.lives++
		p.live()
		if !p.w.over && !p.ended {
			p.sleep(p.w.between(200*ms, 8*sec))
		}
	}
}

// live runs sessions until the process crashes or is done.
func (p *process) live() {
	p.alive = true
	p.version, p.loaded = p.life.version(p.w.now), p.w.now+p.life.skew
	defer func() {
		p.alive = false
		if r := recover(); r == (crash{}) {
			p.die()
		} else if r != nil {
			panic(r)
		}
	}()
	if err := p.anchor(); err != nil {
		p.stop(err)
		return
	}
	if p.w.chance(30) {
		p.nap(p.w.between(0, 2*sec))
	}
	for !p.ended && !p.turns() {
		p.s = p.join()
		err := p.steps()
		p.s.close()
		p.w.logf("%s: ends: %v", p.s, err)
		p.s = nil
		p.take(err)
		if !p.ended {
			p.nap(p.w.between(100*ms, 2*sec))
		}
	}
}

func (p *process) die() {
	p.w.logf("%s: dies", p)
	if p.s != nil {
		p.s.dead = true
		p.s = nil
	}
	p.thaw = 0
}

// take decides after a session whether there is another.
func (p *process) take(err error) {
	switch {
	case err == nil:
		p.ended = true
	case errors.As(err, new(*pipeline.Stop)):
		p.stop(err)
	case errors.Is(err, errFenced):
		p.ended = p.fences != pipeline.None && p.w.now-p.fences < 60*sec
		p.fences = p.w.now
	}
}

// stop ends the process with an error that somebody has to look at.
func (p *process) stop(err error) {
	p.ended = true
	p.w.stopped(p, err)
}

// steps runs a worker; nil when it is done or leaves.
func (p *process) steps() error {
	s := p.s
	s.worker = pipeline.NewWorker(s.plan, s, p.w.script.closeOpen)
	for p.w.now < p.life.leave {
		if p.turns() {
			return errTurned
		}
		if err := s.worker.Step(); err != nil {
			p.w.noteError(err)
			p.refused = s.gaveUp(err)
			return err
		}
		if s.unchecked {
			p.w.judge.stands(s, s.worker)
		}
		p.w.judge.account(s, s.worker.Totals())
		if p.w.script.untilEnd && s.worker.Finished() && s.plan.Reached(p.origin, p.w.group.offsets, p.w.script.closeOpen) {
			p.w.reached[untilEnd]++
			p.finished = true
			return nil
		}
	}
	return nil
}

// anchor looks at the world before the first session, as the command does: where
// the logs end, and whether the group has ever committed.
func (p *process) anchor() error {
	for p.w.pending() {
		p.nap(200 * ms)
	}
	p.origin = pipeline.Origin{Start: p.w.script.spec.Start, Now: p.w.now + p.life.skew, UntilEnd: p.w.script.untilEnd}
	fresh := len(p.w.group.offsets) == 0
	if p.w.script.loss != 0 {
		p.origin.Written = p.w.written()
	} else if fresh && p.w.judge.results > 0 {
		return &pipeline.Stop{Msg: "the offsets of the group are gone, and the sinks have results"}
	}
	if fresh {
		p.origin.Present = map[pipeline.Partition]bool{}
	}
	p.origin.Stops = map[pipeline.Partition]int64{}
	for _, src := range p.w.script.sources {
		if src.born > p.w.now {
			continue
		}
		if fresh {
			p.origin.Present[src.id] = true
		}
		p.origin.Stops[src.id] = src.stable(p.w.now)
	}
	return nil
}

// nap lets time pass, and more of it when the process is frozen.
func (p *process) nap(d int64) {
	p.sleep(d)
	for p.frozen() > 0 {
		p.sleep(p.frozen())
	}
}

// breathe is a nap whose events could as well come in the next one: where time has
// a grain there is none.
func (p *process) breathe(lo, hi int64) {
	if d := p.w.between(lo, hi); p.w.grain == 0 {
		p.nap(d)
	}
}

// frozen is for how long the process does nothing at all.
func (p *process) frozen() int64 { return max(0, p.thaw-p.w.now) }

// seize freezes the process for longer than the group waits, where a fault has
// it so; another process may take its name meanwhile.
func (p *process) seize() {
	switch {
	case p.armed(freeze):
	case p.armed(twin):
		p.double()
	default:
		return
	}
	p.thaw = p.w.now + p.w.timeouts.session + p.w.between(2*sec, 15*sec)
	p.nap(0)
}

// double lets another process take the name: where everything is tried, one that does
// nothing else.
func (p *process) double() {
	l := p.life
	l.start, l.leave = p.w.now+p.w.between(sec, 8*sec), never
	if p.w.grain == 0 {
		p.w.spawn(l)
		return
	}
	p.w.post(l.start-p.w.now, note{what: "fence", holds: p.number}, func() { p.w.initProducer(p.transactionalID()) })
}

// transactionalID is the process's name, or one that it gets anew each time.
func (p *process) transactionalID() string {
	if p.life.named {
		return fmt.Sprintf("g.p.%s", p.life.instance)
	}
	return fmt.Sprintf("g.p.%d.%d", p.number, p.lives)
}
