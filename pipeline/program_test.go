package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// The cost of a record's way to its cell, without what accumulators make of it:
// BenchmarkRows/STAGE, ns a row. assign finds panes; program evaluates a condition
// and a derived field; where selects the rows that pass; deal sorts rows by group.
func BenchmarkRows(b *testing.B) {
	s := newStream(compiled(b, ofTopics(func(p *spec.Pipeline) {
		p.Sources[0].Where = "v0 > -0.5"
		p.Sources[0].Derive = []spec.Named{{Name: "norm", Text: "hypot(v0, v1)"}}
		p.GroupBy, p.Window.Size = []string{"key"}, time.Second
	})), 1, 2000, 100, 1000)
	cs := newCells(s.plan)
	r, d, batch := cs.programs[0], &cs.dealer, &s.batches[0]
	r.run(batch)
	all, largest := selection{to: len(batch.Offsets)}, int64(0)
	for _, stage := range []struct {
		name string
		run  func()
	}{
		{"assign", func() {
			for i := 0; i < all.to; {
				start := s.plan.pane(batch.Times[i])
				i, largest = sameSpan(batch.Times, i, all.to, start, start+s.plan.advance-1)
			}
		}},
		{"program", func() { r.run(batch) }},
		{"where", func() { r.passing(0, all.to) }},
		{"deal", func() {
			d.begin(all.to, 0)
			for i := range all.to {
				n := d.numbers.of(r.key(&d.key, i))
				for n >= len(d.lots) {
					d.lots, d.counts = append(d.lots, lot{}), append(d.counts, 0)
				}
				d.byRow[i] = int32(n)
				d.counts[n]++
			}
			d.sort(all)
		}},
	} {
		b.Run(stage.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				stage.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*all.to), "ns/row")
		})
	}
	if largest == None {
		b.Error("no time")
	}
}

// The cost of folding rows into cells, by how many share a cell: BenchmarkFold/ROWS
// a cell, ns a row of 10 fields.
func BenchmarkFold(b *testing.B) {
	for _, rows := range []int{2000, 100, 20} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := newStream(compiled(b, ofTopics(nil)), 1, 2000, 0, 1000)
			cs, batch := newCells(s.plan), &s.batches[0]
			cs.programs[0].run(batch)
			var lots []lot
			list := make([]int32, len(batch.Offsets))
			for i := range list {
				list[i] = int32(i)
				if (i+1)%rows == 0 {
					lots = append(lots, lot{cs.get(0, cs.programs[0].width), i + 1})
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				cs.fold(lots, cs.programs[0], batch, selection{list: list})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/row")
		})
	}
}
