package simulation

import (
	"fmt"
	"math"
	"slices"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// newRechunking draws an input: a spec of everything, and logs of values whose sums
// are not exact, none of them late.
func newRechunking(seed uint64) *rechunking {
	d := newDice(seed, 7)
	s := &script{t0: 1_700_000_000 * sec, tidy: true, untilEnd: true, closeOpen: true}
	s.drawSpec(d)
	s.drawLanguage(newDice(seed, 8))
	p := &s.spec
	p.Start, p.Idle, p.OnError, p.Late = spec.Start{Kind: spec.StartEarliest}, 0, spec.OnErrorDeadLetter, spec.LateDeadLetter
	p.Operations, p.Aggregates = some(d, 5, functions.Operations()), nil
	for i, text := range some(d, 10, everyAggregate(s)) {
		p.Aggregates = append(p.Aggregates, spec.Named{Name: fmt.Sprint("v", i), Text: text})
	}
	for i := range 1 + d.IntN(3) + len(p.Sources) - 1 {
		name := s.topic(i)
		transactional := d.chance(30)
		for id := range int32(1 + d.IntN(2)) {
			src := &source{id: pipeline.Partition{Topic: name, ID: id}}
			src.slow = id == 1
			s.sources = append(s.sources, src)
			if d.chance(5) {
				continue
			}
			s.write(d, src, feed{from: s.t0 - d.between(0, 5*sec), until: s.t0 + d.between(5*sec, 15*sec), gap: d.between(100*ms, 500*ms),
				disorder: int64(p.Window.Grace), garbage: pick(d, 0, 3), transactional: transactional})
			makeAwkward(d, src)
		}
	}
	return &rechunking{script: s, seed: seed}
}

// some are n of many.
func some(d dice, n int, many []string) []string {
	d.Shuffle(len(many), func(i, j int) { many[i], many[j] = many[j], many[i] })
	return many[:n]
}

// everyAggregate are aggregates of every accumulator.
func everyAggregate(s *script) []string {
	all := []string{
		"count()", "count(b)", "count_if(x > 50)", "sum(a)", "sum(a) / count(b) + mean(x ^ 2)", "min(a)", "max(b)", "range(a)", "mean(b)",
		"median(b)", "q1(a)", "q3(b)", "quantile(a, 0.9)", `quantile(b, 0.37, "r7")`, `quantile(a * x, 0.1, "r8")`,
		"stdev(a)", "stddev_samp(b)", "stddev_pop(b)", "var_samp(a * x)", "var_pop(a)", "rms(a)", "first(b)", "last(a)", "first_time(a)", "last_time(b)",
		"count_distinct(g)", "count_distinct($key)", "count_distinct(h)", "count_distinct($topic)", "count_distinct(a)", "mode(x)", "mean(a ?? c)", "var_pop(a ?? c)",
	}
	if slices.Contains(s.language.derived, "side") {
		all = append(all, "count_distinct(side)")
	}
	return all
}

// makeAwkward gives values of which sums are not exact.
func makeAwkward(d dice, src *source) {
	scale := pick(d, 1, 1e9, 1e-9, 1e300, 1e-310)
	value := func() float64 {
		switch d.IntN(8) {
		case 0:
			return scale * (1 + d.Float64()*1e-9)
		case 1:
			return -scale * d.Float64()
		case 2:
			return pick(d, 0, math.Copysign(0, -1), 0.1, -1.0/3, 5e-324, 1e308, -1e308)
		case 3:
			if d.chance(3) {
				return math.Inf(pick(d, 1, -1))
			}
		}
		return scale * (d.Float64() - 0.3)
	}
	for i := range src.entries {
		e := &src.entries[i]
		e.a = value()
		if e.schema == 2 && e.b == e.b {
			e.b = value()
		}
	}
}
