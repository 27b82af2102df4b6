package pipeline

import (
	"errors"
	"slices"
)

// Client is the broker as a worker sees it, and the clock.
type Client interface {
	// Poll waits a moment for records of the partitions that were resumed. An
	// error ends the session.
	Poll(Request) (Fetch, error)
	// Commit runs one transaction: results, dead letters and offsets become
	// visible together, or none does. It is refused when the assignment changed
	// after the Fetch of c.Generation. false: aborted, try again. Refused: aborted,
	// and sinks refuse results for good. Any other error means that the outcome is
	// unknown: the session ends and its memory is forgotten.
	// The results are good until Commit returns: the next commit's take their place.
	Commit(c *Commit) (committed bool, err error)
}

// Request is what a worker asks of the next poll.
type Request struct {
	Resume []Partition // to be read from now on
	Pause  []Partition // not to be read any more
	Ends   []Partition // whose ends are to be asked for
}

// Fetch is what a poll brings. Events came before it and are taken first.
type Fetch struct {
	Now        int64 // ns; never goes back within a session
	Generation int64 // counts the changes of the assignment up to here
	Busy       bool  // a commit would have to wait until the one before it is complete, for seconds at most
	Events     []Event
	Ends       map[Partition]End
	Batches    []Batch
}

// Event is a change of what the worker owns.
type Event interface{ apply(w *Worker) }

// Joining tells what the member still owns as it joins again; the rest is lost.
type Joining struct{ Owned []Partition }

// Synced tells what the leader assigned, and how many partitions each topic of
// the group has.
type Synced struct {
	Owned  []Partition
	Counts map[string]int32
}

// Lost tells that partitions were taken away.
type Lost struct{ Partitions []Partition }

// Assigned brings partitions with the place to take them up, and the partitions
// of each topic that the group has commits of (Plan.Counts).
type Assigned struct {
	Positions []Position
	Counts    map[string]int32
}

// ErrTorn ends a session in which part of a shard is with another member for so
// long that no rebalance seems to mend it.
var ErrTorn = errors.New("a shard has been torn between members: joining again")

// ErrEarly ends a session in which records came before their partition was taken up:
// its client has mixed two assignments up.
var ErrEarly = errors.New("a partition was assigned again while it was read: joining again")

const tornLimit = int64(10e9) // ns

// Worker runs a plan's shards that one member of the group owns. It has one
// owner and starts nothing by itself: each Step is one round.
type Worker struct {
	plan      *Plan
	client    Client
	closeOpen bool

	tasks    map[string]*task // by shard
	order    []*task          // the same, by shard
	cells    *cells
	shards   map[Partition]string // of the partitions met
	counts   map[string]int32     // partitions of each topic, as the leader sees them
	kept     map[string]int32     // the same, of what the group has committed
	need     map[string]int       // partitions of each shard
	owned    map[string]int       // how many of them the leader assigned here
	lacking  bool                 // a shard that the leader assigned here has not been taken up
	due      due                  // of all shards together
	synced   bool
	now      int64
	gen      int64
	busy     bool  // as the last poll told, and from a commit on
	waiting  int64 // since when something waits for a commit; None
	last     int64 // when the last commit had ended, or was found to be of nothing
	began    int64 // when it was built, if its end is not known yet; None
	wrote    bool  // it had more than offsets
	interval int64
	asked    int64
	values   int64 // that exact quantiles kept after the last commit
	totals   map[Partition]Counts

	metadata []byte // of the commit that is being made
	lengths  []int  // of each offset's, or of those of the commit before
}

// NewWorker makes a worker that owns nothing yet. closeOpen emits the windows
// that are open when everything is read, under --until-end.
func NewWorker(plan *Plan, client Client, closeOpen bool) *Worker {
	return &Worker{
		plan: plan, client: client, closeOpen: closeOpen,
		tasks: map[string]*task{}, cells: newCells(plan),
		shards: map[Partition]string{}, totals: map[Partition]Counts{},
		now: None, waiting: None, last: None, began: None, interval: leastInterval, asked: None,
	}
}

// Step polls once, applies what came, closes windows and commits when something
// is due. An error ends the session; a Stop ends the pipeline.
func (w *Worker) Step() error {
	f, err := w.client.Poll(w.request())
	if err != nil {
		return err
	}
	w.now, w.gen, w.busy = f.Now, f.Generation, f.Busy
	w.rest()
	for _, e := range f.Events {
		e.apply(w)
	}
	if len(f.Events) > 0 {
		w.reassigned()
	}
	for id, end := range f.Ends {
		if t, p := w.find(id); p != nil {
			p.ends, t.touched = end, true
		}
	}
	if err := w.apply(f.Batches); err != nil {
		return err
	}
	if err := w.advance(); err != nil {
		return err
	}
	if err := w.checkStopped(); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return err
	}
	return w.checkSamples()
}

