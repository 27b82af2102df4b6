package pipeline

import (
	"fmt"
	"hash/maphash"
)

// This file deals the rows of a pane out to the cells of their groups: every group
// has a number, and rows are sorted by counting.

// group is what records are grouped by, and what its results are called.
type group struct {
	id     groupID
	values []GroupValue // made, as key, with the first result
	key    string
}

// name gives the group's values and the key of its results.
func (g *group) name() ([]GroupValue, string) {
	if g.key == "" {
		g.values = g.id.values()
		g.key = string(GroupKey(g.values))
	}
	return g.values, g.key
}

// dealer deals one run of rows after another.
type dealer struct {
	numbers numbering
	places  []place // by number
	run     uint64  // counts them: places of another are not this one's
	lots    []lot
	counts  []int   // the rows of each lot
	byRow   []int32 // the lot of each row of the run, or refused
	rows    []int32 // of a batch, lot after lot
	key     []byte  // room for a row's

	longest          int    // key
	tooMany, tooLong string // why rows are refused
}

// place is the lot of a group in a run.
type place struct {
	run uint64
	lot int32
}

// refused is the lot of rows whose group is one too many.
const refused = -1

// maxGroupBytes bounds the values of a group, each with its length: they are in the
// key of each of its results, and a broker refuses messages that are too large.
const maxGroupBytes = 16 << 10

func newDealer(plan *Plan) dealer {
	longest, single := maxGroupBytes, len(plan.groups) == 1
	if single {
		longest -= lengthBytes
	}
	return dealer{
		numbers: numbering{seed: maphash.MakeSeed(), single: single},
		longest: longest,
		tooMany: fmt.Sprintf("its window has more groups than max_groups (%d)", plan.Spec.MaxGroups),
		tooLong: fmt.Sprintf("its group values have more than %d bytes", maxGroupBytes),
	}
}

// begin starts a run of so many rows, while so many cells are held.
func (d *dealer) begin(rows, held int) {
	if d.numbers.full(held) {
		d.numbers.clear()
	}
	d.run++
	d.lots, d.counts, d.byRow = d.lots[:0], d.counts[:0], resize(d.byRow, rows)
}

// sort brings the rows of a run that are not refused in the order of their lots. A
// lot's end is where its next row goes, so that it is its end once all are there.
func (d *dealer) sort(rows selection) selection {
	at := 0
	for i, n := range d.counts {
		d.lots[i].end = at
		at += n
	}
	d.rows = resize(d.rows, at)
	for k, l := range d.byRow {
		if l != refused {
			to := &d.lots[l].end
			d.rows[*to] = int32(rows.at(k))
			*to++
		}
	}
	return selection{list: d.rows}
}

// applyGroups deals rows of one pane out to their groups, and gives the number of
// rows whose group is refused: which ones those are depends on the pane's records
// in the order of their offsets alone.
func (t *task) applyGroups(p *part, r *program, b *Batch, start int64, rows selection, live bool) (missed int, err error) {
	d := &t.cells.dealer
	d.begin(rows.length(), t.cells.held)
	for k := range d.byRow {
		i := rows.at(k)
		lot, reason := t.lot(p, r, start, b.Offsets[i], r.key(&d.key, i))
		d.byRow[k] = lot
		if lot != refused {
			d.counts[lot]++
			continue
		}
		missed++
		if live {
			if err := t.refuse(p, DeadLetter{p.id, b.Offsets[i], reason, b.record(i)}); err != nil {
				return missed, err
			}
		}
	}
	if len(d.lots) > 0 {
		t.cells.fold(d.lots, r, b, d.sort(rows))
	}
	return missed, nil
}

// lot finds the lot of the key's group, or says why the record at offset cannot be
// in one.
func (t *task) lot(p *part, r *program, start, offset int64, key []byte) (int32, string) {
	d := &t.cells.dealer
	if len(key) > d.longest {
		return refused, d.tooLong
	}
	n := d.numbers.of(key)
	if n >= len(d.places) {
		d.places = append(d.places, make([]place, n+1-len(d.places))...)
	}
	to := &d.places[n]
	if to.run != d.run { // the first of the group in this run
		*to = place{d.run, refused}
		if c := t.groupCell(p, r, start, offset, d.numbers.groups[n]); c != nil {
			to.lot = int32(len(d.lots))
			d.lots, d.counts = append(d.lots, lot{cell: c}), append(d.counts, 0)
		}
	}
	return to.lot, d.tooMany
}

// groupCell gives the cell of a group, a new one as long as max_groups allows.
func (t *task) groupCell(p *part, r *program, start, offset int64, g *group) *cell {
	pn := p.find(start)
	if pn != nil {
		if c := pn.groups[g.id]; c != nil {
			return c
		}
	}
	switch {
	case pn != nil && len(pn.groups) >= t.plan.Spec.MaxGroups:
		return nil
	case pn == nil:
		pn = p.pane(t.cells, start, offset)
	}
	return t.newCell(p, r, pn, g)
}
