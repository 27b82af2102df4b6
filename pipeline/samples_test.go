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
		"make the window shorter, or write approx_quantile(x, p) under aggregates instead, which keeps a few values whatever comes"
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
