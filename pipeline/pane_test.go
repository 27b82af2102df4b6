package pipeline

import (
	"fmt"
	"testing"
)

// A pane that is not kept for later lets go of its groups, though it lies beside others
// that are.
func TestReleasedPanesAreEmpty(t *testing.T) {
	cs := newCells(compiled(t, nil))
	for _, groups := range []int{0, 1, maxGroupsKept, maxGroupsKept + 1} {
		p := cs.pane(1, 2)
		p.groups = map[groupID]*cell{}
		for i := range groups {
			p.add(cs.get(0, 1), &group{id: groupID(fmt.Sprint(i))})
		}
		if cs.release(0, p); len(p.groups) != 0 || len(p.cells) != 0 {
			t.Errorf("a pane of %d groups still has %d", groups, len(p.groups))
		}
		if kept := p.cells != nil || groups == 0; kept != (groups <= maxGroupsKept) {
			t.Errorf("a pane of %d groups is kept: %v", groups, kept)
		}
	}
	if cs.held != 0 {
		t.Errorf("%d cells are held", cs.held)
	}
}
