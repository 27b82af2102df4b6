package simulation

import (
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// small is a schedule to be tried in every way: two partitions of six records, and
// two processes, of which the first has the same transactional id in each of its
// lives. All its times are whole seconds, and so are those at which anything
// happens: three times records come, and each time the group's heartbeats do.
type small struct {
	name   string
	apart  bool // each partition is a shard; else both are one
	later  bool // the second process starts a second after the first
	change func(s *script)
	first  []int64 // event times of the first partition's records, tenths of a second from t0
	second []int64
}

// smalls are the schedules, those that take long first. The windows are of two seconds.
var smalls = []small{
	{name: "in order, two shards", later: true, apart: true, first: inOrder1, second: inOrder2},
	{name: "a sink that refuses", apart: true, first: inOrder1, second: inOrder2, change: refuse},
	{name: "in order, one shard", first: inOrder1, second: inOrder2},
	{name: "a straggler", first: inOrder1, second: []int64{3, 12, 25, 41, 15, 63}},
	{name: "a bad record", later: true, first: inOrder1, second: inOrder2, change: func(s *script) { s.sources[1].entries[2].what = garbage }},
	{name: "silence", later: true, first: inOrder1, second: inOrder2, change: func(s *script) { s.spec.Idle = 2 * time.Second }},
	{name: "until end, two shards", apart: true, first: inOrder1, second: inOrder2, change: untilItsEnd},
	{name: "hops", first: inOrder1, second: inOrder2, change: hops},
	{name: "an aborted transaction", later: true, first: inOrder1, second: inOrder2, change: abortUpstream},
	{name: "a changed spec", first: inOrder1, second: inOrder2, change: rollOut},
}

var (
	inOrder1 = []int64{2, 11, 23, 35, 44, 66}
	inOrder2 = []int64{5, 14, 21, 38, 47, 61}
)

// arrivals are when the records of a partition come, seconds from t0.
var arrivals = []int64{0, 0, 0, 5, 5, 5}

func (m small) script() *script {
	s := &script{
		t0: 1_700_000_000 * sec, polls: 100, doze: sec, tidy: true,
		spec: spec.Pipeline{
			Name: "p", Sources: []spec.Source{{Topics: []string{"t*"}}},
			Window: spec.Window{Size: 2 * time.Second}, Operations: []string{"count", "mean"},
			MinSample: 1, SmallSample: spec.FirstValue, MaxFuture: time.Minute, MaxReplay: 1e6, MaxGroups: 10_000,
			Late: spec.LateDeadLetter, OnError: spec.OnErrorDeadLetter,
			Sink: spec.Sink{Topic: ownSink}, Start: spec.Start{Kind: spec.StartEarliest},
		},
	}
	s.lives = []life{{start: s.t0, leave: never, instance: "i0", named: true}, {start: s.t0, leave: never, instance: "i1", swallows: true}}
	if m.later {
		s.lives[1].start += sec
	}
	ids := []pipeline.Partition{{Topic: "t0"}, {Topic: "t0", ID: 1}}
	if m.apart {
		ids[1] = pipeline.Partition{Topic: "t1"}
	}
	for i, times := range [][]int64{m.first, m.second} {
		src := &source{id: ids[i]}
		for k, t := range times {
			at := s.t0 + t*100*ms
			src.entries = append(src.entries, entry{at: s.t0 + arrivals[k]*sec, time: at, stamp: at, a: float64(10*i + k), b: nan, schema: 1})
		}
		s.sources = append(s.sources, src)
	}
	if m.change != nil {
		m.change(s)
	}
	s.settleQuiet()
	s.quiet += 2 * sec
	return s
}

// hops makes windows overlap, and polls bring two records of a partition at most.
func hops(s *script) {
	s.spec.Window.Size, s.spec.Window.Advance = 4*time.Second, 2*time.Second
	s.polls = 2
}

// untilItsEnd lets everything be there from the start.
func untilItsEnd(s *script) {
	s.untilEnd = true
	for _, src := range s.sources {
		for i := range src.entries {
			src.entries[i].at = s.t0
		}
	}
}

// abortUpstream lets the producer of a partition abort a transaction that was open
// for a while, and commit one.
func abortUpstream(s *script) {
	src := s.sources[1]
	es := src.entries
	es[2].what, es[3].what = aborted, control
	es[5].what = control
	src.holds = []hold{{offset: 2, from: es[2].at, until: es[4].at}, {offset: 4, from: es[4].at, until: es[5].at + 2*sec}}
}

// rollOut lets one process after the other begin again with longer windows, while a
// partition is silent.
func rollOut(s *script) {
	s.spec.Idle = 2 * time.Second
	for i := range s.sources[1].entries {
		s.sources[1].entries[i].at = s.t0
	}
	next := s.spec
	next.Window.Size = 3 * time.Second
	s.next = &next
	s.lives[0].turns = []turn{{at: s.t0 + 4*sec}}
	s.lives[1].turns = []turn{{at: s.t0 + 6*sec}}
}

// refuse lets the first partition's sink refuse results until the last records are
// there.
func refuse(s *script) {
	s.denials = []denial{{sink: s.sink(s.sources[0].id.Topic), at: s.t0, until: s.t0 + 6*sec}}
}
