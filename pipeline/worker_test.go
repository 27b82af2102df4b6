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
	now   int64
	next  int64
	spent int64 // in commits
	polls int
}

func (c *slow) Poll(Request) (Fetch, error) {
	c.now += 10e6
	c.polls++
	f := Fetch{Now: c.now}
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
	c.now += c.takes
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
