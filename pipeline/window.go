package pipeline

// windowStart is the start of the window of the given size, in ns, that holds t:
// aligned to the epoch, floored for times before it.
func windowStart(t, size int64) int64 {
	r := t % size
	if r < 0 {
		r += size
	}
	return t - r
}

// windowCeil is the first window boundary at or after t.
func windowCeil(t, size int64) int64 {
	start := windowStart(t, size)
	if start == t {
		return t
	}
	return start + size
}
