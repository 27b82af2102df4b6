package pipeline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Shares come in the order of a stable sort by group.
func TestSorter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	groups := make([]*group, 40)
	for i := range groups {
		groups[i] = &group{id: groupID(fmt.Sprint(i / 2))} // two of each: a group's number may be forgotten
	}
	var s sorter
	for range 500 {
		s.begin()
		for run := range 1 + r.IntN(9) {
			pn := pane{groups: map[groupID]*cell{}}
			for _, i := range r.Perm(len(groups))[:r.IntN(len(groups))] {
				if pn.groups[groups[i].id] == nil {
					pn.add(&cell{}, groups[i])
				}
			}
			for _, c := range pn.byGroup() {
				s.shares = append(s.shares, share{run, c})
			}
			s.runs = append(s.runs, len(s.shares))
		}
		want := slices.Clone(s.shares)
		slices.SortStableFunc(want, func(a, b share) int { return a.cell.compare(b.cell) })
		if got := s.sorted(); !slices.Equal(got, want) {
			t.Fatal("not the order of a stable sort")
		}
	}
}
