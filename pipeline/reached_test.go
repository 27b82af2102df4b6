package pipeline

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// A member that goes on, one without --until-end, reads partitions of which one is
// always behind: C is far from the largest event time, and windows are always open.
// Who was to do what was there at its start is through all the same.
func TestReachedBesideOneThatReadsOn(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window = spec.Window{Size: 10 * time.Second, Grace: 2 * time.Second} })
	at := func(offset, replay, largest, closed int64) Committed {
		k := Checkpoint{Fingerprint: plan.Fingerprint, Replay: replay, Largest: largest * 1e9, Closed: closed * 1e9, Skipped: None, Forgotten: None}
		return Committed{Offset: offset, Metadata: k.Encode(offset)}
	}
	origin := Origin{Stops: map[Partition]int64{p0: 40, p1: 40}}
	for offset := int64(41); offset < 100; offset++ {
		committed := map[Partition]Committed{p0: at(offset, offset-9, 100+offset, offset), p1: at(40, 40, offset+2, offset)}
		for _, open := range []bool{false, true} {
			if !plan.Reached(origin, committed, open) {
				t.Fatalf("at offset %d, close-open %v: not through", offset, open)
			}
		}
	}
}

// shelf is a broker that keeps the last commit of each partition, and aborts some.
type shelf struct {
	random    *rand.Rand
	plan      *Plan
	committed map[Partition]Committed
	polls     []Fetch
	ends      map[int64]int
}

func (g *shelf) Poll(Request) (f Fetch, err error) {
	if len(g.polls) > 0 {
		f, g.polls = g.polls[0], g.polls[1:]
	}
	f.Now, f.Busy = 1e18, g.random.IntN(3) == 0
	return f, nil
}

func (g *shelf) Commit(c *Commit) (bool, error) {
	if g.random.IntN(4) == 0 {
		return false, nil
	}
	for _, r := range c.Results {
		g.ends[r.End]++
	}
	for _, o := range c.Offsets {
		g.committed[o.Partition] = Committed{Offset: o.At, Metadata: o.Metadata}
	}
	return true, nil
}

// Whatever windows, grace and the C of an earlier commit are, one that reads to the
// end is through within so many steps, and not before all is written that it closes.
func TestUntilEndIsReached(t *testing.T) {
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 7))
		advance := 1 + random.Int64N(5)
		w := windows{advance * (1 + random.Int64N(4)), advance, random.Int64N(advance)}
		plan := compiled(t, nil)
		plan.windows, plan.grace, plan.gather = w, random.Int64N(8), 1+random.IntN(3)
		closeOpen, closed := random.IntN(2) == 0, int64(None)
		if random.IntN(2) == 0 {
			closed = random.Int64N(30) - 15 // may be inside of a window
		}
		g := &shelf{random: random, plan: plan, committed: map[Partition]Committed{}, ends: map[int64]int{}}
		first, second := Fetch{Generation: 1}, Fetch{Generation: 1}
		origin := Origin{Stops: map[Partition]int64{}, UntilEnd: true}
		var assigned Assigned
		high, want := int64(None), map[int64]bool{}
		var all []int64
		for _, id := range []Partition{p0, p1} {
			n := random.Int64N(12)
			origin.Stops[id] = n
			if random.IntN(8) == 0 {
				delete(origin.Stops, id) // it came later
				n = 0
			}
			k := Checkpoint{Fingerprint: plan.Fingerprint, Largest: None, Closed: closed, Skipped: None, Forgotten: None}
			pos := Position{Partition: id, Stop: n, Checkpoint: k, Committed: closed != None}
			if pos.Committed {
				pos.Metadata = k.Encode(0)
				g.committed[id] = Committed{Metadata: pos.Metadata}
			}
			assigned.Positions = append(assigned.Positions, pos)
			var events []event
			for range n {
				at := random.Int64N(60) - 30
				events, all, high = append(events, event{at: at, numbers: map[string]float64{"v0": 1}}), append(all, at), max(high, at)
			}
			if n > 0 {
				second.Batches = append(second.Batches, *batchOf(plan, id, 0, events, "v0"))
			}
		}
		first.Events = []Event{Synced{Owned: []Partition{p0, p1}, Counts: map[string]int32{"mount-az": 2}}, assigned}
		g.polls = []Fetch{first, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, second}
		for i := range g.polls {
			g.polls[i].Generation = 1
		}
		for _, at := range all {
			for end := w.first(w.pane(at)); end <= w.last(w.pane(at)); end += w.advance {
				if end > closed && (closeOpen || end <= high-plan.grace) {
					want[end] = true
				}
			}
		}
		worker := NewWorker(plan, g, closeOpen)
		steps := 0
		for ; ; steps++ {
			if steps == 400 {
				t.Fatalf("seed %d: %+v, grace %d, C %d, close-open %v: not through; committed %+v", seed, w, plan.grace, closed, closeOpen, g.committed)
			}
			if err := worker.Step(); err != nil {
				t.Fatal(err)
			}
			if len(g.polls) == 0 && plan.Reached(origin, g.committed, closeOpen) && len(origin.Stops) == 2 {
				break // as one that has no part of it sees it
			}
			if worker.Finished() && plan.Reached(origin, g.committed, closeOpen) {
				break
			}
		}
		for end := range want {
			if g.ends[end] != 1 {
				t.Fatalf("seed %d: %+v, grace %d, C %d, close-open %v: the window to %d was written %d times", seed, w, plan.grace, closed, closeOpen, end, g.ends[end])
			}
		}
		if len(g.ends) != len(want) {
			t.Fatalf("seed %d: %+v, grace %d, C %d, close-open %v: wrote %v, want %v", seed, w, plan.grace, closed, closeOpen, g.ends, want)
		}
	}
}

