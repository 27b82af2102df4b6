package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// judge watches what becomes visible: it goes through every committed
// transaction as it is committed, and says from the logs alone what had to be in
// it. What an offset becomes follows from the transaction that passes it: late
// is what the shard's C before that transaction covered.
type judge struct {
	w          *world
	s          *script // by whose spec it judges
	prints     [2]string
	ledgers    []*ledger
	results    int
	violations []string
}

// ledger is one shard.
type ledger struct {
	script  *script // whose spec made the last commit
	sink    string
	only    *pipeline.Partition // where each partition is a shard
	books   []*book
	closed  int64 // C
	covered int64 // every record of an event time before it is in a window that is decided, if it is in any
	skipped int64 // windows up to here lack records from before the start
	at      int64 // time of the last commit
	left    int64 // how long before that it may have been decided what it left over: since the commit before, at the earliest; 0: nothing
	idled   bool  // the last C stood on silence alone
	silent  int64 // the largest C that did
	windows []*window
	visible map[kept]bool               // windows and groups that were emitted
	tried   *script                     // whose spec is to take over
	seen    map[pipeline.Partition]bool // that were taken up for it
	follows bool                        // the group has lost the shard's offsets, and its sink says how far it had come
}

// book is one partition of a shard.
type book struct {
	*source
	index   int
	begun   bool
	done    int64
	largest int64
	refused []int64                   // offsets above the oldest that may be read again, refused by time, schema or group
	groups  map[int64]map[string]bool // that max_groups admitted, by the start of their pane
}

func newJudge(w *world) *judge {
	j := &judge{w: w, s: w.script}
	for _, src := range inOrder(w.script.sources) {
		l := j.ledger(src.id)
		l.books = append(l.books, &book{source: src, index: len(l.books), largest: none, groups: map[int64]map[string]bool{}})
	}
	return j
}

// inOrder sorts sources by topic and number: first and last go by it.
func inOrder(sources []*source) []*source {
	return slices.SortedFunc(slices.Values(sources), func(a, b *source) int {
		return cmp.Or(strings.Compare(a.id.Topic, b.id.Topic), cmp.Compare(a.id.ID, b.id.ID))
	})
}

// ledger is the one of a partition's shard.
func (j *judge) ledger(id pipeline.Partition) *ledger {
	sink := j.s.sink(id.Topic)
	apart := j.s.spec.Shard == spec.ShardPartition
	for _, l := range j.ledgers {
		if l.sink == sink && (!apart || *l.only == id) {
			return l
		}
	}
	l := &ledger{script: j.s, sink: sink, closed: none, covered: none, skipped: none, silent: none, visible: map[kept]bool{}}
	if apart {
		l.only = &id
	}
	j.ledgers = append(j.ledgers, l)
	return l
}

func (l *ledger) book(id pipeline.Partition) *book {
	for _, b := range l.books {
		if b.id == id {
			return b
		}
	}
	return nil
}

func (j *judge) violate(format string, args ...any) {
	if j.w.forgets != 0 {
		return // what was decided since depends on who had read the schema
	}
	if len(j.violations) < 5 {
		j.violations = append(j.violations, fmt.Sprintf("%s: ", j.w.clockTime(j.w.now))+fmt.Sprintf(format, args...))
		j.w.logf("VIOLATION %s", j.violations[len(j.violations)-1])
	}
}

// commit takes a transaction that was committed, and says what became of the
// offsets that it passed.
func (j *judge) commit(s *session, c *pipeline.Commit) map[pipeline.Partition]pipeline.Counts {
	counts := map[pipeline.Partition]pipeline.Counts{}
	letters := letterBox{letters: slices.Clone(c.DeadLetters)}
	if len(c.Offsets) == 0 {
		j.violate("a commit without offsets")
	}
	results := 0
	for _, l := range j.ledgers {
		e := j.shareOf(l, c)
		results += len(e.results)
		if len(e.offsets) == 0 {
			if len(e.results) > 0 {
				j.violate("%s: results without offsets", l.sink)
			}
			continue
		}
		j.enter(s, l, e, &letters, counts)
		if l.at, l.left = j.w.now, l.left+j.s.lag+j.w.now-l.at; j.s.language.results == 0 || len(c.Results) < j.s.language.results {
			l.left = 0
		}
	}
	if n := len(letters.letters); n > 0 {
		j.violate("%d dead letters that should not be: %v", n, letters.letters)
	}
	if results != len(c.Results) {
		j.violate("%d results of no shard, or of several", len(c.Results)-results)
	}
	j.results += len(c.Results)
	return counts
}

