package pipeline

import (
	"cmp"
	"slices"
)

// pane is one pane of one partition.
type pane struct {
	start  int64   // ns
	first  int64   // offset of the first record in it
	cells  []*cell // one, or none yet, where there is no group_by
	sorted bool    // the cells are in the order of their groups
	groups map[groupID]*cell
}

// maxGroupsKept bounds the panes whose table of groups is kept for later: to clear
// it costs as much as the largest one that it has held.
const maxGroupsKept = 1000

// pane gives an empty pane.
func (cs *cells) pane(start, first int64) *pane {
	if len(cs.panes) == 0 {
		cs.makePanes()
	}
	n := len(cs.panes)
	p := cs.panes[n-1]
	cs.panes = cs.panes[:n-1]
	p.start, p.first = start, first
	return p
}

// makePanes makes panes side by side, each with room for the cell of all records.
func (cs *cells) makePanes() {
	cs.paneSlab = min(max(2*cs.paneSlab, smallestSlab), largestSlab)
	all, room := make([]pane, cs.paneSlab), make([]*cell, cs.paneSlab)
	for i := range all {
		if all[i].cells = room[i : i : i+1]; len(cs.plan.groups) > 0 {
			all[i].groups = map[groupID]*cell{}
		}
		cs.panes = append(cs.panes, &all[i])
	}
}

// release takes a pane and its cells back.
func (cs *cells) release(source int, p *pane) {
	for _, c := range p.cells {
		cs.put(source, c)
	}
	if len(p.cells) > maxGroupsKept || len(cs.panes) >= maxFree {
		*p = pane{} // it lies beside others, which keep it in memory
		return
	}
	clear(p.groups)
	clear(p.cells)
	p.cells = p.cells[:0]
	cs.panes = append(cs.panes, p)
}

// whole is the cell of a pane without groups.
func (p *pane) whole() *cell {
	if len(p.cells) == 0 {
		return nil
	}
	return p.cells[0]
}

// add gives a pane a cell, of a group or of all records.
func (p *pane) add(c *cell, g *group) {
	p.cells = append(p.cells, c)
	if g != nil {
		c.group, p.sorted = g, false
		p.groups[g.id] = c
	}
}

// byGroup are the cells in the order of their groups.
func (p *pane) byGroup() []*cell {
	if !p.sorted {
		slices.SortFunc(p.cells, (*cell).compare)
		p.sorted = true
	}
	return p.cells
}

// compare orders cells by their groups.
func (c *cell) compare(o *cell) int {
	if c.group == o.group {
		return 0
	}
	return cmp.Compare(c.group.id, o.group.id)
}
