// Package simulation tries the delivery protocol: the worker that runs on Kafka,
// the plan that says where reading starts and the balancer run here against a
// model of the broker, in virtual time, while processes crash and the broker
// fails.
//
//	seed -> draw -> script{spec, logs, processes, faults} -> Run -> Outcome
//
// One seed is one schedule, and decides everything. script.go, draw.go, language.go,
// feed.go and fault.go make it; source.go is the logs, group.go and transaction.go
// the coordinators, trouble.go a leader of another make; session.go, rebalance.go,
// poll.go, pause.go, decode.go, commit.go and lag.go are the client, process.go who runs it, halt.go
// what a pipeline has to stop for. judge.go, admit.go, windows.go, letters.go,
// bounds.go, start.go and arith.go say what had to become visible, from the logs
// alone: they share no code with what they judge, and expressions.go has each
// expression in Go beside its text. tally.go lists what schedules have to reach.
//
// The model is harsher than the broker where it may be. Events reach the worker
// between any two calls and in the middle of a commit; batches of an assignment
// that is gone are delivered; callbacks of loss are swallowed; a leader tears
// shards.
package simulation

import (
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// Outcome is what became of one schedule.
type Outcome struct {
	Seed       uint64
	Records    int
	Reached    Tally
	Violations []string
}

// world is one schedule as it is played.
type world struct {
	fortune
	clock
	script    *script
	plan      *pipeline.Plan
	group     group
	producers map[string]*producerID
	processes []*process
	sessions  int
	faults    []fault
	holders   map[string]*session // who got a shard last
	judge     *judge
	reached   Tally
	late      int   // records
	partial   int   // records that were late for some of their windows
	tardy     int   // late, if only for some of their windows, that silence had not closed
	idles     int   // times that C rose by silence
	halted    bool  // what stops the pipeline has happened
	forgets   int32 // a schema id that the registry no longer has
	over      bool
	kept      map[kept]answer // results, where they are wanted
	trace     io.Writer
}

// kept names a result.
type kept struct {
	sink  string
	start int64
	group string
}

// Run plays the schedule of a seed. What happens is written to trace, unless
// that is nil.
func Run(seed uint64, trace io.Writer) Outcome {
	s := draw(seed)
	w := newWorld(s, seed, trace)
	w.kept = s.keeps()
	w.play()
	if w.kept != nil && len(w.judge.violations) == 0 && w.late == 0 && w.partial == 0 && w.idles == 0 {
		w.reread(seed)
	}
	return Outcome{Seed: seed, Records: s.records(), Reached: w.reached, Violations: w.judge.violations}
}

func newWorld(s *script, seed uint64, trace io.Writer) *world {
	w := &world{
		clock: clock{now: s.t0}, script: s, trace: trace,
		faults: slices.Clone(s.faults), producers: map[string]*producerID{}, holders: map[string]*session{},
	}
	w.fortune = drawn{newDice(seed, 2), w}
	var err error
	if w.plan, err = pipeline.Compile(s.spec, pipeline.Options{Results: s.language.results, Cells: s.cells}); err != nil {
		panic(err)
	}
	w.group = group{w: w, offsets: map[pipeline.Partition]pipeline.Committed{}, pending: map[pipeline.Partition]int{}}
	w.judge = newJudge(w)
	return w
}

// play runs the schedule to its end.
func (w *world) play() {
	defer func() {
		if r := recover(); r != nil {
			w.judge.violate("panic: %v\n%s", r, debug.Stack())
		}
		w.over = true
		for _, p := range w.processes {
			p.end()
		}
	}()
	for _, l := range w.script.lives {
		w.spawn(l)
	}
	for i := range w.faults {
		if f := &w.faults[i]; f.what == kill {
			w.at(f.at, func() { w.kill(f) })
		}
	}
	w.group.later()
	w.after(sec, w.watch)
	for _, f := range w.faults {
		if f.what == storm {
			w.at(f.at, w.group.blow)
		}
	}
	w.at(w.script.t0+w.between(6*sec, 14*sec), w.arrange)
	for !w.over && w.step() {
	}
}

// step does what is next; false when there is nothing.
func (w *world) step() bool {
	e, ok := w.next()
	if ok {
		w.now = e.at
		if !e.void() {
			e.do()
		}
	}
	return ok
}

// kill ends a process wherever it is.
func (w *world) kill(f *fault) {
	if p := w.processes[f.process]; p.s != nil && !w.over {
		w.reached[point16]++
		p.kill()
	}
}

// watch ends the schedule once everything is done, or should be.
func (w *world) watch() {
	const bound = 120 * sec
	quiet := w.now > w.script.quiet
	switch {
	case w.script.untilEnd && !slices.ContainsFunc(w.processes, func(p *process) bool { return !p.ended }):
		for _, p := range w.processes {
			w.judge.finished(p)
		}
		w.over = true
	case !w.script.untilEnd && quiet && w.judge.drained() == "":
		w.over = true
	case w.now > w.script.quiet+bound:
		w.judge.violate("V6: not done: %s", w.judge.drained())
		w.over = true
	default:
		w.after(sec, w.watch)
	}
}

// drained says what is left to be done, "" when nothing is.
func (j *judge) drained() string {
	var left []string
	for _, l := range j.ledgers {
		low := int64(never)
		for _, b := range l.books {
			low = min(low, b.largest)
			if !b.begun || b.done < int64(len(b.entries)) {
				left = append(left, fmt.Sprintf("%v at %d of %d", b.id, b.done, len(b.entries)))
			}
		}
		waits := j.w.script.spec.Idle == 0
		if len(l.windows) > 0 && (!waits || l.windows[0].start+j.size() <= j.less(low)) {
			left = append(left, fmt.Sprintf("%s: %d windows", l.sink, len(l.windows)))
		}
	}
	return strings.Join(left, ", ")
}

// finished checks what the processes under --until-end leave behind: what was
// there when one of them started is read, and what it let close is emitted.
func (j *judge) finished(p *process) {
	if !p.finished {
		return
	}
	all := !slices.ContainsFunc(j.w.processes, func(p *process) bool { return !p.finished })
	for _, l := range j.ledgers {
		high := none
		for _, b := range l.books {
			high = max(high, b.largest)
			stop, ok := p.origin.Stops[b.id]
			if !ok {
				continue
			}
			if b.done < stop {
				j.violate("%s ended with %v at %d, before %d", p, b.id, b.done, stop)
			}
		}
		if all && l.closed < j.less(high) {
			j.violate("%s ended with %s at C %s, below %s", p, l.sink, j.w.clockTime(l.closed), j.w.clockTime(j.less(high)))
		}
	}
}

// account holds what a worker says became of its offsets against what the judge
// says.
func (j *judge) account(s *session, totals map[pipeline.Partition]pipeline.Counts) {
	if !s.unchecked {
		return
	}
	s.unchecked = false
	for id, want := range s.totals {
		if totals[id] != want {
			j.violate("V3: %s: %v: counts %+v, should be %+v", s, id, totals[id], want)
		}
	}
}

func (w *world) logf(format string, args ...any) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, "%10s  %s\n", w.clockTime(w.now), fmt.Sprintf(format, args...))
	}
}