// share is what a transaction holds of one shard.
type share struct {
	offsets []pipeline.Offset
	results []pipeline.Result
}

func (j *judge) shareOf(l *ledger, c *pipeline.Commit) (p share) {
	for _, o := range c.Offsets {
		if l.book(o.Partition) != nil {
			p.offsets = append(p.offsets, o)
		}
	}
	for _, r := range c.Results {
		if r.Sink == l.sink && (l.only == nil || j.within(*l.only, r.Group)) {
			p.results = append(p.results, r)
		}
	}
	return p
}

// enter takes a transaction's share of one shard.
func (j *judge) enter(s *session, l *ledger, e share, letters *letterBox, counts map[pipeline.Partition]pipeline.Counts) {
	j.s = s.script
	before, begun := l.script, l.begun()
	closed := j.heads(s, l, e.offsets)
	l.script = s.script
	if begun && before != s.script {
		j.takeOver(s, l, before, e.offsets)
	}
	for _, o := range e.offsets {
		b := l.book(o.Partition)
		if o.At < b.done {
			j.violate("V5: %v: the committed offset went back from %d to %d", o.Partition, b.done, o.At)
			return
		}
		counts[o.Partition] = j.read(l, b, o.At, letters)
	}
	for _, o := range e.offsets {
		m, _ := readMetadata(o.Metadata, o.At)
		if b := l.book(o.Partition); m.largest != b.largest {
			j.violate("%v: largest event time %s, should be %s", o.Partition, j.w.clockTime(m.largest), j.w.clockTime(b.largest))
		}
	}
	j.checkClosed(s, l, closed)
	j.emit(l, e.results, closed)
	for _, o := range e.offsets {
		j.checkReplay(l, o)
	}
}

// heads reads C of a shard from a transaction's metadata. A shard that begins has
// the C that its start gives it.
func (j *judge) heads(s *session, l *ledger, offsets []pipeline.Offset) int64 {
	closed := none
	for i, o := range offsets {
		m, err := readMetadata(o.Metadata, o.At)
		if err != nil {
			j.violate("%v: metadata %q: %v", o.Partition, o.Metadata, err)
		}
		if i > 0 && m.closed != closed {
			j.violate("%v: C %s, of another partition of the shard %s", o.Partition, j.w.clockTime(m.closed), j.w.clockTime(closed))
		}
		closed = m.closed
		j.checkPrint(s, o.Partition, m.print)
		b := l.book(o.Partition)
		if !b.begun {
			pos := s.taken[o.Partition]
			b.begun, b.done = true, pos.Offset
			j.w.noteBirth(b.source)
			l.skipped = max(l.skipped, pos.Checkpoint.Skipped)
			l.closed = max(l.closed, pos.Checkpoint.Skipped)
			l.covered = max(l.covered, pos.Checkpoint.Skipped)
		}
	}
	if closed < l.closed {
		j.violate("V5: %s: C went back from %s to %s", l.sink, j.w.clockTime(l.closed), j.w.clockTime(closed))
	}
	return closed
}

// read goes through the offsets that a commit passes.
func (j *judge) read(l *ledger, b *book, to int64, letters *letterBox) (n pipeline.Counts) {
	if to > int64(len(b.entries)) {
		j.violate("%v: committed offset %d is beyond the log", b.id, to)
		return n
	}
	for ; b.done < to; b.done++ {
		j.offset(l, b, &b.entries[b.done], letters, &n)
	}
	return n
}

// offset decides what one offset is.
func (j *judge) offset(l *ledger, b *book, e *entry, letters *letterBox, n *pipeline.Counts) {
	o := b.done
	switch {
	case e.what == control || e.what == aborted:
		j.w.reached[controlRecord]++
		n.Other++
		return
	case e.what == garbage || j.refused(b, e, letters.refuses(b.id, o)):
		if e.what != garbage {
			b.refused = append(b.refused, o)
		}
		j.bad(b, o, letters, n)
		return
	}
	at := j.s.when(b.id.Topic, e)
	raised := at > b.largest
	b.largest = max(b.largest, at)
	end := j.s.pane(at) + j.size()
	switch {
	case !j.passes(b.id.Topic, e):
		j.noteFiltered(raised)
		n.Filtered++
	case end <= l.skipped:
		j.w.reached[skippedRecord]++
		n.Skipped++
	case end <= l.closed:
		if end > l.silent {
			j.w.tardy++
		}
		j.late(b, o, letters, n)
	default:
		j.aggregate(l, b, e, letters, n)
	}
}

func (j *judge) size() int64 { return int64(j.s.spec.Window.Size) }
