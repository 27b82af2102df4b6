package faults

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
)

// worker is a process that runs the pipeline, and is started again when it ends.
type worker struct {
	network *network
	ctx     context.Context
	cancel  context.CancelFunc
	done    chan struct{}
}

// start starts a worker in a slot that has none.
func (w *world) start(slot int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.workers[slot] != nil {
		return
	}
	k := &worker{network: newNetwork(&w.wires), done: make(chan struct{})}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	w.workers[slot] = k
	w.count.numbers["workers started"]++
	go w.work(slot, k)
}

// die takes a worker's network away, and then itself: what it sent is on its way.
func (k *worker) die() {
	k.network.cut(true)
	k.cancel()
}

// work runs a worker until it is told to stop, or dies. One that ends by itself is
// started again, as who runs processes would.
func (w *world) work(slot int, k *worker) {
	defer close(k.done)
	for k.ctx.Err() == nil {
		reports, err := kafka.Run(k.ctx, w.config(slot, k.network), []*pipeline.Plan{w.plan})
		if k.network.isDead() {
			return
		}
		w.account(reports)
		if k.ctx.Err() != nil {
			break
		}
		w.add("processes ended by themselves", 1)
		if s := (*pipeline.Stop)(nil); errors.As(err, &s) && !w.lawful(s) {
			w.wrong("worker %d stopped for good: %v", slot, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// lawful tells that a worker may stop so: of two with one name, which a name's former
// holder that was only frozen makes of it, one has to give up.
func (w *world) lawful(s *pipeline.Stop) bool {
	return w.named && strings.Contains(s.Msg, "fenced twice within a minute")
}

// account adds up what orderly workers tell.
func (w *world) account(reports []kafka.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range reports {
		w.results += r.Results
		for id, c := range r.Counts {
			sum := w.counts[id]
			sum.Add(c)
			w.counts[id] = sum
		}
	}
}

// take empties a slot.
func (w *world) take(slot int) *worker {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.workers[slot]
	w.workers[slot] = nil
	return k
}

func (w *world) networkOf(slot int) *network {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k := w.workers[slot]; k != nil {
		return k.network
	}
	return nil
}

func (w *world) kill(slot int, again time.Duration) {
	k := w.take(slot)
	if k == nil {
		return
	}
	k.die()
	w.add("kills", 1)
	w.after(again, func() { w.start(slot) })
}

// leave lets a worker end in order. Others may take its slot before it has.
func (w *world) leave(slot int) {
	if k := w.take(slot); k != nil {
		k.cancel()
		w.add("orderly ends", 1)
		w.timers.Go(func() { w.ended(k) })
	}
}

// stopping bounds an orderly end: the requests under way, that are tried again, and a
// rebalance.
const stopping = 30 * time.Second

func (w *world) ended(k *worker) {
	for range stopping / tick {
		select {
		case <-k.done:
			return
		case <-time.After(tick):
		}
	}
	w.wrong("a worker that was told to stop has not after %v", stopping)
}

// stopAll ends all workers in order.
func (w *world) stopAll() {
	for slot := range w.workers {
		w.leave(slot)
	}
	w.timers.Wait()
}

// finish has one more worker read to the end and write what is open.
func (w *world) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	c := w.config(mostWorkers, newNetwork(&w.wires))
	c.UntilEnd, c.CloseOpen = true, true
	reports, err := kafka.Run(ctx, c, []*pipeline.Plan{w.plan})
	if err != nil || ctx.Err() != nil {
		w.wrong("a run until the end did not reach it: %v, %v", err, ctx.Err())
	}
	w.account(reports)
}
