package faults

import (
	"cmp"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// This file watches what the group commits: neither an offset nor C ever goes back.

// committed is a partition's commit.
type committed struct{ offset, closed int64 }

// beginning is where a partition begins: at least, and at most. Nothing is read before
// the beginning is committed, by a commit that knows of no record; but that may abort,
// and the next one begin elsewhere, and those after it know of none as long as all that
// was read were bad ones and what transactions aborted.
type beginning struct {
	least, most int64
	closed      int64 // C of the commit at most, ms
}

// observe notes where partitions begin, and journals all commits that are asked for.
func (w *world) observe() {
	w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Count: -1, Observe: true, When: func(req kmsg.Request) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, t := range req.(*kmsg.TxnOffsetCommitRequest).Topics {
			for _, p := range t.Partitions {
				w.asked(pipeline.Partition{Topic: cmp.Or(t.Topic, w.topicIDs[t.TopicID]), ID: p.Partition}, p)
			}
		}
		return true
	}})
}

func (w *world) asked(id pipeline.Partition, p kmsg.TxnOffsetCommitRequestTopicPartition) {
	k, err := pipeline.DecodeCheckpoint(*p.Metadata, p.Offset)
	k.Fingerprint = pipeline.Fingerprint{}
	fmt.Fprintf(&w.log, "%s asked to commit %v at %d: %+v\n", time.Now().Format("05.000"), id, p.Offset, k)
	b, ok := w.begins[id]
	switch closed := k.Closed / time.Millisecond.Nanoseconds(); {
	case !ok:
		w.begins[id] = beginning{p.Offset, p.Offset, closed}
	case err == nil && k.Largest == pipeline.None && p.Offset > b.most:
		w.begins[id] = beginning{b.least, p.Offset, closed}
	case err == nil && k.Largest == pipeline.None:
		b.least = min(b.least, p.Offset)
		w.begins[id] = b
	}
}

// watch looks at the group again and again until done.
func (w *world) watch(done <-chan struct{}) {
	for {
		w.look()
		select {
		case <-done:
			return
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// look looks at the group once.
func (w *world) look() {
	info := w.fake.GroupInfo(groupPrefix + pipe)
	if info == nil {
		return
	}
	w.mu.Lock()
	if info.Epoch > w.epoch {
		w.count.numbers["rebalances"] += int(info.Epoch - w.epoch)
		w.epoch = info.Epoch
	}
	w.mu.Unlock()
	w.exorcise(info.Members)
	for topic, ps := range info.Commits {
		for p, c := range ps {
			w.compare(pipeline.Partition{Topic: topic, ID: p}, c)
		}
	}
}

func (w *world) compare(id pipeline.Partition, c kfake.GroupCommit) {
	k, err := pipeline.DecodeCheckpoint(c.Metadata, c.Offset)
	if err != nil {
		w.wrong("%v: the commit at %d is not ours: %v", id, c.Offset, err)
		return
	}
	now := committed{c.Offset, k.Closed}
	w.mu.Lock()
	before, ok := w.commits[id]
	if w.commits[id] = now; now != before {
		fmt.Fprintf(&w.log, "%s committed %v: %+v\n", time.Now().Format("05.000"), id, now)
	}
	w.mu.Unlock()
	if ok && (now.offset < before.offset || now.closed < before.closed) {
		w.wrong("%v: a commit went back, from %+v to %+v", id, before, now)
	}
}

// reached tells that all that was written is committed, and C where it has to be.
func (w *world) reached(source *logOf, targets map[string]int64) bool {
	closed := w.closed()
	for sink, at := range targets {
		if closed[sink] < at {
			return false
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, end := range source.next {
		if c, ok := w.commits[id]; end > 0 && (!ok || c.offset < end) {
			return false
		}
	}
	return true
}
