package pipeline

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// How many results wait, and how many cells they keep, is told from where panes lie:
// none where there are none, and with dense windows of one group what there are.
func TestWaits(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, c := range []struct {
		size  time.Duration
		keys  int
		gaps  int64 // ns between records, at most
		dense bool
	}{{time.Second, 0, 600e6, true}, {time.Second, 0, 9e9, true}, {4 * time.Second, 0, 600e6, true}, {4 * time.Second, 0, 20e9, false}, {4 * time.Second, 3, 600e6, false}} {
		plan := compiled(t, func(p *spec.Pipeline) {
			p.Window = spec.Window{Size: c.size, Advance: time.Second}
			if c.keys > 0 {
				p.GroupBy = []string{"key"}
			}
		})
		tried := 0
		for range 40 {
			task, at := emptyTask(plan, 3), int64(0)
			for range 60 {
				var events []event
				for range r.IntN(6) {
					at += r.Int64N(c.gaps)
					events = append(events, event{at: at - r.Int64N(3e9), numbers: map[string]float64{"key": float64(r.IntN(max(c.keys, 1))), "v0": 1}})
				}
				p := task.parts[r.IntN(3)]
				if err := task.apply(p, batchOf(plan, p.id, p.applied, events, "v0"), 1e18); err != nil {
					t.Fatal(err)
				}
				task.advance(0, false)
				results, cells := task.waits()
				least, most, kept := waitsTwin(task)
				if results < least/max(c.keys, 1) || (results > 0) != (most > 0) || c.keys == 0 && cells != kept {
					t.Fatalf("%+v: %d results wait and keep %d cells, want %d to %d and %d", c, results, cells, least, most, kept)
				}
				if c.dense && c.size == time.Second && results != least {
					t.Fatalf("%+v: %d results wait, want %d", c, results, least)
				}
				if tried += results; r.IntN(4) == 0 {
					task.cells.closer.begin()
					task.results(1 + r.IntN(10))
					task.decide()
				}
			}
		}
		if tried == 0 {
			t.Errorf("%+v: nothing ever waited", c)
		}
	}
}

// waitsTwin counts windows and groups one by one: the results of the partition that
// has most, of all partitions together, and the cells that none but they need.
func waitsTwin(t *task) (least, most, cells int) {
	type result struct {
		end   int64
		group groupID
	}
	all := map[result]bool{}
	for _, p := range t.parts {
		own := map[result]bool{}
		for _, pn := range p.open {
			for _, c := range pn.cells {
				r := result{}
				if c.group != nil {
					r.group = c.group.id
				}
				for r.end = t.plan.first(pn.start); r.end <= t.plan.last(pn.start); r.end += t.plan.advance {
					if r.end > t.saved && r.end <= t.closed {
						own[r], all[r] = true, true
					}
				}
			}
			if t.plan.last(pn.start) <= t.closed {
				cells += len(pn.cells)
			}
		}
		least = max(least, len(own))
	}
	return least, len(all), cells
}

// The cost of closing a window, records read or not: BenchmarkClose/WORK, ns a
// result and ns a merged cell, of 10 fields in 4 partitions.
func BenchmarkClose(b *testing.B) {
	for _, c := range []struct {
		name string
		size time.Duration
		keys int
	}{{"tumbling", time.Second, 0}, {"groups", time.Second, 100}, {"hopping10", 10 * time.Second, 0}, {"hopping120", 120 * time.Second, 0}} {
		b.Run(c.name, func(b *testing.B) {
			task := openWindows(b, c.size, c.keys)
			cells := 0
			for end := task.closed - 10e9; end < task.closed; end += 1e9 {
				for _, p := range task.parts {
					for _, pn := range p.open {
						if pn.start >= end-task.plan.size && pn.start < end {
							cells += len(pn.cells)
						}
					}
				}
			}
			results := 0
			b.ReportAllocs()
			for b.Loop() {
				task.cells.closer.begin()
				for end := task.closed - 10e9; end < task.closed; end += 1e9 {
					task.window(end)
				}
				results = len(task.cells.closer.results)
			}
			ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(ns/float64(results), "ns/result")
			b.ReportMetric(ns/float64(cells), "ns/cell")
		})
	}
}

// openWindows is a task that has read 200 s, 100 records a second and partition.
func openWindows(b *testing.B, size time.Duration, keys int) *task {
	plan := compiled(b, func(p *spec.Pipeline) {
		p.Operations, p.Window = firstWork, spec.Window{Size: size, Advance: time.Second}
		if keys > 0 {
			p.GroupBy = []string{"key"}
		}
	})
	r := rand.New(rand.NewPCG(1, 2))
	var fields []string
	for i := range 10 {
		fields = append(fields, fmt.Sprint("v", i))
	}
	task := emptyTask(plan, 4)
	for _, p := range task.parts {
		var events []event
		for i := range int64(20_000) {
			e := event{at: i * 10e6, numbers: map[string]float64{"key": float64(r.IntN(max(keys, 1)))}}
			for _, f := range fields {
				e.numbers[f] = r.NormFloat64()
			}
			events = append(events, e)
		}
		if err := task.apply(p, batchOf(plan, p.id, 0, events, fields...), 1e18); err != nil {
			b.Fatal(err)
		}
	}
	task.closed = 200e9
	return task
}

// C of a commit is where a window ends: no record of a time before it is in windows
// that are all open, which a version with smaller ones would take to be decided.
func TestClosedThroughWholeWindows(t *testing.T) {
	for _, w := range []windows{{10, 10, 0}, {10, 10, 3}, {12, 4, 1}} {
		plan := compiled(t, nil)
		plan.windows = w
		for closed := int64(-40); closed < 40; closed++ {
			ends := int64(None)
			for end := w.offset - 60; end <= closed; end += w.advance {
				ends = end
			}
			for _, saved := range []int64{None, ends - w.advance, ends, closed} {
				task := emptyTask(plan, 1)
				task.saved, task.closed = saved, closed
				task.results(1)
				if want := max(saved, ends); task.through != want {
					t.Fatalf("%+v: commits %d after %d, closed through %d: want %d", w, task.through, saved, closed, want)
				}
				if task.decide(); task.saved != task.reach() {
					t.Fatalf("%+v: more is closed than %d, which was all", w, task.saved)
				}
			}
		}
		task := emptyTask(plan, 1)
		if task.saved, task.closed = None, None; task.reach() != None {
			t.Error("nothing is closed, and yet there is a C")
		}
	}
}
