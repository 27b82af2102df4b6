package faults

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tally is what happened in runs.
type tally struct {
	numbers map[string]int
	faults  map[string]int // hits, by kind
	longest float64        // from the end of the faults until all was committed, s
}

func newTally() tally { return tally{numbers: map[string]int{}, faults: map[string]int{}} }

func (t *tally) add(o tally) {
	for k, n := range o.numbers {
		t.numbers[k] += n
	}
	for k, n := range o.faults {
		t.faults[k] += n
	}
	t.longest = max(t.longest, o.longest)
}

// String is the table.
func (t *tally) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(t.numbers)) {
		fmt.Fprintf(&b, "  %-48s %9d\n", k, t.numbers[k])
	}
	fmt.Fprintf(&b, "  %-48s %9.1f\n", "longest wait after the faults, s", t.longest)
	all := 0
	for _, n := range t.faults {
		all += n
	}
	fmt.Fprintf(&b, "  %-48s %9d\n", "faults that hit", all)
	for _, k := range slices.Sorted(maps.Keys(t.faults)) {
		fmt.Fprintf(&b, "    %-46s %9d\n", k, t.faults[k])
	}
	return b.String()
}
