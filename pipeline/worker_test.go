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
