package faults

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// This file is what happens to brokers, connections, registries and workers.

// refusal is a code that a broker answers the next requests with.
type refusal struct {
	key   kmsg.Key
	err   *kerr.Error
	whole bool
	count int
}

func (e refusal) String() string {
	return fmt.Sprintf("%s: %s x%d", e.key.Name(), name(e.err), e.count)
}

func (e refusal) happen(w *world) {
	w.refused(e.key.Name(), w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{e.key}, Err: e.err, TopLevel: e.whole, Count: e.count, When: ofWorkers}))
}

// interference is done to the next requests by who stands between.
type interference struct{ fault wireFault }

func (e interference) String() string {
	f := e.fault
	switch {
	case f.err != nil:
		return fmt.Sprintf("%s: done, answered %s x%d", f.key.Name(), name(f.err), f.left)
	case f.delay > 0:
		return fmt.Sprintf("%s: answered %v late x%d", f.key.Name(), f.delay, f.left)
	}
	return fmt.Sprintf("%s: %v x%d", f.key.Name(), f.kind, f.left)
}

func (e interference) happen(w *world) {
	f := e.fault
	w.interfered = append(w.interfered, &f)
	w.wires.add(&f)
}

// rehash moves every coordinator.
type rehash struct{}

func (rehash) String() string { return "coordinators move" }
func (rehash) happen(w *world) {
	w.fake.RehashCoordinators()
	w.hit("coordinators moved", 1)
}

// shuffle gives every partition another leader.
type shuffle struct{}

func (shuffle) String() string { return "leaders are shuffled" }
func (shuffle) happen(w *world) {
	w.fake.ShufflePartitionLeaders()
	w.hit("leaders shuffled", 1)
}

// move gives one partition another leader.
type move struct {
	topic           string
	partition, node int32
}

func (e move) String() string { return fmt.Sprintf("%s/%d moves to %d", e.topic, e.partition, e.node) }
func (e move) happen(w *world) {
	if w.fake.MoveTopicPartition(e.topic, e.partition, e.node) == nil {
		w.hit("partitions moved", 1)
	}
}

// kill ends a worker from one moment to the next: what it had sent may be done, and
// nobody says goodbye. Another takes its place.
type kill struct {
	slot  int
	after time.Duration
}

func (e kill) String() string  { return fmt.Sprintf("kill %d, again after %v", e.slot, e.after) }
func (e kill) happen(w *world) { w.kill(e.slot, e.after) }

// freeze holds a worker's connections: beyond a session's timeout it is a zombie.
type freeze struct {
	slot int
	time time.Duration
}

func (e freeze) String() string { return fmt.Sprintf("freeze %d for %v", e.slot, e.time) }
func (e freeze) happen(w *world) {
	if n := w.networkOf(e.slot); n != nil {
		n.freeze()
		w.after(e.time, n.thaw)
		w.hit("workers frozen", 1)
	}
}

// cut cuts all connections of a worker.
type cut struct{ slot int }

func (e cut) String() string { return fmt.Sprintf("cut %d", e.slot) }
func (e cut) happen(w *world) {
	if n := w.networkOf(e.slot); n != nil {
		n.cut(false)
		w.hit("workers cut off", 1)
	}
}

// ailment troubles a registry for a while.
type ailment struct {
	sink    bool
	trouble trouble
	time    time.Duration
}

func (e ailment) String() string {
	return fmt.Sprintf("registry (sink %v) %v for %v", e.sink, e.trouble, e.time)
}

func (e ailment) happen(w *world) {
	r := w.source
	if e.sink {
		r = w.sink
	}
	r.set(e.trouble)
	w.after(e.time, func() { r.set(well) })
}

// join starts a worker; leave stops one in order.
type (
	join  struct{ slot int }
	leave struct{ slot int }
)

func (e join) String() string   { return fmt.Sprintf("join %d", e.slot) }
func (e join) happen(w *world)  { w.start(e.slot) }
func (e leave) String() string  { return fmt.Sprintf("leave %d", e.slot) }
func (e leave) happen(w *world) { w.leave(e.slot) }

// appear adds a topic.
type appear struct{ topic topicSetup }

func (e appear) String() string  { return fmt.Sprintf("new topic %+v", e.topic) }
func (e appear) happen(w *world) { w.create(e.topic) }

// widen adds a partition to a topic.
type widen struct{ topic string }

func (e widen) String() string  { return "new partition of " + e.topic }
func (e widen) happen(w *world) { w.widen(e.topic) }
