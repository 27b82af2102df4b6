package faults

import (
	"fmt"
	"time"
)

// bound is how long everything may take to be written once the faults have stopped:
// sessions expire, wait until they begin again, find shards torn, and registries are
// asked again after a while, each up to ten seconds.
var bound = time.Duration(number("AGGRUN_BOUND", 45)) * time.Second

// tick is how often it is looked whether it is. The bound is counted in ticks, so that
// a machine that does other things has more time.
const tick = 20 * time.Millisecond

// outcome is what came of a seed.
type outcome struct {
	script     *script
	violations []string
	count      tally
	log        string // where it is, of one with violations
}

// play plays a seed's script.
func play(seed uint64) outcome {
	s := draw(seed)
	w, err := newWorld(s)
	if err != nil {
		return outcome{script: s, violations: []string{"harness: " + err.Error()}, count: newTally()}
	}
	defer w.close()
	if err := w.run(); err != nil {
		w.wrong("harness: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	o := outcome{script: s, violations: w.violations, count: w.count}
	if len(o.violations) > 0 {
		o.log = w.log.save(seed)
	}
	return o
}

func (w *world) run() error {
	done, watched := make(chan struct{}), make(chan struct{})
	go func() { defer close(watched); w.watch(done) }()
	err := w.storm()
	if err == nil {
		err = w.settle()
	}
	close(done)
	<-watched
	return err
}

// storm plays the rounds.
func (w *world) storm() error {
	w.feed.round()
	w.workersFrom = time.Now()
	for slot := range w.script.workers {
		w.start(slot)
	}
	if err := w.founded(); err != nil {
		return err
	}
	for _, r := range w.rounds {
		for _, e := range r.events {
			e.happen(w)
		}
		if !r.silent {
			w.feed.round()
		}
		time.Sleep(r.pause)
	}
	return nil
}

// founded waits for the group's first commit: before it, the fake broker keeps nobody
// waiting for offsets that are pending in a transaction.
func (w *world) founded() error {
	for end := time.Now().Add(bound); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if info := w.fake.GroupInfo(groupPrefix + pipe); info != nil && len(info.Commits) > 0 {
			return nil
		}
	}
	return fmt.Errorf("no commit after %v", bound)
}

// settle ends the faults, waits until all is written, and judges.
func (w *world) settle() error {
	w.timers.Wait()
	w.endFaults()
	for slot := range w.script.workers {
		w.start(slot)
	}
	w.feed.flush()
	from := time.Now()
	source, err := w.read(w.sourceTopics()...)
	if err != nil {
		return err
	}
	targets := w.targets(w.entries(source))
	for ticks := bound / tick; !w.reached(source, targets); ticks-- {
		if ticks == 0 {
			w.wrong("%v after the faults not all is written: committed %+v, the log ends at %v; C %v, has to be %v", bound, w.commits, source.next, w.closed(), targets)
			break
		}
		time.Sleep(tick)
	}
	w.count.longest = time.Since(from).Seconds()
	w.stopAll()
	if w.untilEnd {
		w.finish()
	}
	w.look()
	return w.judge(source)
}

// endFaults takes back what is still to come, and counts what did.
func (w *world) endFaults() {
	w.wires.clear()
	for key, handles := range w.faults {
		for _, h := range handles {
			h.Remove()
			w.hit("error codes: "+key, h.Hits())
		}
	}
	for _, f := range w.interfered {
		w.hit("on the wire: "+f.kind.String(), f.hits)
	}
	for _, t := range []trouble{down, slow, error500} {
		w.hit("registries: "+t.String(), w.source.count(t)+w.sink.count(t))
	}
}

func (w *world) sourceTopics() (names []string) {
	for _, t := range w.feed.topics {
		names = append(names, t.name)
	}
	return names
}
