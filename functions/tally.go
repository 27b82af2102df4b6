package functions

// tally counts values.
type tally struct{ n int64 }

func (t *tally) Add(_ []int64, values []float64) { t.n += int64(len(values)) }

func (t *tally) Merge(other Accumulator) { t.n += other.(*tally).n }

func (t *tally) Reset() { t.n = 0 }

func (t *tally) count() (float64, bool) { return float64(t.n), true }
