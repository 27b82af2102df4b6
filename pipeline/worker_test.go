package pipeline

import (
	"slices"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// told is a client that brings what it is told to, and aborts the first commits.
type told struct {
	fetches []Fetch
	aborts  int
	resumed []Partition
	commits []*Commit
}

func (c *told) Poll(r Request) (Fetch, error) {
	c.resumed = append(c.resumed, r.Resume...)
	f := c.fetches[0]
	c.fetches = c.fetches[1:]
	return f, nil
}

func (c *told) Commit(commit *Commit) (bool, error) {
	if c.aborts > 0 {
		c.aborts--
		return false, nil
	}
	c.commits = append(c.commits, commit)
	return true, nil
}

// A partition is read only once its beginning is committed: one that comes until
// then may bring a C by which the records of the first are skipped.
func TestNothingIsReadBeforeItBegins(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size = 10 * time.Second })
	begins := func(id Partition, closed int64) Assigned {
		return Assigned{Positions: []Position{{Partition: id, Stop: None, Checkpoint: Checkpoint{
			Fingerprint: plan.Fingerprint, Largest: None, Closed: closed, Skipped: closed, Forgotten: None,
		}}}}
	}
	both := Synced{Owned: []Partition{p0, p1}, Counts: map[string]int32{"mount-az": 2}}
	c := &told{aborts: 1, fetches: []Fetch{
		{Now: 100e9, Events: []Event{Synced{Owned: []Partition{p0}, Counts: map[string]int32{"mount-az": 1}}, begins(p0, None)}},
		{Now: 101e9, Events: []Event{both}},
		{Now: 102e9, Events: []Event{begins(p1, 50e9)}},
		{Now: 103e9, Batches: []Batch{{Partition: p0, Next: 2, Offsets: []int64{0, 1}, Times: []int64{10e9, 70e9}, Schemas: []int32{1, 1}}}},
		{Now: 104e9},
	}}
	w := NewWorker(plan, c, false)
	for len(c.fetches) > 0 {
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		if len(c.commits) == 0 && len(c.resumed) > 0 {
			t.Fatalf("%v read before any commit", c.resumed)
		}
	}
	if !slices.Equal(c.resumed, []Partition{p0, p1}) || len(c.commits) < 2 {
		t.Fatalf("resumed %v, %d commits", c.resumed, len(c.commits))
	}
	for _, o := range c.commits[0].Offsets {
		if k, err := DecodeCheckpoint(o.Metadata, o.At); err != nil || k.Closed != 50e9 || o.At != 0 {
			t.Errorf("begins with %+v, %v", k, err)
		}
	}
	if got := w.Totals()[p0]; got != (Counts{Aggregated: 1, Skipped: 1}) {
		t.Errorf("counts %+v", got)
	}
}

// slow is a client whose commits take a time, and whose records come fast: a poll
// brings a second of event time each ten ms.
type slow struct {
	told
	plan  *Plan
	takes int64
	lags  int64 // until a commit is complete, after its answer
	done  int64 // when the last one is
	now   int64
	next  int64
	spent int64 // in commits
	polls int
}

func (c *slow) Poll(Request) (Fetch, error) {
	c.now += 10e6
	c.polls++
	f := Fetch{Now: c.now, Busy: c.now < c.done}
	if c.polls == 1 {
		f.Events = []Event{Synced{Owned: []Partition{p0}, Counts: map[string]int32{"mount-az": 1}}, Assigned{Positions: []Position{{Partition: p0, Stop: None,
			Checkpoint: Checkpoint{Fingerprint: c.plan.Fingerprint, Largest: None, Closed: None, Skipped: None, Forgotten: None}}}}}
		return f, nil
	}
	b := Batch{Partition: p0, Next: c.next + 1, Offsets: []int64{c.next}, Times: []int64{c.next * 1e9}, Schemas: []int32{1}}
	lay(c.plan, &b, 1)
	b.Numbers[0] = []float64{1}
	c.next++
	f.Batches = []Batch{b}
	return f, nil
}

func (c *slow) Commit(commit *Commit) (bool, error) {
	c.now = max(c.now, c.done) + c.takes
	c.done = c.now + c.lags
	c.spent += c.takes
	return c.told.Commit(commit)
}

