package pipeline

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// exact is a plan whose quantiles may keep so many values.
func exact(t *testing.T, most int64) *Plan {
	t.Helper()
	return compiled(t, func(p *spec.Pipeline) {
		p.Operations, p.Window.Size, p.MaxSamples = []string{"mean", "q1", "median"}, 10*time.Second, most
		p.Aggregates = []spec.Named{{Name: "p90", Text: "quantile(v0, 0.9)"}}
	})
}

// even are partitions with a record a second each.
func even(parts, seconds int) [][]int64 {
	times := make([][]int64, parts)
	for p := range times {
		for s := range int64(seconds) {
			times[p] = append(times[p], s*1e9)
		}
	}
	return times
}

// Beyond max_samples the pipeline ends, and says what to do.
func TestMaxSamples(t *testing.T) {
	plan := exact(t, 19)
	w := NewWorker(plan, &logs{t: t, plan: plan, times: even(2, 1000), share: 20, now: 1e18}, true)
	var err error
	for range 10 {
		if err = w.Step(); err != nil {
			break
		}
	}
	want := "median, q1, quantile keep 20 values in the windows that are open (1), more than max_samples (19, of 8 bytes each): raise max_samples, " +
		"make the window shorter, or write approx_quantile(x, p) under aggregates instead, which keeps counts of values that are alike, mostly some KB"
	if stop, ok := err.(*Stop); !ok || stop.Msg != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// What partitions are ahead, and what a commit lets go of, does not count: with
// alignment, values fit that windows do not really have to hold at once.
func TestSamplesFit(t *testing.T) {
	const most = 400
	plan := exact(t, most)
	l := &logs{t: t, plan: plan, times: even(4, 500), share: 20, now: 1e18}
	l.times[0] = nil
	for o := range int64(5000) { // one that the others are ahead of
		l.times[0] = append(l.times[0], o*1e8)
	}
	if l.read(); len(l.results) != 50 || l.pauses == 0 {
		t.Errorf("%d results and %d pauses", len(l.results), l.pauses)
	}
}

// The values are counted as they come and go: their number is that of the open
// windows' states.
func TestSamplesCounted(t *testing.T) {
	plan := exact(t, 1<<40)
	r := rand.New(rand.NewPCG(3, 4))
	task := emptyTask(plan, 3)
	for range 20 {
		parts := randomParts(r, 3)
		feed(r, task, parts)
		held, kept := 0, int64(0)
		for _, p := range task.parts {
			for _, pn := range p.open {
				for _, c := range pn.cells {
					held++
					for i := range c.inputs {
						kept += c.inputs[i].n // each has one exact quantile's accumulator
					}
				}
			}
		}
		if cs := task.cells; cs.held != held || cs.samples != kept || kept == 0 {
			t.Fatalf("counted %d cells of %d values, there are %d of %d", cs.held, cs.samples, held, kept)
		}
		for id := range int32(3) {
			task.drop(Partition{"mount-az", id})
		}
		if cs := task.cells; cs.held != 0 || cs.samples != 0 {
			t.Fatalf("%d cells of %d values are left of none", cs.held, cs.samples)
		}
		cs := task.cells
		task = emptyTask(plan, 3)
		task.cells = cs
	}
}

// However fetches are cut, a pipeline whose own windows fit exactly is read to its
// end, and what is read ahead is bounded; one value less, and it ends.
func TestSamplesReadAhead(t *testing.T) {
	const window, parts = 130, 4
	for _, share := range []int{20, 50, 400, 1200, 5000} {
		for _, alone := range []bool{false, true} {
			for most := int64(window); most >= window-1; most-- {
				plan := exact(t, most)
				l := &logs{t: t, plan: plan, times: even(parts, 500), share: share, alone: alone, now: 1e18}
				l.times[0] = nil
				for o := range int64(5000) {
					l.times[0] = append(l.times[0], o*1e8)
				}
				w := NewWorker(plan, l, true)
				var err error
				kept := int64(0)
				for err == nil && !w.Finished() {
					err = w.Step()
					kept = max(kept, w.cells.samples)
				}
				if most == window && (err != nil || len(l.results) != 50) {
					t.Errorf("polls of %d, alone: %v: %d results, %v", share, alone, len(l.results), err)
				}
				if _, stopped := err.(*Stop); most < window && share == 20 && !stopped {
					t.Errorf("polls of %d, alone: %v: not stopped, %v", share, alone, err)
				}
				if bound := 2*most + int64(parts*share); kept > bound {
					t.Errorf("polls of %d, alone: %v: kept %d values, more than %d", share, alone, kept, bound)
				}
			}
		}
	}
}

// Two partitions that are alike fit, though each fetch of one is more than
// max_samples.
func TestSamplesOfLargeFetches(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) {
		p.Operations, p.Window.Size, p.MaxSamples = []string{"median"}, time.Second, 1000
	})
	want := ""
	for _, share := range []int{50, 400, 1200} {
		l := &logs{t: t, plan: plan, times: make([][]int64, 2), share: share, alone: true, now: 1e18}
		for i := range int64(4000) {
			l.times[0], l.times[1] = append(l.times[0], i*1e8), append(l.times[1], i*1e8)
		}
		l.read()
		if got := bits(l.results); len(l.results) != 400 || want != "" && got != want {
			t.Errorf("polls of %d: %d results, or others", share, len(l.results))
		} else {
			want = got
		}
	}
}