// Under --until-end, what a commit left over keeps the group from being through,
// though every offset is there.
func TestReached(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window = spec.Window{Size: 10 * time.Second, Grace: 2 * time.Second} })
	at := func(replay, largest, closed int64) Committed {
		k := Checkpoint{Fingerprint: plan.Fingerprint, Replay: replay, Largest: largest * 1e9, Closed: closed * 1e9, Skipped: None, Forgotten: None}
		return Committed{Offset: 40, Metadata: k.Encode(40)}
	}
	empty := Checkpoint{Fingerprint: plan.Fingerprint, Largest: None, Closed: None, Skipped: None, Forgotten: None}
	origin := Origin{Stops: map[Partition]int64{p0: 40, p1: 40}}
	for name, c := range map[string]struct {
		p0, p1     Committed
		open, want bool
	}{
		"through":              {at(30, 35, 33), at(40, 12, 33), false, true},
		"an offset is behind":  {at(30, 35, 33), Committed{Offset: 39}, false, false},
		"no commit":            {at(30, 35, 33), Committed{Offset: -1}, false, false},
		"windows are left":     {at(10, 35, 20), at(40, 12, 20), false, false},
		"open windows":         {at(30, 35, 33), at(40, 12, 33), true, false},
		"nothing is open":      {at(40, 35, 40), at(40, 12, 40), true, true},
		"no C":                 {Committed{Offset: 40, Metadata: Checkpoint{Fingerprint: plan.Fingerprint, Replay: 10, Largest: 35e9, Closed: None}.Encode(40)}, at(40, 12, 33), false, true},
		"another one's offset": {Committed{Offset: 40, Metadata: "theirs"}, Committed{Offset: 40}, true, true},
		"a later offset":       {Committed{Offset: 90, Metadata: Checkpoint{Fingerprint: plan.Fingerprint, Replay: 80, Largest: 35e9, Closed: 33e9}.Encode(90)}, at(40, 12, 33), false, true},
	} {
		if got := plan.Reached(origin, map[Partition]Committed{p0: c.p0, p1: c.p1}, c.open); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	none := Committed{Metadata: empty.Encode(0)}
	if !plan.Reached(Origin{Stops: map[Partition]int64{p0: 0}}, map[Partition]Committed{p0: none}, true) {
		t.Error("an empty partition")
	}
}
