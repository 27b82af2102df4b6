package simulation

import (
	"math"
	"slices"

	"github.com/aggrun/aggrun/spec"
)

// This file holds the expressions that schedules use, each beside what it means,
// written in Go.

// condition is a where.
type condition struct {
	text   string
	passes func(e *entry) bool
}

var conditions = []condition{
	{"x >= 30", func(e *entry) bool { return e.x >= 30 }},
	{"x >= 20 && a < 700", func(e *entry) bool { return e.x >= 20 && e.a < 700 }},
	{"b != nil || x < 60", func(e *entry) bool { return e.x == e.x && (e.b == e.b || e.x < 60) }},
	{"(b ?? a) > -300", func(e *entry) bool {
		if e.b == e.b {
			return e.b > -300
		}
		return e.a > -300
	}},
	{`$key != "k1"`, func(e *entry) bool { return e.key != "" && e.key != "k1" }},
	{"x % 3 != 1", func(e *entry) bool { return e.x == e.x && int(e.x)%3 != 1 }},
}

// derivation is a derived field: a number, a truth value as 1 or 0, or a text.
type derivation struct {
	name, text string
	number     func(e *entry) float64
	id         func(e *entry) string // as a group
	aggregated bool                  // operations are computed of it
}

var derivations = []derivation{
	{"r", "a + 2 * x", func(e *entry) float64 { return e.a + 2*e.x }, func(e *entry) string { return whole(e.a + 2*e.x) }, true},
	{"bin", "floor(x / 25)", func(e *entry) float64 { return math.Floor(e.x / 25) }, func(e *entry) string { return whole(math.Floor(e.x / 25)) }, true},
	{"big", "x > 50", truth, func(e *entry) string {
		switch v := truth(e); {
		case v != v:
			return ""
		case v == 1:
			return "b\x01"
		}
		return "b\x00"
	}, true},
	{"side", `x > 50 ? "hi" : "lo"`, nil, func(e *entry) string {
		switch v := truth(e); {
		case v != v:
			return ""
		case v == 1:
			return "thi"
		}
		return "tlo"
	}, false},
}

func truth(e *entry) float64 {
	switch {
	case e.x != e.x:
		return nan
	case e.x > 50:
		return 1
	}
	return 0
}

func whole(v float64) string {
	if v != v {
		return ""
	}
	return idInteger(int64(v))
}

// outcome is an aggregate.
type outcome struct {
	name, text string
	of         func(samples []sample) float64 // in the order of their times
}

var outcomes = []outcome{
	{"n", "count()", func(ss []sample) float64 { return float64(len(ss)) }},
	{"nb", "count(b)", func(ss []sample) float64 { return float64(len(column(ss, fieldB))) }},
	{"avg", "sum(a) / count(a)", func(ss []sample) float64 {
		vs := column(ss, fieldA)
		return sum(vs) / float64(len(vs)) // 0/0 of none
	}},
	{"hot", "count_if(x > 50)", func(ss []sample) float64 { return sum(column(ss, func(s sample) float64 { return truth(s.e) })) }},
	{"span", "max(a) - min(a)", func(ss []sample) float64 {
		vs := column(ss, fieldA)
		if len(vs) == 0 {
			return nan
		}
		return slices.Max(vs) - slices.Min(vs)
	}},
	{"kinds", "count_distinct(h)", func(ss []sample) float64 {
		var seen [8]bool
		n := 0.0
		for _, s := range ss {
			if h := s.e.h; h != 0 && !seen[h] {
				seen[h] = true
				n++
			}
		}
		return n
	}},
	{"mid", "median(2 * a)", func(ss []sample) float64 {
		vs := slices.Sorted(slices.Values(column(ss, fieldA)))
		if len(vs) == 0 {
			return nan
		}
		return vs[(len(vs)-1)/2] + vs[len(vs)/2]
	}},
	{"ends", "last(a) - first(a)", func(ss []sample) float64 {
		vs := column(ss, fieldA)
		if len(vs) == 0 {
			return nan
		}
		return vs[len(vs)-1] - vs[0]
	}},
	{"sides", "count_distinct(side)", func(ss []sample) float64 { // of texts that only the first source derives
		seen := map[float64]bool{}
		for _, v := range column(ss, func(s sample) float64 { return truth(s.e) + 0*fieldA(s) }) {
			seen[v] = true
		}
		return float64(len(seen))
	}},
	{"pool", "sum(a ?? c)", func(ss []sample) float64 { return sum(column(ss, func(s sample) float64 { return s.e.a })) }},
	{"both", "sum(a ?? 0) - max(c ?? 0)", func(ss []sample) float64 {
		most := math.Inf(-1)
		for _, s := range ss {
			v := 0.0
			if s.source == 1 {
				v = s.e.a
			}
			most = max(most, v)
		}
		return sum(column(ss, fieldA)) - most
	}},
}

// fieldA and fieldB are the fields a and b outside their source.
func fieldA(s sample) float64 {
	if s.source != 0 {
		return nan
	}
	return s.e.a
}

func fieldB(s sample) float64 {
	if s.source != 0 {
		return nan
	}
	return s.e.b
}

// column are the values of samples that are not missing.
func column(samples []sample, of func(sample) float64) (values []float64) {
	for _, s := range samples {
		if v := of(s); v == v {
			values = append(values, v)
		}
	}
	return values
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

func (s *script) drawExpressions(d dice) {
	l := &s.language
	for i := range s.spec.Sources {
		if d.chance(30) {
			s.spec.Sources[i].Where = pick(d, conditions...).text
		}
	}
	if d.chance(40) {
		for _, f := range derivations {
			if d.chance(40) {
				l.derived = append(l.derived, f.name)
				s.spec.Sources[0].Derive = append(s.spec.Sources[0].Derive, spec.Named{Name: f.name, Text: f.text})
			}
		}
	}
	if d.chance(40) {
		for _, i := range d.Perm(len(outcomes))[:1+d.IntN(4)] {
			if outcomes[i].name == "sides" && !slices.Contains(l.derived, "side") {
				continue
			}
			s.spec.Aggregates = append(s.spec.Aggregates, spec.Named{Name: outcomes[i].name, Text: outcomes[i].text})
		}
	}
}

// named finds a row of a table by what a spec says.
func named[T any](table []T, is func(T) bool) T {
	if i := slices.IndexFunc(table, is); i >= 0 {
		return table[i]
	}
	panic("not in the table")
}
