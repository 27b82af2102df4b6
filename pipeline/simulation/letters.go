package simulation

import (
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// letterBox are the dead letters of a transaction that were not accounted for.
type letterBox struct{ letters []pipeline.DeadLetter }

// ground is why a record is set aside.
type ground int

const (
	unusable ground = iota
	tooLate
	tooManyGroups
)

func groundOf(d pipeline.DeadLetter) ground {
	switch {
	case strings.HasPrefix(d.Reason, "late"):
		return tooLate
	case strings.Contains(d.Reason, "max_groups"):
		return tooManyGroups
	}
	return unusable
}

func (b *letterBox) index(id pipeline.Partition, offset int64, why ground) int {
	return slices.IndexFunc(b.letters, func(d pipeline.DeadLetter) bool {
		return d.Partition == id && d.Offset == offset && d.Record == any(offset) && groundOf(d) == why
	})
}

// refuses tells whether a record was refused as bad.
func (b *letterBox) refuses(id pipeline.Partition, offset int64) bool {
	return b.index(id, offset, unusable) >= 0
}

func (b *letterBox) take(id pipeline.Partition, offset int64, why ground) bool {
	i := b.index(id, offset, why)
	if i >= 0 {
		b.letters = slices.Delete(b.letters, i, i+1)
	}
	return i >= 0
}
