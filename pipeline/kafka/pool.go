package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordPool gives kgo the memory of records that were applied for those it reads
// next: they are most of what a session would leave to the garbage collector. It
// implements kgo.PoolRecords. kgo would take memory back record by record
// (kgo.Record.Recycle), at half of what decoding costs; here it comes back batch by
// batch. What is never given back is the collector's.
type recordPool struct {
	mu     sync.Mutex
	free   sync.Pool                     // of *[]kgo.Record
	out    map[*kgo.Record]*[]kgo.Record // given to kgo, by its first record
	before map[*kgo.Record]*[]kgo.Record // longer ago
	polls  int                           // since out became before
}

const (
	fewRecords = 64 // of a batch that is not worth the trouble
	lifetime   = 8  // polls after which memory that has not come back is given up
)

// GetRecords implements kgo.PoolRecords.
func (p *recordPool) GetRecords(n int) []kgo.Record {
	if n < fewRecords {
		return make([]kgo.Record, n)
	}
	recs, _ := p.free.Get().(*[]kgo.Record)
	if recs == nil || cap(*recs) < n {
		recs = new([]kgo.Record)
		*recs = make([]kgo.Record, n)
	}
	*recs = (*recs)[:n]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out == nil {
		p.out = map[*kgo.Record]*[]kgo.Record{}
	}
	p.out[&(*recs)[0]] = recs
	return *recs
}

// PutRecords implements kgo.PoolRecords: kgo kept none of them.
func (p *recordPool) PutRecords(recs []kgo.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.take(&recs[0])
}

// done takes the memory of what one poll brought once nobody uses it any more.
func (p *recordPool) done(of *polled) {
	if of.pieces.Add(-1) == 0 {
		p.put(of.fetches)
	}
}

// put takes the memory of what one poll brought, none of which is used any more.
func (p *recordPool) put(fetches kgo.Fetches) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		// The records of a batch lie in a row. Where kgo left out the first of
		// them, as at the place where reading began, its memory does not come back.
		for i := 0; i < len(f.Records); {
			i += max(1, p.take(f.Records[i]))
		}
	})
	if p.polls++; p.polls == lifetime {
		p.polls, p.before, p.out = 0, p.out, make(map[*kgo.Record]*[]kgo.Record, len(p.out))
	}
}

// take frees the memory that begins with a record, and gives how many it holds; 0
// where none does.
func (p *recordPool) take(first *kgo.Record) int {
	recs, ok := p.out[first]
	if !ok {
		recs, ok = p.before[first]
	}
	if !ok {
		return 0
	}
	delete(p.out, first)
	delete(p.before, first)
	n := len(*recs)
	clear(*recs)     // they hold on to what was fetched
	p.free.Put(recs) // from here on it may be somebody else's
	return n
}

// kept is a copy of a record that outlives its batch.
func kept(r *kgo.Record) *kgo.Record {
	c := *r
	c.Context = nil
	return &c
}
