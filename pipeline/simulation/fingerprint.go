package simulation

import (
	"math/bits"
	"reflect"
	"runtime"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// fingerprint makes a number of all that decides how a schedule goes on: what the
// broker has, where each process is in its code, what its client and its worker
// hold, what is on its way, and what the judge has seen. Equal states have equal
// numbers; that two others have is as likely as a collision of 64 bits.
type fingerprint struct {
	h    uint64
	now  int64                    // times count from it
	idle bool                     // it counts how long partitions are silent
	kept map[reflect.Type][]field // fields of a struct that count
}

func (f *fingerprint) add(v uint64) {
	f.h = bits.RotateLeft64((f.h^v)*0x9E3779B97F4A7C15+0x94D049BB133111EB, 29) * 0xBF58476D1CE4E5B9
}

func (f *fingerprint) all(vs ...any) {
	for _, v := range vs {
		f.value(reflect.ValueOf(v))
	}
}

// of is the number of a state.
func (f *fingerprint) of(t *every) uint64 {
	w := t.w
	f.h, f.now, f.idle = 0, w.now, w.script.spec.Idle > 0
	settled := w.script.quiet + 1
	if f.idle { // the judge goes by when records came, up to then
		settled = w.script.quiet + 4*sec
	}
	f.all(min(w.now, settled))
	f.all(max(t.until[registryDown]-w.now, 0), max(t.until[deadLettersDown]-w.now, 0), max(t.until[tear]-w.now, 0))
	for _, p := range w.processes {
		f.process(p)
	}
	if t.running != nil {
		f.all(t.running.number, stack(12))
	}
	f.group(&w.group)
	f.events(w)
	f.all(t.doing)
	if t.left.Switches < Any {
		f.all(t.fresh, slices.IndexFunc(w.processes, func(p *process) bool { return t.last == &p.thread }))
	}
	f.all(w.judge.results > 0, len(w.judge.violations))
	for _, l := range w.judge.ledgers {
		f.all(*l, len(l.visible), slices.Index(w.scripts[:], l.script), slices.Index(w.scripts[:], l.tried))
		if f.idle {
			f.all(min(l.at-l.left, settled))
		}
	}
	return f.h
}

func (f *fingerprint) process(p *process) {
	f.all(p.number, p.alive, p.ended, p.finished, p.version, p.refused, p.frozen(), p.lives > 0, p.where, p.origin.Stops, p.origin.Present == nil)
	if p.w.script.next != nil {
		f.time(p.loaded)
	}
	if p.fences != pipeline.None {
		f.all(min(p.w.now-p.fences, 60*sec))
	}
	id := p.w.producers[p.transactionalID()]
	if id != nil && id.open != nil {
		f.all(id.open.offset)
	}
	if p.s != nil {
		f.session(p.s, id)
	}
}

// session adds what a client and its worker hold.
func (f *fingerprint) session(s *session, id *producerID) {
	g := &s.w.group
	if s.member != nil && (len(s.current) > 0 || !s.joining) { // what it was in before is of no matter
		f.all(s.generation - g.generation)
	}
	f.all(id.epoch-s.epoch, s.joining, s.current, s.fetching, s.known, s.told, s.events,
		s.paused, s.answers, s.unchecked, g.has(s.member))
	for _, c := range s.cursors {
		f.all(c.id, c.next, c.believed, c.resumed, c.position.Offset, c.position.Checkpoint.Replay)
	}
	for _, l := range s.w.judge.ledgers {
		for _, b := range l.books {
			f.all(s.taken[b.id].Offset, s.taken[b.id].Stop)
		}
		if at := s.stopped[l]; at != nil {
			f.all(at.vague)
		}
	}
	for i := range s.lent {
		f.all(s.lent[i].Partition, s.lent[i].Next, s.lent[i].Offsets)
	}
	if s.err != nil {
		f.text(s.err.Error())
	}
	if t := s.open; t != nil {
		f.all(t.of.open == t, t.late, t.offset)
		if t.generation > 0 { // else it is not set yet
			f.all(t.generation - g.generation)
		}
	}
	if s.worker != nil {
		f.worker(reflect.ValueOf(s.worker).Elem())
	}
}

// worker adds how long ago the last commit was as far as that matters: until the
// next may follow.
func (f *fingerprint) worker(w reflect.Value) {
	f.value(w)
	if last := w.FieldByName("last").Int(); last != pipeline.None {
		f.add(uint64(min(f.now-last, w.FieldByName("interval").Int())))
	}
}

func (f *fingerprint) group(g *group) {
	f.all(g.state, g.settling, g.withheld, g.offsets, g.pending)
	for _, m := range g.members {
		f.all(m.id, m.s.dead, m.joined, min(g.w.now-m.beat, 2*g.w.timeouts.session))
		if m.joined || g.state == assigning { // else it has to say it anew
			f.all(m.said.Owned, m.said.Counts, m.said.Version)
			if g.w.script.next != nil {
				f.time(m.said.Loaded)
			}
			if len(m.said.Owned) > 0 {
				f.all(m.said.Generation - g.generation)
			}
		}
	}
}

// events are what is on its way, in its order.
func (f *fingerprint) events(w *world) {
	es := slices.Clone(w.events)
	slices.SortFunc(es, event.compare)
	for i := range es {
		e := &es[i]
		if e.void() || e.of == nil && e.note == nil {
			continue
		}
		f.all(e.at - w.now)
		switch {
		case e.of != nil:
			i := slices.IndexFunc(w.processes, func(p *process) bool { return e.of == &p.thread })
			f.all(i)
		case e.note != nil && e.note.of != nil:
			f.all(e.what, e.holds, e.note.of.number)
		case e.note != nil:
			f.all(e.what, e.holds)
		}
	}
}

// stack is a number of the places in the code where the running thread is.
func stack(depth int) uint64 {
	var at [12]uintptr
	h := uint64(0)
	for _, pc := range at[:runtime.Callers(2, at[:depth])] {
		h = (h ^ uint64(pc)) * 0x9E3779B97F4A7C15
	}
	return h
}
