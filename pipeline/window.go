package pipeline

// windows says where a plan's windows lie, in ns. They begin at multiples of
// advance after offset, and each spans size. Records are kept in panes, spans of
// advance: a pane belongs to size/advance windows, and a tumbling window is one.
type windows struct{ size, advance, offset int64 }

// pane is the start of the pane that holds t: floored, before the epoch too.
func (w windows) pane(t int64) int64 {
	r := (t - w.offset) % w.advance
	if r < 0 {
		r += w.advance
	}
	return t - r
}

// ceil is the first boundary of panes at or after t.
func (w windows) ceil(t int64) int64 {
	if start := w.pane(t); start != t {
		return start + w.advance
	}
	return t
}

// first is the end of the first window that a pane belongs to.
func (w windows) first(pane int64) int64 { return pane + w.advance }

// last is the end of the last window that a pane belongs to.
func (w windows) last(pane int64) int64 { return pane + w.size }

// next is the end of the first window that a pane belongs to and that ends after
// from; it may be none of its own.
func (w windows) next(pane, from int64) int64 {
	if first := w.first(pane); from == None || first > from {
		return first
	}
	return w.pane(from) + w.advance
}

// undecided is the start of the first window that ends after closed.
func (w windows) undecided(closed int64) int64 { return w.pane(closed) + w.advance - w.size }

// lacking is the end of the last window that lacks records when those before t
// are not read: of the last one that starts before t.
func (w windows) lacking(t int64) int64 { return w.last(w.ceil(t) - w.advance) }
