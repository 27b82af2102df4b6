package pipeline

import "errors"

// This file makes commits: what one holds, and what is so once the broker has it.

// Commit is the content of one transaction.
type Commit struct {
	Generation  int64
	Results     []Result
	DeadLetters []DeadLetter
	Offsets     []Offset // at least one
}

// Offset is one partition's part of a commit.
type Offset struct {
	Partition Partition
	At        int64
	Epoch     int32
	Metadata  string
}

// outcome is what became of a transaction.
type outcome int

const (
	nothing  outcome = iota // there was nothing to commit
	aborted                 // the same may be tried again
	rejected                // the shards whose sinks refuse their results are stopped
	committed
)

// commit runs transactions as long as one is due because of the results that wait:
// they must not pile up from poll to poll. Where sinks refuse results, the other
// shards commit at once.
func (w *Worker) commit() error {
	for again := w.isDue(); again; {
		how, err := w.transact()
		if err != nil || how == aborted {
			return err
		}
		again = how == rejected || how == committed && (w.urged() || w.Read()) && w.due.results > 0 && w.isDue()
	}
	return w.retry()
}

// transact builds a transaction of all that is ready and takes its outcome.
func (w *Worker) transact() (outcome, error) {
	c, err := w.build(nil)
	if err != nil {
		return nothing, err
	}
	w.last = w.now
	if c == nil {
		return nothing, nil
	}
	how, err := w.run(c, true)
	if how == committed && err == nil {
		w.committed()
		w.waiting = None // what comes from now on waits anew
		w.began, w.wrote = w.now, len(c.Results)+len(c.DeadLetters) > 0
	}
	return how, err
}

// run has the client run a transaction. left tells that there is more to do than
// its shards have.
func (w *Worker) run(c *Commit, left bool) (outcome, error) {
	done, err := w.client.Commit(c)
	var r *Refused
	switch {
	case errors.As(err, &r):
		return rejected, w.refuse(r, left)
	case err != nil || !done:
		return aborted, err
	}
	w.busy = true // until a poll tells
	return committed, nil
}

// build fixes the content of a transaction, of one shard or of all that are ready;
// nil where nothing changed.
func (w *Worker) build(only *task) (*Commit, error) {
	c := &Commit{Generation: w.gen}
	w.cells.closer.begin()
	w.metadata = w.metadata[:0]
	for _, t := range w.order {
		if t.commits = t == only || only == nil && t.due.ready; !t.commits {
			continue
		}
		t.wrote = len(t.results(w.plan.gather-len(w.cells.closer.results))) > 0
		for _, p := range t.parts {
			c.DeadLetters = append(c.DeadLetters, p.dead...)
			if err := w.offset(c, t, p); err != nil {
				return nil, err
			}
		}
	}
	if len(c.Offsets) == 0 {
		return nil, nil
	}
	all := string(w.metadata)
	for i, n := range w.lengths {
		c.Offsets[i].Metadata, all = all[:n], all[n:]
	}
	c.Results = w.cells.closer.results
	return c, nil
}

// offset adds p's part to a commit, unless the broker has the same. The texts of
// all metadata are one, cut up in the end.
func (w *Worker) offset(c *Commit, t *task, p *part) error {
	if p.moves = !p.saved.own || p.saved.offset != p.applied || p.saved.closed != t.through; !p.moves {
		return nil
	}
	k := p.checkpoint(t.plan, t.through)
	from := len(w.metadata)
	w.metadata = k.appendTo(w.metadata, p.applied)
	metadata := w.metadata[from:]
	if len(metadata) > maxMetadata {
		return stopf("topic %s, partition %d: the commit's metadata would have %d bytes, more than %d: %d ticks of max_future; "+
			"the partition has not let its windows close for too long: find what holds them, or use a smaller window",
			p.id.Topic, p.id.ID, len(metadata), maxMetadata, len(p.ticks))
	}
	if p.moves = p.saved.own || p.saved.offset != p.applied || p.saved.metadata != string(metadata); !p.moves {
		w.metadata = w.metadata[:from]
		return nil
	}
	if c.Offsets == nil {
		c.Offsets, w.lengths = make([]Offset, 0, max(len(w.lengths), 1)), w.lengths[:0]
	}
	c.Offsets = append(c.Offsets, Offset{Partition: p.id, At: p.applied, Epoch: p.epoch})
	w.lengths = append(w.lengths, len(metadata))
	return nil
}

// committed takes over what the broker now has.
func (w *Worker) committed() {
	for _, t := range w.order {
		if !t.commits {
			continue
		}
		t.decide()
		for _, p := range t.parts {
			if p.moves {
				w.moved(t, p)
			}
		}
		t.due = t.dues()
	}
	w.values = w.cells.samples
	w.sum()
}

// moved takes over what the broker now has of one partition.
func (w *Worker) moved(t *task, p *part) {
	p.saved = saved{offset: p.applied, own: true, closed: t.saved}
	p.done, p.dead = p.applied, nil
	p.prune(p.needed(t.saved, t.plan.windows))
	total := w.totals[p.id]
	total.Add(p.pending)
	w.totals[p.id], p.pending = total, Counts{}
}
