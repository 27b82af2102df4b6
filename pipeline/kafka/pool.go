package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordPool gives kgo the memory of records that were applied for those it reads
// next: they are most of what a session would leave to the garbage collector. It
// implements kgo.PoolRecords.
type recordPool struct{ pool sync.Pool }

func (p *recordPool) GetRecords(n int) []kgo.Record {
	if recs, ok := p.pool.Get().(*[]kgo.Record); ok && cap(*recs) >= n {
		return (*recs)[:0]
	}
	return make([]kgo.Record, 0, n)
}

func (p *recordPool) PutRecords(recs []kgo.Record) { p.pool.Put(&recs) }

// kept is a copy of a record that outlives its batch.
func kept(r *kgo.Record) *kgo.Record {
	c := *r
	c.Context = nil
	return &c
}
