package pipeline

// sorter brings the shares of a window in the order of their groups, and those of
// a group in the order in which they are merged: it merges runs, each of one pane.
type sorter struct {
	shares []share
	runs   []int // where each run ends
	spare  []share
}

func (s *sorter) begin() { s.shares, s.runs = s.shares[:0], s.runs[:0] }

// sorted gives all shares. It merges neighbours until one run is left; of equal
// groups, the earlier run's goes first.
func (s *sorter) sorted() []share {
	for len(s.runs) > 1 && s.shares[0].cell.group != nil {
		to, runs, from := s.spare[:0], s.runs[:0], 0
		for i := 0; i < len(s.runs); i += 2 {
			middle, end := s.runs[i], s.runs[min(i+1, len(s.runs)-1)]
			to = merge(to, s.shares[from:middle], s.shares[middle:end])
			runs, from = append(runs, end), end
		}
		s.shares, s.spare, s.runs = to, s.shares, runs
	}
	return s.shares
}

// merge appends two runs as one.
func merge(to, a, b []share) []share {
	for len(a) > 0 && len(b) > 0 {
		if a[0].cell.compare(b[0].cell) <= 0 {
			to, a = append(to, a[0]), a[1:]
		} else {
			to, b = append(to, b[0]), b[1:]
		}
	}
	return append(append(to, a...), b...)
}
