package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// This file says what may happen next, where everything is tried.

// next takes one of the events that are due: the first of the group's, which come
// in their order, or a process's. What processes do at one time does not reach
// others before the next, so while the group has nothing to do their order is of no
// matter, and they take turns.
func (t *every) next() (event, bool) {
	t.asked, t.running, t.doing = false, nil, ""
	w := t.w
	w.events = slices.DeleteFunc(w.events, func(e event) bool { return e.void() })
	if len(w.events) == 0 {
		return event{}, false
	}
	now := slices.MinFunc(w.events, event.compare).at
	if now > w.now {
		w.now, t.fresh = now, true
	}
	due := t.due()
	i := due[0]
	if !w.events[i].hidden() {
		if t.fresh {
			t.arrive()
		}
		if len(due) > 1 {
			i = t.take(due)
		}
		t.last, t.fresh = w.events[i].of, false
	}
	t.events++
	e := w.events[i]
	w.events = slices.Delete(w.events, i, i+1)
	if t.running = t.process(&e); e.note != nil {
		t.doing = e.what
	}
	return e, true
}

// take chooses who is next. To take another than who could go on is a switch.
func (t *every) take(due []int) int {
	on := -1
	if !t.fresh {
		on = slices.IndexFunc(due, func(i int) bool { return t.w.events[i].of == t.last })
	}
	if on < 0 {
		return due[t.choose(len(due), func() string { return t.list(due) })]
	}
	due[0], due[on] = due[on], due[0]
	if t.left.Switches == 0 {
		return due[0]
	}
	i := t.choose(len(due), func() string { return t.list(due) })
	if i > 0 && t.left.Switches < Any {
		t.left.Switches--
	}
	return due[i]
}

func (e event) compare(o event) int {
	return cmp.Or(cmp.Compare(e.at, o.at), cmp.Compare(e.seq, o.seq))
}

// due are the events, by index, of which any may be next.
func (t *every) due() (due []int) {
	w, group, still := t.w, -1, -1
	alone := w.script.untilEnd
	for i := range w.events {
		e := &w.events[i]
		switch {
		case e.at > w.now:
		case e.hidden():
			still = t.earlier(still, i)
		case e.of == nil:
			group = t.earlier(group, i)
		default:
			due = append(due, i)
			alone = alone || t.process(e).s == nil
		}
	}
	if still >= 0 {
		return []int{still}
	}
	slices.SortFunc(due, func(a, b int) int { return cmp.Compare(t.process(&w.events[a]).number, t.process(&w.events[b]).number) })
	switch {
	case group >= 0:
		due = slices.DeleteFunc(due, func(i int) bool { return !w.group.touches(&w.events[group], t.process(&w.events[i])) })
		return append(due, group)
	case !alone:
		return due[:1]
	}
	return due
}

// touches tells whether something that a process may still do at this time can
// depend on whether it does it before an event of the group's or after. A process
// without a partition commits nothing but what it has begun to; and a member that joins
// is seen by the others once it is the last.
func (g *group) touches(e *event, p *process) bool {
	s := p.s
	if s == nil {
		return true
	}
	open := s.open != nil && s.open.of.open == s.open
	busy := len(s.cursors) > 0 || s.joining || open
	switch own := e.note.of != nil && e.note.of.process == p; e.what {
	case "lead":
		return g.members[0].s == s
	case "sync", "assign":
		return own
	case "fetch":
		return own || open || slices.ContainsFunc(s.cursors, func(c *cursor) bool { return e.note.of.ofShard(c.id) })
	case "join", "join again", "heartbeat", "join late", "let go":
		return own || busy && g.last(e.note.of)
	default:
		return own || busy
	}
}

// last tells that a round ends when a member joins.
func (g *group) last(s *session) bool {
	return !slices.ContainsFunc(g.members, func(m *member) bool { return !m.joined && m != s.member })
}

func (t *every) earlier(a, b int) int {
	if a < 0 || t.w.events[b].seq < t.w.events[a].seq {
		return b
	}
	return a
}

// process is the one whose sleep an event ends, nil for another.
func (t *every) process(e *event) *process {
	for _, p := range t.w.processes {
		if e.of == &p.thread {
			return p
		}
	}
	return nil
}

// list names events.
func (t *every) list(due []int) string {
	var names []string
	for _, i := range due {
		e := &t.w.events[i]
		if p := t.process(e); p != nil {
			names = append(names, fmt.Sprint(p))
		} else {
			names = append(names, "group: "+e.what)
		}
	}
	return strings.Join(names, "|")
}

// hidden tells that no process can see whether an event has happened yet.
func (e *event) hidden() bool {
	return e.of == nil && (e.note == nil || e.still != nil && e.still())
}
