package pipeline

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// The cost of a record in the core, columns to windows, of 10 doubles at 1 kHz in
// one partition: BenchmarkApply/WORK, ns a record.
func BenchmarkApply(b *testing.B) {
	first := []string{"count", "min", "max", "mean", "stdev"}
	for _, c := range []struct {
		name   string
		rate   int64 // records a second
		keys   int
		change func(*spec.Pipeline)
	}{
		{"first", 1000, 0, func(p *spec.Pipeline) { p.Operations = first }},
		{"quartiles", 1000, 0, func(p *spec.Pipeline) {
			p.Operations = []string{"min", "q1", "mean", "median", "stdev", "q3", "max"}
		}},
		{"groups", 10_000, 100, func(p *spec.Pipeline) { p.Operations, p.GroupBy = first, []string{"key"} }},
		{"hopping", 1000, 0, func(p *spec.Pipeline) {
			p.Operations, p.Window = first, spec.Window{Size: 10 * time.Second, Advance: time.Second}
		}},
		{"where", 1000, 0, func(p *spec.Pipeline) {
			p.Operations = first
			p.Sources[0].Where = "v0 > -50"
			p.Sources[0].Derive = []spec.Named{{Name: "norm", Text: "hypot(v0, v1)"}}
			p.Aggregates = []spec.Named{{Name: "spread", Text: "max(v0) - min(v0)"}}
		}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkApply(b, compiled(b, c.change), c.rate, c.keys) })
	}
}

func benchmarkApply(b *testing.B, plan *Plan, rate int64, keys int) {
	const rows = 10_000
	events, fields := noise(rows, 1e9/rate, keys, 0)
	id := Partition{"mount-az", 0}
	batch := batchOf(plan, id, 0, events, fields...)
	task := newTask(plan, "s", "s", newCells(plan))
	task.install(Position{Partition: id, Stop: None, Checkpoint: Checkpoint{Largest: None, Closed: None, Skipped: None, Forgotten: None}}, 0)
	b.ReportAllocs()
	for b.Loop() {
		if err := task.apply(task.parts[0], batch, 1e18); err != nil {
			b.Fatal(err)
		}
		task.advance(0, false)
		task.rise(task.parts[0].largest)
		task.cells.closer.begin()
		task.results(math.MaxInt)
		task.saved = task.through
		task.forget()
		for i := range batch.Offsets {
			batch.Offsets[i] += rows
			batch.Times[i] += rows * 1e9 / rate
		}
		batch.Next += rows
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/record")
}

// noise makes events every step ns, of ten fields about an offset and as many keys; 0
// is none.
func noise(rows, step int64, keys int, offset float64) (events []event, fields []string) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 10 {
		fields = append(fields, fmt.Sprint("v", i))
	}
	for i := range rows {
		e := event{at: i * step, numbers: map[string]float64{}}
		for _, f := range fields {
			e.numbers[f] = offset + r.NormFloat64()
		}
		if keys > 0 {
			e.numbers["key"] = float64(r.IntN(keys))
		}
		events = append(events, e)
	}
	return events, fields
}

// The cost of a record where 100 groups are in each of four partitions, of 2.5 kHz:
// pieces as a client reads them, and a result of four cells for every hundred
// records. The noise is about 0, or about an offset: BenchmarkGroups/OFFSET, ns a
// record.
func BenchmarkGroups(b *testing.B) {
	const rows, step = 4000, 400_000
	for _, offset := range []float64{0, 20} {
		b.Run(fmt.Sprint(offset), func(b *testing.B) {
			plan := compiled(b, func(p *spec.Pipeline) { p.Operations, p.GroupBy = firstWork, []string{"key"} })
			events, fields := noise(rows, step, 100, offset)
			task := emptyTask(plan, 4)
			batch := batchOf(plan, task.parts[0].id, 0, events, fields...)
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range task.parts {
					if err := task.apply(p, batch, 1e18); err != nil {
						b.Fatal(err)
					}
				}
				task.rise(task.parts[0].largest)
				task.cells.closer.begin()
				task.results(math.MaxInt)
				task.decide()
				for i := range batch.Offsets {
					batch.Offsets[i] += rows
					batch.Times[i] += rows * step
				}
				batch.Next += rows
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows/4, "ns/record")
		})
	}
}
