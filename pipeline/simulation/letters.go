package simulation

import (
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// letterBox are the dead letters of a transaction that were not accounted for.
type letterBox struct{ letters []pipeline.DeadLetter }

func (b *letterBox) index(id pipeline.Partition, offset int64, late bool) int {
	return slices.IndexFunc(b.letters, func(d pipeline.DeadLetter) bool {
		return d.Partition == id && d.Offset == offset && d.Record == any(offset) && strings.HasPrefix(d.Reason, "late") == late
	})
}

// refuses tells whether a record was refused as bad.
func (b *letterBox) refuses(id pipeline.Partition, offset int64) bool {
	return b.index(id, offset, false) >= 0
}

func (b *letterBox) take(id pipeline.Partition, offset int64, late bool) bool {
	i := b.index(id, offset, late)
	if i >= 0 {
		b.letters = slices.Delete(b.letters, i, i+1)
	}
	return i >= 0
}
