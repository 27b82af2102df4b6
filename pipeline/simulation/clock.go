package simulation

import "iter"

// clock is virtual time, ns: what is to happen is done in the order of its time,
// and of equal times in the order in which it was planned.
type clock struct {
	now    int64
	seq    uint64
	events []event // a heap
}

type event struct {
	at  int64
	seq uint64
	do  func()
}

func (e event) before(f event) bool { return e.at < f.at || e.at == f.at && e.seq < f.seq }

// at plans do for a time; what lies in the past is done next.
func (c *clock) at(t int64, do func()) {
	c.seq++
	c.events = append(c.events, event{max(t, c.now), c.seq, do})
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

func (c *clock) after(d int64, do func()) { c.at(c.now+d, do) }

// step does what is next; false when there is nothing.
func (c *clock) step() bool {
	h := c.events
	if len(h) == 0 {
		return false
	}
	e, n := h[0], len(h)-1
	h[0], h[n] = h[n], event{}
	c.events = h[:n]
	c.sink()
	c.now = e.at
	e.do()
	return true
}

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
	c.after(0, func() { t.next() })
}

// sleep lets virtual time pass.
func (t *thread) sleep(d int64) {
	t.turn++
	turn := t.turn
	t.clock.after(d, func() {
		if t.turn == turn {
			t.next()
		}
	})
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
