package simulation

import "iter"

// clock is virtual time, ns: what is to happen is done in the order of its time,
// and of equal times in the order in which it was planned.
type clock struct {
	now    int64
	grain  int64 // what takes time takes so many ns or a multiple, and what takes little none; 0: time is fine
	seq    uint64
	events []event // a heap
}

type event struct {
	at  int64
	seq uint64
	of  *thread // whose sleep ends
	*note
	do func()
}

// note says what an event is, to where everything is tried. One without a note, if
// it is not a thread's, changes nothing that a process could tell from its having
// happened before or after.
type note struct {
	what  string
	of    *session
	holds any         // what the event brings
	moot  func() bool // it means nothing any more; nil: it always does
	still func() bool // it would change as little as one without a note; nil: never so
}

func (e event) before(f event) bool { return e.at < f.at || e.at == f.at && e.seq < f.seq }

// at plans do for a time; what lies in the past is done next.
func (c *clock) at(t int64, do func()) { c.add(event{at: t, do: do}) }

func (c *clock) after(d int64, do func()) { c.at(c.now+d, do) }

// post plans what a note is of.
func (c *clock) post(d int64, n note, do func()) { c.add(event{at: c.now + d, note: &n, do: do}) }

func (c *clock) add(e event) {
	c.seq++
	e.at, e.seq = c.round(max(e.at, c.now)), c.seq
	c.events = append(c.events, e)
	h := c.events
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// round is a time in grains.
func (c *clock) round(t int64) int64 {
	switch {
	case c.grain == 0 || t%c.grain == 0:
		return t
	case t-c.now < 20*ms:
		return c.now
	}
	return t - t%c.grain + c.grain
}

// first takes what is next out; false when there is nothing.
func (c *clock) first() (event, bool) {
	h := c.events
	if len(h) == 0 {
		return event{}, false
	}
	e, n := h[0], len(h)-1
	h[0], h[n] = h[n], event{}
	c.events = h[:n]
	c.sink()
	return e, true
}

// void tells that an event means nothing any more.
func (e *event) void() bool { return e.note != nil && e.moot != nil && e.moot() }

// sink moves the first event down to its place.
func (c *clock) sink() {
	h := c.events
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].before(h[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// thread is code that takes virtual time: it runs until it sleeps, and nothing
// else runs meanwhile.
type thread struct {
	clock  *clock
	next   func() (struct{}, bool)
	end    func()
	yield  func(struct{}) bool
	turn   int // a wake that was planned for another sleep is void
	killed bool
	where  uint64 // it sleeps, and when time has a grain
}

// crash is what the death of a process looks like from inside.
type crash struct{}

// start runs body from the next event on. It dies by crash when the thread is
// killed or ended in a sleep.
func (t *thread) start(c *clock, body func()) {
	t.clock = c
	t.next, t.end = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		body()
	})
	c.add(event{at: c.now, of: t, do: func() { t.next() }})
}

// sleep lets virtual time pass.
func (t *thread) sleep(d int64) {
	t.turn++
	turn := t.turn
	if t.clock.grain > 0 {
		t.where = stack(4)
	}
	t.clock.add(event{at: t.clock.now + d, of: t, do: func() {
		if t.turn == turn {
			t.next()
		}
	}})
	if !t.yield(struct{}{}) || t.killed {
		t.killed = false
		panic(crash{})
	}
}

// kill makes a sleeping thread die at once.
func (t *thread) kill() {
	t.killed = true
	t.turn++
	t.next()
}