// In a backlog commits take a tenth of the time at most, up to where they come
// every ten seconds; and where they are quick, they come every second.
func TestCommitsOfABacklogRest(t *testing.T) {
	for _, c := range []struct {
		takes, every int64 // ns
	}{{0, 1e9}, {50e6, 1e9}, {500e6, 5.1e9}, {900e6, 9.1e9}, {3e9, 10e9}} {
		client := &slow{plan: compiled(t, nil), takes: c.takes, now: 1e18}
		w := NewWorker(client.plan, client, false)
		for client.now < 1e18+200e9 {
			if err := w.Step(); err != nil {
				t.Fatal(err)
			}
		}
		all := client.now - 1e18
		want := all / (c.every + c.takes)
		if n := int64(len(client.commits)); n < want-3 || n > want+3 {
			t.Errorf("commits that take %v: %d in %v, want about %d", time.Duration(c.takes), n, time.Duration(all), want)
		}
		if c.takes <= 900e6 && client.spent*10 > all+5e9 {
			t.Errorf("commits that take %v: %v of %v went by in them", time.Duration(c.takes), time.Duration(client.spent), time.Duration(all))
		}
	}
}

// Live results wait for others for as long as ever, however slow commits are.
func TestLiveCommitsDoNotRest(t *testing.T) {
	client := &slow{plan: compiled(t, nil), takes: 500e6, now: 1e18, next: 1e9}
	w := NewWorker(client.plan, client, false)
	built := int64(0)
	for client.now < 1e18+60e9 {
		client.next = client.now / 1e9 // now's record, a second after the last
		if n := len(client.commits); n > 0 {
			built = max(built, int64(len(client.commits[n-1].Results)))
		}
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(client.commits); n < 55 || built > 1 {
		t.Errorf("%d commits in a minute, of %d results at most: want one a second, of one", n, built)
	}
}

// Live results wait as long however large grace is: C is behind by that.
func TestLiveWithGrace(t *testing.T) {
	for _, grace := range []time.Duration{0, 31 * time.Second, time.Minute} {
		plan := compiled(t, func(p *spec.Pipeline) { p.Window.Grace = grace })
		client := &slow{plan: plan, takes: 500e6, now: 1e18}
		w := NewWorker(plan, client, false)
		built := 0
		for client.now < 1e18+100e9 {
			client.next = client.now / 1e9
			if err := w.Step(); err != nil {
				t.Fatal(err)
			}
			for _, c := range client.commits {
				built = max(built, len(c.Results))
			}
			client.commits = client.commits[:0]
		}
		if built != 1 {
			t.Errorf("grace %v: up to %d results in a commit, want one", grace, built)
		}
	}
}

// script is a client that brings one list of batches after another, 10 ms apart, and
// nothing then. It notes how many results and dead letters commits have.
type script struct {
	plan    *Plan
	parts   int32
	polls   [][]Batch
	now     int64
	results []int
	letters int
}

func (c *script) Poll(Request) (Fetch, error) {
	c.now += 10e6
	f := Fetch{Now: c.now}
	switch {
	case c.results == nil:
		c.results = []int{}
		var owned []Partition
		var all Assigned
		for p := range c.parts {
			owned = append(owned, Partition{"mount-az", p})
			all.Positions = append(all.Positions, Position{Partition: owned[p], Stop: None, End: End{Asked: None}, Checkpoint: Checkpoint{
				Fingerprint: c.plan.Fingerprint, Largest: None, Closed: None, Skipped: None, Forgotten: None,
			}})
		}
		f.Events = []Event{Synced{Owned: owned, Counts: map[string]int32{"mount-az": c.parts}}, all}
	case len(c.polls) > 0:
		f.Batches, c.polls = c.polls[0], c.polls[1:]
	}
	return f, nil
}

func (c *script) Commit(k *Commit) (bool, error) {
	c.results, c.letters = append(c.results, len(k.Results)), c.letters+len(k.DeadLetters)
	return true, nil
}

// play runs a worker up to the last of the batches.
func (c *script) play(t *testing.T) *Worker {
	c.now = 1e18
	w := NewWorker(c.plan, c, false)
	for range len(c.polls) + 1 {
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// bring adds a poll: a value of each time, of each group, in each partition.
func (c *script) bring(offset int64, times []int64, keys int) {
	var events []event
	for _, at := range times {
		for k := range max(keys, 1) {
			events = append(events, event{at: at, numbers: map[string]float64{"key": float64(k), "v0": 1}})
		}
	}
	var bs []Batch
	for p := range c.parts {
		bs = append(bs, *batchOf(c.plan, Partition{"mount-az", p}, offset, events, "v0"))
	}
	c.polls = append(c.polls, bs)
}

// A backlog's results are committed by what they really are, whether windows overlap
// and whatever partitions share them; or where they keep an eighth of the bound of cells.
func TestResultsOfACommit(t *testing.T) {
	for _, c := range []struct {
		size  time.Duration
		parts int32
		keys  int
		want  int // results of a commit, about
	}{
		{time.Second, 1, 0, 2048}, {time.Second, 4, 0, 512}, {10 * time.Second, 1, 0, 2048}, {10 * time.Second, 4, 0, 512}, {60 * time.Second, 4, 0, 512},
		{time.Second, 4, 100, 512}, {time.Second, 1, 100, 2048},
	} {
		plan := compiled(t, func(p *spec.Pipeline) {
			p.Window = spec.Window{Size: c.size, Advance: time.Second}
			if c.keys > 0 {
				p.GroupBy = []string{"key"}
			}
		})
		s := &script{plan: plan, parts: c.parts}
		step := 100 / max(c.keys, 1)
		for at := int64(0); at < int64(80*step); at += int64(step) {
			var times []int64
			for i := range int64(step) {
				times = append(times, (at+i)*1e9)
			}
			s.bring(at*int64(max(c.keys, 1)), times, c.keys)
		}
		s.play(t)
		most := slices.Max(s.results)
		if most < c.want-100 || most > c.want+300 {
			t.Errorf("%+v: commits of up to %d results", c, most)
		}
	}
}

// Bad records in a flood are committed by their number and at intervals, whatever
// exact quantiles keep in open windows; and soon where results would be live.
func TestDeadLettersWait(t *testing.T) {
	for name, c := range map[string]struct {
		most        int64 // max_samples
		at          int64 // event time of the values
		least, many int   // commits in 2 s
	}{"a backlog's": {1000, 0, 2, 5}, "beside many values": {150, 0, 2, 5}, "live": {1000, 1e18, 8, 12}} {
		plan := compiled(t, func(p *spec.Pipeline) {
			p.Operations, p.Window.Size, p.MaxSamples = []string{"median"}, time.Hour, c.most
		})
		s := &script{plan: plan, parts: 1}
		s.bring(0, slices.Repeat([]int64{c.at}, 100), 0)
		for i := range int64(200) {
			s.polls = append(s.polls, []Batch{{Partition: p0, Next: 101 + i, Bad: []BadRecord{{Offset: 100 + i, Reason: "x"}}}})
		}
		s.play(t)
		if n := len(s.results); n < c.least || n > c.many {
			t.Errorf("%s: %d commits of %d dead letters, want %d to %d", name, n, s.letters, c.least, c.many)
		}
	}
}

// What exact quantiles keep for closed windows makes a commit due before its time:
// by an even share of it, or, where that misleads, as open windows are overfull.
func TestValuesUrgeCommits(t *testing.T) {
	even := func(s *script) { // ten values of a window: ten windows are a twenty-fourth
		for w := range int64(60) {
			s.bring(10*w, slices.Repeat([]int64{w * 1e9}, 10), 0)
		}
	}
	uneven := func(s *script) { // one window has all but a few, and one cell of many
		s.bring(0, make([]int64, 1300), 0)
		var times []int64
		for w := range int64(101) {
			times = append(times, (1+w)*1e9)
		}
		s.bring(1300, times, 0)
	}
	for name, c := range map[string]struct {
		grace         time.Duration
		bring         func(*script)
		commits, held int
	}{"even": {0, even, 5, 150}, "uneven": {100 * time.Second, uneven, 2, 300}} {
		plan := compiled(t, func(p *spec.Pipeline) {
			p.Operations, p.Window.Grace, p.MaxSamples = []string{"median"}, c.grace, 2400
		})
		s := &script{plan: plan, parts: 1}
		c.bring(s)
		w := s.play(t)
		if len(s.results) < c.commits || w.cells.samples > int64(c.held) {
			t.Errorf("%s: commits of %v results, %d values are held", name, s.results, w.cells.samples)
		}
	}
}

// A commit that let go of little is not made again for the values that are still
// there, though open windows are overfull.
func TestOverfullCommitsOnce(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) {
		p.Operations, p.Window, p.MaxSamples = []string{"median"}, spec.Window{Size: 100 * time.Second, Advance: time.Second}, 1600
	})
	s := &script{plan: plan, parts: 1}
	for w := range int64(200) {
		s.bring(10*w, slices.Repeat([]int64{w * 1e9}, 10), 0)
	}
	s.play(t)
	if n := len(s.results); n > 25 {
		t.Errorf("%d commits in 2 s, of %v results", n, s.results)
	}
}
