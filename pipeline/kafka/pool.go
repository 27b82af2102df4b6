package kafka

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordPool gives kgo the memory of records that were applied for those it reads
// next: they are most of what a session would leave to the garbage collector. It
// implements kgo.PoolRecords, for several clients at once. kgo would take memory back
// record by record (kgo.Record.Recycle), at half of what decoding costs; here a poll
// comes back as a whole.
//
// Batches are carved from slabs, one after the other, so that a small one costs
// little more than a large one. A slab counts what was carved and what came back, and
// nothing of it is given out again before they are equal. That is the invariant: a
// record that kgo or the worker may still hold, or that was dropped, is never used
// anew. It wants of others that they give a record back once at most, and use it no
// more then. A slab that nothing happens to for long, as where a record of it was
// dropped, is given up: it is the collector's then.
type recordPool struct {
	mu      sync.Mutex
	slabs   []*slab // all but those that were given up
	current *slab   // what batches are carved from; nil: none
	out     int     // records of slabs that were carved and have not come back
	now     period
	last    int // the most that was out at once in the period before
}

// period is the time in which memory comes back that was out when it began, going by
// how much comes back.
type period struct {
	number int
	polls  int // that came back in it
	began  int // with so many records out
	back   int // records that came back in it
	most   int // records that were out at once
}

const (
	slabMost   = 4096 // records of a slab, but where one batch has more
	slabLeast  = 64   // for a session that reads little
	slabFit    = 4    // times too large is too large
	pollsLeast = 8    // of a period
	pollsMost  = 64   // after which what was dropped is no longer waited for
)

// GetRecords implements kgo.PoolRecords.
func (p *recordPool) GetRecords(n int) []kgo.Record {
	if n == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.current
	if s == nil || s.room() < n {
		if s = p.free(n); p.current == nil || p.current.room() < s.room()-n {
			p.current = s
		}
	}
	p.out += n
	p.now.most = max(p.now.most, p.out)
	s.touched = p.now.number
	return s.carve(n)
}

// free is a slab that is free, with room for n records and for as many as are likely
// to be out together with them.
func (p *recordPool) free(n int) *slab {
	n = max(n, slabLeast, min(slabMost, max(p.last, p.now.most)))
	for _, s := range p.slabs {
		if s.used == 0 && len(s.records) >= n && len(s.records) <= slabFit*n {
			return s
		}
	}
	s := &slab{records: make([]kgo.Record, n)}
	p.slabs = append(p.slabs, s)
	return s
}

// PutRecords implements kgo.PoolRecords: kgo kept none of them.
func (p *recordPool) PutRecords(records []kgo.Record) {
	p.mu.Lock()
	var whole []*slab
	if s, _ := p.find(&records[0], nil); s != nil && p.takes(s, len(records)) {
		whole = append(whole, s)
	}
	p.mu.Unlock()
	p.clear(whole)
}

// done takes the memory of what one poll brought once nobody uses it any more.
func (p *recordPool) done(of *polled) {
	if of.pieces.Add(-1) == 0 {
		p.put(of.fetches)
	}
}

// put takes the memory of what one poll brought, none of which is used any more.
func (p *recordPool) put(fetches kgo.Fetches) {
	var whole []*slab
	var s *slab
	p.mu.Lock()
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		for i := 0; i < len(f.Records); {
			var at int
			if s, at = p.find(f.Records[i], s); s == nil {
				i++ // of a slab that was given up, or not of a slab
				continue
			}
			n := s.run(at, f.Records[i:])
			if i += n; p.takes(s, n) {
				whole = append(whole, s)
			}
		}
	})
	p.pass()
	p.mu.Unlock()
	p.clear(whole)
}

// find gives the slab that a record is of, and where in it; nil where there is none.
// Neighbours are mostly of one slab, so likely is looked at first.
func (p *recordPool) find(r *kgo.Record, likely *slab) (*slab, int) {
	if likely != nil {
		if at, ok := likely.index(r); ok {
			return likely, at
		}
	}
	for _, s := range p.slabs {
		if at, ok := s.index(r); ok {
			return s, at
		}
	}
	return nil, 0
}

// takes takes n records of s back. It tells once that s came back as a whole: it is
// to be cleared then, and nobody else knows it meanwhile.
func (p *recordPool) takes(s *slab, n int) bool {
	p.out -= n
	p.now.back += n
	s.back += n
	s.touched = p.now.number
	if s.back < s.used {
		return false
	}
	if p.current == s {
		p.current = nil
	}
	return true
}

// clear makes slabs free that came back. Until then their records hold on to what
// was fetched, mostly together with others of the same fetch that are still used. To
// clear every run when it comes back is no faster, and kgo would wait for it: it takes
// longer than all else here.
func (p *recordPool) clear(whole []*slab) {
	if len(whole) == 0 {
		return
	}
	for _, s := range whole {
		clear(s.records[:s.used])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range whole {
		s.used, s.back = 0, 0
	}
}

// pass counts a poll. At the end of a period all slabs are given up that nothing
// happened to in it and in the one before: in the first of them all that was out
// had time to come back, and whoever reads as much as before had need of those that
// are free. A period ends by what came back and not by polls alone, since of
// two clients one may poll a lot more often than the other.
func (p *recordPool) pass() {
	if p.now.polls++; p.now.polls < pollsLeast || p.now.back < p.now.began && p.now.polls < pollsMost {
		return
	}
	old := func(s *slab) bool { return s.touched < p.now.number-1 }
	p.slabs = slices.DeleteFunc(p.slabs, old)
	p.current, p.out = nil, 0 // a slab from which something was dropped is not to last for long
	for _, s := range p.slabs {
		p.out += s.used - s.back
	}
	p.last, p.now = p.now.most, period{number: p.now.number + 1, began: p.out, most: p.out}
}

// slab is memory for records. Those before used are carved, of which back came back.
type slab struct {
	records    []kgo.Record
	used, back int
	touched    int // the number of the period in which records were carved or came back last
}

func (s *slab) room() int { return len(s.records) - s.used }

// carve gives n records, of no larger capacity: kgo gives back as much.
func (s *slab) carve(n int) []kgo.Record {
	from := s.used
	s.used += n
	return s.records[from:s.used:s.used]
}

// index tells where in the slab a record lies. Addresses only say where it would have
// to be; what is there decides. No pointer is made of them.
func (s *slab) index(r *kgo.Record) (int, bool) {
	at := (uintptr(unsafe.Pointer(r)) - uintptr(unsafe.Pointer(&s.records[0]))) / unsafe.Sizeof(*r)
	if at >= uintptr(s.used) || &s.records[at] != r {
		return 0, false
	}
	return int(at), true
}

// run is how many records lie in a row from a place in the slab on.
func (s *slab) run(at int, records []*kgo.Record) int {
	carved := s.records[at:s.used]
	n := min(len(carved), len(records))
	for i, r := range records[:n] {
		if r != &carved[i] {
			return i
		}
	}
	return n
}

// kept is a copy of a record that outlives its batch: kgo makes headers for each record,
// and the bytes of keys and values are of no pool.
func kept(r *kgo.Record) *kgo.Record {
	c := *r
	c.Context = nil
	return &c
}
