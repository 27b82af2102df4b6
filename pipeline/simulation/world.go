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
	timeouts  timeouts
	plan      *pipeline.Plan    // of the script's spec
	scripts   [2]*script        // of the spec, and of the one that is rolled out
	plans     [2]*pipeline.Plan // of these
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
	sink       string
	start, end int64
	group      string
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
	w := makeWorld(s, s.plans(), trace)
	w.fortune = drawn{newDice(seed, 2), w}
	return w
}

// makeWorld makes a world without a fortune.
func makeWorld(s *script, plans [2]*pipeline.Plan, trace io.Writer) *world {
	w := &world{
		clock: clock{now: s.t0}, timeouts: usual, script: s, trace: trace,
		faults: slices.Clone(s.faults), producers: map[string]*producerID{}, holders: map[string]*session{},
		plan: plans[0], plans: plans, scripts: [2]*script{s, s.rolledOut()},
	}
	w.group = group{w: w, offsets: map[pipeline.Partition]pipeline.Committed{}, pending: map[pipeline.Partition]int{}}
	w.judge = newJudge(w)
	return w
}

// play runs the schedule to its end.
func (w *world) play() {
	defer func() {
		if r := recover(); r != nil && r != (known{}) {
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
	if w.script.loss != 0 {
		w.at(w.script.loss, w.lose)
	}
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

// send brings the group a request: in no time, or after a grain of it, so that what
// processes do at one time does not reach others before the next.
func (w *world) send(n note, do func()) {
	if w.grain == 0 {
		do()
		return
	}
	w.post(w.grain, n, do)
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
	case !w.script.untilEnd && quiet && w.judge.drained() == "" && w.rests():
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
		j.s = l.script
		if j.w.now > j.w.script.quiet && j.w.script.denies(l.sink, j.w.now, j.w.now) {
			continue // for ever
		}
		low := int64(never)
		for _, b := range l.books {
			low = min(low, b.largest)
			if !b.begun || b.done < int64(len(b.entries)) {
				left = append(left, fmt.Sprintf("%v at %d of %d", b.id, b.done, len(b.entries)))
			}
		}
		waits := j.s.spec.Idle == 0
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
		if end := j.less(high); all && end != none && l.closed < j.s.pane(end) {
			j.violate("%s ended with %s at C %s, below %s", p, l.sink, j.w.clockTime(l.closed), j.w.clockTime(j.s.pane(end)))
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
