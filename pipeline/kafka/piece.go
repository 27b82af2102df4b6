package kafka

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
)

// pieceRows is how many records one piece of a poll has at most: few enough for
// their columns to stay in a processor's cache from decoding to aggregation.
const pieceRows = 4096

// pieces is how many there are: each reader decodes one, one is applied, and what is
// left is read ahead while the worker commits.
const pieces = 5

// spare are pieces to decode to. The one that came back last is used first: it may
// still be in the processor's cache.
type spare struct {
	count chan struct{} // one for each
	mu    sync.Mutex
	stack []*piece
}

func newSpare() *spare {
	s := &spare{count: make(chan struct{}, pieces)}
	for range pieces {
		s.put(&piece{})
	}
	return s
}

func (s *spare) put(p *piece) {
	s.mu.Lock()
	s.stack = append(s.stack, p)
	s.mu.Unlock()
	s.count <- struct{}{} // never waits: there is room for all
}

// each calls do with each piece that nobody uses.
func (s *spare) each(do func(*piece)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.stack {
		do(p)
	}
}

// take waits for a piece; nil where ctx ends.
func (s *spare) take(ctx context.Context) *piece {
	select {
	case <-s.count:
	case <-ctx.Done():
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.stack) - 1
	p := s.stack[last]
	s.stack = s.stack[:last]
	return p
}

// piece is a part of what one poll brought, decoded, and the memory for it: its
// batches have their rows in the same columns, one after the other.
type piece struct {
	of      *polled
	batches []pipeline.Batch
	leases  []int64  // of the batches' partitions
	failure *failure // what is wrong, in place of batches

	size    int // rows that there is room for
	used    int // rows that batches have
	offsets []int64
	times   []int64
	schemas []int32
	numbers [][]float64
	texts   [][][]byte
	arena   []byte
}

// failure is what is wrong with a partition, under the lease that it was read.
type failure struct {
	id    pipeline.Partition
	lease int64
	err   error
}

// polled is what one poll brought. Its records' memory is free once every piece of
// it has come back.
type polled struct {
	fetches kgo.Fetches
	pieces  atomic.Int32 // that are out, and one more while there may come others
}

// empty lets go of what the piece holds, but for its memory.
func (p *piece) empty() {
	for i := range p.texts {
		clear(p.texts[i][:p.used])
	}
	for i := range p.batches {
		b := &p.batches[i]
		*b = pipeline.Batch{Numbers: b.Numbers[:0], Texts: b.Texts[:0]}
	}
	p.of, p.failure, p.used = nil, nil, 0
	p.batches, p.leases, p.arena = p.batches[:0], p.leases[:0], p.arena[:0]
}

// reserve gives an empty piece room for n rows, or as many as it may have.
func (p *piece) reserve(n int) {
	if n = min(n, pieceRows); n <= p.size {
		return
	}
	p.size, p.numbers, p.texts = n, nil, nil
	p.offsets, p.times, p.schemas = make([]int64, n), make([]int64, n), make([]int32, n)
}

func (p *piece) room() int { return p.size - p.used }

// batch adds an empty batch with room for n rows.
func (p *piece) batch(id pipeline.Partition, n int) *pipeline.Batch {
	if at := len(p.batches); at < cap(p.batches) {
		p.batches = p.batches[:at+1]
	} else {
		p.batches = append(p.batches, pipeline.Batch{})
	}
	b := &p.batches[len(p.batches)-1]
	from, to := p.used, p.used+n
	b.Partition, b.Arena = id, p.arena
	b.Offsets, b.Times, b.Schemas = p.offsets[from:from:to], p.times[from:from:to], p.schemas[from:from:to]
	return b
}

// widen gives b, the last batch, the columns that joined the layout, missing in
// the rows that it has.
func (p *piece) widen(b *pipeline.Batch, layout *pipeline.Layout) {
	from, to := p.used, p.used+cap(b.Offsets)
	for slot := len(b.Numbers); slot < layout.Numbers; slot++ {
		p.numbers = reach(p.numbers, slot, p.size)
		b.Numbers = append(b.Numbers, p.numbers[slot][from:to:to])
		fill(b.Numbers[slot][:len(b.Offsets)], math.NaN())
	}
	for slot := len(b.Texts); slot < layout.Texts; slot++ {
		p.texts = reach(p.texts, slot, p.size)
		b.Texts = append(b.Texts, p.texts[slot][from:to:to])
		fill(b.Texts[slot][:len(b.Offsets)], nil)
	}
}

// reach makes columns up to slot.
func reach[T any](columns [][]T, slot, rows int) [][]T {
	for len(columns) <= slot {
		columns = append(columns, make([]T, rows))
	}
	return columns
}

func fill[T any](rows []T, v T) {
	for i := range rows {
		rows[i] = v
	}
}

// seal cuts b, the last batch, to its rows, which are of these records.
func (p *piece) seal(b *pipeline.Batch, from []*kgo.Record) {
	n := len(b.Offsets)
	for i := range b.Numbers {
		b.Numbers[i] = b.Numbers[i][:n]
	}
	for i := range b.Texts {
		b.Texts[i] = b.Texts[i][:n]
	}
	offsets := b.Offsets
	b.Record = func(row int) any {
		at, _ := slices.BinarySearchFunc(from, offsets[row], func(r *kgo.Record, offset int64) int { return cmp.Compare(r.Offset, offset) })
		return kept(from[at])
	}
	p.used += n
	p.arena = b.Arena
}
