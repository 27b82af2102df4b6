package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file stops single shards: those whose sink refuses their results, while the
// others go on. A stopped shard gives nothing to commits and is not read; what it
// has waits. It is tried again, later each time, in a commit of its own: one for all
// of a sink that refuses whatever is written to it.

// The wait before a stopped shard is tried again, ns: it doubles with each refusal.
const (
	leastWait = int64(1e9)
	mostWait  = int64(60e9)
)

// Refused is the error of a commit that was aborted since sinks refuse results, as
// they will until somebody mends that: why, by sink. Unlike other errors it ends no
// session.
type Refused struct{ Sinks map[string]Refusal }

// Refusal is why a sink refuses results, as the client tells.
type Refusal struct {
	Reason string
	All    bool // whatever is written to it; else it may be for what one shard writes
}

func (r *Refused) Error() string {
	var all []string
	for _, sink := range slices.Sorted(maps.Keys(r.Sinks)) {
		all = append(all, r.Sinks[sink].Reason)
	}
	return strings.Join(all, "; ")
}

// Stopped is a shard that waits until its sink takes its results.
type Stopped struct {
	Shard  string
	Sink   string // the topic
	Reason string // why that refuses them, as the client told
	Since  int64  // ns, as Fetch.Now
	Next   int64  // when it is tried again, ns
}

// stoppage is the state of a stopped shard.
type stoppage struct {
	reason string
	since  int64
	wait   int64
	next   int64
	final  bool // it was tried when nothing else was left to do
}

// Stopped are the shards that are stopped, in their order.
func (w *Worker) Stopped() []Stopped {
	if w.due.stopped == 0 {
		return nil
	}
	var all []Stopped
	for _, t := range w.order {
		if s := t.stopped; s != nil {
			all = append(all, s.of(t))
		}
	}
	return all
}

func (s *stoppage) of(t *task) Stopped { return Stopped{t.shard, t.sink, s.reason, s.since, s.next} }

// refuse stops the shards whose results were refused, or stops them for longer. One
// that had none for the sink loses nothing by going on. left tells that more than
// these was left to do.
func (w *Worker) refuse(r *Refused, left bool) error {
	found := false
	for _, t := range w.order {
		if why, ok := r.Sinks[t.sink]; ok && t.commits && t.wrote {
			t.stop(why.Reason, w.now, left)
			found = true
		}
	}
	for sink, why := range r.Sinks {
		if why.All {
			w.putOff(sink)
		}
	}
	if !found {
		return errors.New("sinks refuse results that they were not to get: " + r.Error())
	}
	w.sum()
	return nil
}

// putOff lets all stopped shards of a sink wait as long as that of them which was
// refused most often: what one was refused for, all are.
func (w *Worker) putOff(sink string) {
	wait, final := int64(0), false
	for _, t := range w.order {
		if s := t.stopped; s != nil && t.sink == sink {
			wait, final = max(wait, s.wait), final || s.final
		}
	}
	for _, t := range w.order {
		if s := t.stopped; s != nil && t.sink == sink {
			s.wait, s.next, s.final = wait, w.now+wait, final
		}
	}
}

func (t *task) stop(reason string, now int64, left bool) {
	if t.stopped == nil {
		t.stopped = &stoppage{since: now, wait: leastWait / 2}
	}
	s := t.stopped
	s.reason, s.wait, s.final = reason, min(2*s.wait, mostWait), !left
	s.next = now + s.wait
	t.due = t.dues()
}

// goOn ends a shard's stop: align has it read again.
func (t *task) goOn() {
	if t.stopped != nil {
		t.stopped, t.pauses, t.touched = nil, true, true
	}
}

// halt asks not to read a stopped shard.
func (t *task) halt(r *Request) {
	for _, p := range t.parts {
		if p.resumed && !p.paused {
			p.paused = true
			r.Pause = append(r.Pause, p.id)
		}
	}
}

// retry tries the shard that has waited longest for it. What waits in the others of
// its sink is tried at once where the sink takes results again.
func (w *Worker) retry() error {
	if w.due.stopped == 0 {
		return nil
	}
	left := !w.rested()
	t := w.candidate(left)
	if t == nil {
		return nil
	}
	c, err := w.build(t)
	if err != nil {
		return err
	}
	if c != nil { // else nothing is left that could be refused
		if how, err := w.run(c, left); how != committed || err != nil {
			return err
		}
	}
	t.goOn()
	w.committed()
	for _, o := range w.order {
		if s := o.stopped; s != nil && o.sink == t.sink && t.wrote {
			s.next = w.now
		}
	}
	return nil
}

// candidate is the stopped shard that is to be tried now; nil: none. While a commit
// would have to wait it is put off, for as long again at most. When nothing else is
// left to do, each is tried once more at once.
func (w *Worker) candidate(left bool) *task {
	var first *task
	for _, t := range w.order {
		s := t.stopped
		if s == nil || !t.settled() {
			continue
		}
		s.final = s.final && !left
		late := w.now - s.next
		if tried := late >= 0 && (!w.busy || late >= s.wait); !tried && (left || s.final) {
			continue
		}
		if first == nil || s.next < first.stopped.next {
			first = t
		}
	}
	return first
}

// rested tells, under --until-end, that nothing is left to do but what stopped
// shards wait with.
func (w *Worker) rested() bool {
	return w.Read() && !slices.ContainsFunc(w.order, func(t *task) bool { return t.stopped == nil && !t.finished() })
}

// checkStopped ends the pipeline under --until-end when sinks still refuse results
// and all else is done: nobody is there to wait for. It comes between a poll and the
// commits: while these wait, others may have let go of what is to be done here.
func (w *Worker) checkStopped() error {
	if w.due.stopped == 0 || !w.rested() {
		return nil
	}
	var all []string
	for _, s := range w.order {
		switch {
		case s.stopped == nil:
		case !s.stopped.final:
			return nil
		default:
			all = append(all, fmt.Sprintf("shard %s: %s", s.shard, s.stopped.reason))
		}
	}
	return stopf("%s; everything else is committed, and nothing of this is lost: mend it and start again", strings.Join(all, "; "))
}
