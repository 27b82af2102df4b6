package pipeline

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// How many results wait is kept as records come, C rises and commits are made; it
// is what counting them anew gives.
func TestWaitingIsCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	plan := compiled(t, func(p *spec.Pipeline) {
		p.GroupBy, p.Window = []string{"key"}, spec.Window{Size: 4 * time.Second, Advance: time.Second}
	})
	tried := 0
	for range 100 {
		task := emptyTask(plan, 3)
		at := int64(0)
		for range 60 {
			p := task.parts[r.IntN(3)]
			var events []event
			for range r.IntN(6) {
				at += r.Int64N(600e6)
				events = append(events, event{at: at - r.Int64N(3e9), numbers: map[string]float64{"key": float64(r.IntN(3)), "v0": 1}})
			}
			if err := task.apply(p, batchOf(plan, p.id, p.applied, events, "v0"), 1e18); err != nil {
				t.Fatal(err)
			}
			task.advance(0, false)
			if want := task.count(task.saved, task.closed); task.full != want {
				t.Fatalf("%d results wait, want %d", task.full, want)
			}
			if n := len(task.results(1 + r.IntN(10))); n > task.full {
				t.Fatalf("%d results of %d", n, task.full)
			}
			if tried += task.full; r.IntN(4) == 0 {
				task.saved = task.through
				task.forget()
			}
		}
	}
	if tried == 0 {
		t.Error("nothing ever waited")
	}
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
