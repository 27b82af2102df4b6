package pipeline

// selection is rows of a batch, ascending: those listed, or where none is listed
// all of [from, to).
type selection struct {
	list     []int32
	from, to int
}

func (s selection) length() int {
	if s.list != nil {
		return len(s.list)
	}
	return s.to - s.from
}

// at is the k-th row.
func (s selection) at(k int) int {
	if s.list != nil {
		return int(s.list[k])
	}
	return s.from + k
}

// passing selects the rows of [from, to) of which where is true. It is good until
// the next call.
func (r *program) passing(from, to int) selection {
	all := selection{from: from, to: to}
	if r.pass == nil {
		return all
	}
	r.picked = r.picked[:0]
	for i := from; i < to; i++ {
		if r.pass[i] == 1 {
			r.picked = append(r.picked, int32(i))
		}
	}
	switch len(r.picked) {
	case to - from:
		return all
	case 0:
		return selection{}
	}
	return selection{list: r.picked}
}
