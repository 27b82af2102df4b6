package functions

import "math"

var counts = []Function{
	{
		Name: "count", Doc: "number of records; with x, of those in which x has a value",
		Formula: "n", Empty: zeroOfNone, Source: "SQL COUNT(*), COUNT(x)",
		Example: "count(x) of 3, 1, 4 is 3",
		Unit:    NoUnit, Takes: AnythingOrNothing, Operation: true,
		Kind: Tally, TextKind: Tally, Value: of((*tally).count),
	},
	{
		Name: "count_if", Doc: "number of records for which the condition is true",
		Formula: "number of records where condition", Empty: zeroOfNone,
		Source:  "SQL COUNT(*) FILTER (WHERE condition)",
		Example: "count_if(x > 2) of 3, 1, 4 is 2",
		Unit:    NoUnit, Takes: Condition,
		Kind: Conditions, Value: of((*conditions).count),
	},
}

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
	const one = 1023 << 52 // the bits of 1, which are compared faster
	n := int64(0)
	for _, x := range values {
		if math.Float64bits(x) == one {
			n++
		}
	}
	c.n += n
}

func (c *conditions) Merge(other Accumulator) { c.n += other.(*conditions).n }

func (c *conditions) Reset() { c.n = 0 }

func (c *conditions) count() (float64, bool) { return float64(c.n), true }