// request asks to read the shards that became whole, where silent partitions end,
// and not to read what is far ahead. Nothing is read before its beginning is
// committed: until then a partition that comes may move the C at which the shard
// begins, and a record that was counted in a window must not be skipped afterwards.
func (w *Worker) request() Request {
	var r Request
	ask := w.now != None && (w.asked == None || w.now-w.asked >= w.plan.askEvery())
	for _, t := range w.order {
		if t.stopped != nil {
			t.halt(&r)
			continue
		}
		if !t.reading || ask {
			t.request(w.now, ask, &r)
		}
		t.align(w.now, &r)
	}
	if len(r.Ends) > 0 {
		w.asked = w.now
	}
	return r
}

// request asks to read partitions, and for the ends of those that it may.
func (t *task) request(now int64, ask bool, r *Request) {
	t.reading = true
	for _, p := range t.parts {
		if t.known && !p.resumed && p.saved.offset != None {
			p.resumed = true
			r.Resume = append(r.Resume, p.id)
		}
		t.reading = t.reading && p.resumed
		if ask && t.asks(p, now) {
			r.Ends = append(r.Ends, p.id)
		}
	}
}

// shard names the shard of a partition.
func (w *Worker) shard(id Partition) string {
	shard, ok := w.shards[id]
	if !ok {
		shard = w.plan.Shard(id)
		w.shards[id] = shard
	}
	return shard
}

// find is a partition and its task; nil for one that is not here.
func (w *Worker) find(id Partition) (*task, *part) {
	if t := w.tasks[w.shard(id)]; t != nil {
		return t, t.part(id)
	}
	return nil, nil
}

// apply hands the batches to their shards. Records of a partition that is gone
// are dropped. Those of one that came with this poll are of an earlier
// assignment, or were read since because an old request resumed it: then the
// client is past records that were never applied, and only a new session reads
// them.
func (w *Worker) apply(batches []Batch) error {
	for i := range batches {
		b := &batches[i]
		t, p := w.find(b.Partition)
		if p == nil {
			continue
		}
		if !p.resumed {
			return ErrEarly
		}
		if p.stop != None && b.Next > p.stop {
			b.cut(p.stop)
		}
		t.touched = true
		if err := t.apply(p, b, w.now); err != nil {
			return err
		}
	}
	return nil
}

// cut drops what lies at or after an offset.
func (b *Batch) cut(stop int64) {
	n, _ := slices.BinarySearch(b.Offsets, stop)
	b.Offsets = b.Offsets[:n]
	for i := range b.Bad {
		if b.Bad[i].Offset >= stop {
			b.Bad = b.Bad[:i]
			break
		}
	}
	b.Next = min(b.Next, stop)
}

// advance closes windows of the shards that are whole. A torn one holds. Where
// nothing came, C stays where it is: time alone makes answers about ends too old to
// be believed, so that a partition has a say again, which moves C no further.
func (w *Worker) advance() error {
	for _, t := range w.order {
		if !t.touched {
			continue
		}
		if t.split() {
			t.due = t.dues()
			if t.torn == None {
				t.torn = w.now
			} else if w.now-t.torn > tornLimit {
				return ErrTorn
			}
			continue
		}
		t.torn = None
		if t.whole() {
			t.known = true
			t.advance(w.now, w.closeOpen)
		}
		t.touched = false
		t.due = t.dues()
	}
	w.sum()
	return nil
}

// Read tells, under --until-end, that everything present at the start was read
// and applied by this member, but for what is stopped.
func (w *Worker) Read() bool {
	return w.synced && !w.lacking && w.due.read
}

// Finished tells, under --until-end, that what was read is committed too.
func (w *Worker) Finished() bool {
	if !w.Read() {
		return false
	}
	return !slices.ContainsFunc(w.order, func(t *task) bool { return !t.finished() })
}

// Totals says what became of the offsets that this worker committed.
func (w *Worker) Totals() map[Partition]Counts { return w.totals }

// Held is how many cells open windows hold: groups of panes and partitions.
func (w *Worker) Held() int { return w.cells.held }