// Each window has another group of many values: the room that cells keep is bounded
// all the same, and counted right.
func TestSamplesRoom(t *testing.T) {
	const groups, many = 100, 3000
	plan := compiled(t, func(p *spec.Pipeline) {
		p.GroupBy, p.Operations, p.Window.Size, p.MaxSamples = []string{"key"}, []string{"median"}, time.Second, 1<<14
	})
	task := emptyTask(plan, 1)
	p, cs := task.parts[0], task.cells
	r := rand.New(rand.NewPCG(1, 2))
	for w := range int64(300) {
		hot := r.IntN(groups)
		var events []event
		for _, k := range r.Perm(groups) {
			n := 1
			if k == hot {
				n = many
			}
			for range n {
				events = append(events, event{at: w * 1e9, numbers: map[string]float64{"key": float64(k), "v0": 1}})
			}
		}
		if err := task.apply(p, batchOf(plan, p.id, p.applied, events, "v0"), 1e18); err != nil {
			t.Fatal(err)
		}
		task.saved = w*1e9 + 1e9
		task.closed = task.saved
		task.forget()
		room := int64(0)
		for _, c := range cs.free[0] {
			room += c.roomOf()
		}
		if room != cs.room || room > plan.maxSamples/4 {
			t.Fatalf("free cells have room for %d values, counted %d, of %d at most", room, cs.room, plan.maxSamples/4)
		}
	}
}

// A backlog whose commits let go of an eighth of max_samples at once, of cells that
// are alike, allocates nothing.
func TestSteadySamplesAllocateNothing(t *testing.T) {
	const groups, each = 1000, 16
	plan := compiled(t, func(p *spec.Pipeline) {
		p.GroupBy, p.Operations, p.Window.Size, p.MaxSamples = []string{"key"}, []string{"median"}, time.Second, 8*2*groups*each
	})
	task := emptyTask(plan, 1)
	p := task.parts[0]
	var events []event
	for i := range int64(groups * each / 4) {
		events = append(events, event{at: 0, numbers: map[string]float64{"key": float64(i % groups), "v0": 1}})
	}
	b := batchOf(plan, p.id, 0, events, "v0")
	window := func() { // of four batches; two wait for each commit
		for range 4 {
			if err := task.apply(p, b, 1e18); err != nil {
				t.Fatal(err)
			}
			for i := range b.Offsets {
				b.Offsets[i] += int64(len(events))
			}
			b.Next += int64(len(events))
		}
		for i := range b.Times {
			b.Times[i] += 1e9
		}
		if end := b.Times[0]; end/1e9%2 == 0 {
			task.saved, task.closed = end, end
			task.forget()
		}
	}
	for range 10 {
		window()
	}
	if n := testing.AllocsPerRun(20, window); n > 0 || task.cells.room == 0 {
		t.Errorf("%v allocations in a window, room for %d values", n, task.cells.room)
	}
}
