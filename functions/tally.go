package functions

// tally counts values.
type tally struct{ n int64 }

func (t *tally) Add(_ []int64, values []float64) { t.n += int64(len(values)) }

func (t *tally) AddTexts(texts [][]byte) { t.n += int64(len(texts)) }

func (t *tally) Merge(other Accumulator) { t.n += other.(*tally).n }

func (t *tally) Reset() { t.n = 0 }

func (t *tally) count() (float64, bool) { return float64(t.n), true }

// conditions counts the values that are 1.
type conditions struct{ n int64 }

func (c *conditions) Add(_ []int64, values []float64) {
	n := int64(0)
	for _, x := range values {
		if x == 1 {
			n++
		}
	}
	c.n += n
}

func (c *conditions) Merge(other Accumulator) { c.n += other.(*conditions).n }

func (c *conditions) Reset() { c.n = 0 }

func (c *conditions) count() (float64, bool) { return float64(c.n), true }
