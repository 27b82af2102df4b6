package kafka

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// publishEvery is how old the state of a worker may be, while it makes steps.
const publishEvery = time.Second

// watch gathers what is told of one pipeline. Methods of nil do nothing.
type watch struct {
	mu         sync.Mutex
	is         status.Pipeline
	registries []*registry
	logs       map[pipeline.Partition]status.Log
	superseded bool // a newer version of the pipeline is at work

	// What follows is of the worker's goroutine alone.
	at    map[pipeline.Partition]int64 // the commit of a partition that is here
	moved map[pipeline.Partition]int64 // how far commits did, that the worker's counts know of
	told  time.Time
	again bool // records were read again when last told
}

func (w *watch) snapshot() status.Pipeline {
	w.mu.Lock()
	defer w.mu.Unlock()
	is := w.is
	is.Logs = maps.Clone(w.logs)
	for _, r := range w.registries {
		is.Registries = append(is.Registries, r.outage.status(r.name))
	}
	return is
}

// update changes what is told.
func (w *watch) update(change func(is *status.Pipeline)) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.is)
}

// uses tells which registries the pipeline has.
func (w *watch) uses(registries ...*registry) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range registries {
		if !slices.Contains(w.registries, r) {
			w.registries = append(w.registries, r)
		}
	}
}

// becomes changes the state.
func (w *watch) becomes(state status.State) {
	w.update(func(is *status.Pipeline) {
		if is.State != state {
			is.State, is.Since = state, time.Now()
		}
	})
}

// works tells what the worker's goroutine is at, from now on.
func (w *watch) works(at status.Work) {
	if w == nil {
		return
	}
	now := time.Now()
	w.update(func(is *status.Pipeline) { is.Work, is.Begun = at, now })
}

// joins begins a session, which has no state yet.
func (w *watch) joins() {
	w.becomes(status.Joining)
	if w != nil {
		w.at, w.told, w.again = map[pipeline.Partition]int64{}, time.Time{}, false
	}
}

// stepped takes the state of a worker over, once a second.
func (w *watch) stepped(worker *pipeline.Worker, before map[pipeline.Partition]pipeline.Counts) {
	if w == nil {
		return
	}
	w.works(status.Step)
	if time.Since(w.told) >= publishEvery {
		w.publish(worker.Status(), before, worker.Totals())
	}
}

// publish takes over where a worker stands, and what became of the offsets in its
// session and those before.
func (w *watch) publish(s pipeline.Status, before, totals map[pipeline.Partition]pipeline.Counts) {
	now := time.Now()
	counts, moved := maps.Clone(before), maps.Clone(w.moved)
	for id, c := range totals {
		sum := counts[id]
		sum.Add(c)
		counts[id] = sum
	}
	again := slices.ContainsFunc(s.Shards, func(s pipeline.ShardStatus) bool { return s.Replaying })
	w.becomes(w.stateOf(&s))
	w.update(func(is *status.Pipeline) {
		is.Progress = status.Follow(is.Progress, s, w.logs)
		is.Worker, is.Told, is.Counts, is.Offsets = s, now, counts, moved
		if w.again {
			is.Replayed += now.Sub(w.told)
		}
	})
	w.told, w.again = now, again
}

// stateOf is the state of a pipeline that has a session.
func (w *watch) stateOf(s *pipeline.Status) status.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !s.Joined:
		return status.Joining
	case len(s.Shards) > 0:
		return status.Reading
	case w.superseded:
		return status.Superseded
	}
	return status.StandingBy
}

// supersedes tells whether a newer version of the pipeline is at work.
func (w *watch) supersedes(is bool) {
	w.update(func(*status.Pipeline) { w.superseded = is })
}

// ended tells that a session did, and why; nil where its work was done.
func (w *watch) ended(worker *pipeline.Worker, before map[pipeline.Partition]pipeline.Counts, err error) {
	if w == nil {
		return
	}
	w.publish(worker.Status(), before, worker.Totals())
	w.update(func(is *status.Pipeline) {
		is.Work = status.Elsewhere
		clear(w.logs)
	})
	if err != nil {
		w.failed(err)
	}
}

// failed tells what ended a session, or kept it from beginning. There will be
// another one, unless trying again does not help.
func (w *watch) failed(err error) {
	if errors.Is(err, context.Canceled) {
		return // we were told to stop
	}
	if !errors.As(err, new(*pipeline.Stop)) {
		w.becomes(status.Joining)
	}
	w.update(func(is *status.Pipeline) {
		is.Ended[causeOf(err)]++
		is.Error, is.Failed = err.Error(), time.Now()
		is.Worker = pipeline.Status{Now: is.Worker.Now}
	})
}

// stopped tells that the pipeline has ended; nil where its work was done, or it was
// told to end.
func (w *watch) stopped(err error, told bool) {
	switch {
	case err == nil && told:
		w.becomes(status.Ended)
		return
	case err == nil:
		w.becomes(status.Finished)
		return
	}
	w.becomes(status.Stopped)
	w.update(func(is *status.Pipeline) { is.Error, is.Failed = err.Error(), time.Now() })
}

// follow notes where assigned partitions are committed.
func (w *watch) follow(e pipeline.Event) {
	if w == nil {
		return
	}
	switch e := e.(type) {
	case pipeline.Synced:
		w.update(func(is *status.Pipeline) { is.Synced++ })
	case pipeline.Assigned:
		for _, pos := range e.Positions {
			w.at[pos.Partition] = pos.Offset
		}
	}
}

// committed tells what became of a commit that began at a time. How far it moved is
// found by what was committed before, and not by what the worker counts: the two
// are held against each other.
func (w *watch) committed(c *pipeline.Commit, began time.Time, committed bool) {
	if w == nil {
		return
	}
	if committed {
		for _, o := range c.Offsets {
			w.moved[o.Partition] += o.At - w.at[o.Partition]
			w.at[o.Partition] = o.At
		}
	}
	took := time.Since(began)
	w.update(func(is *status.Pipeline) {
		if !committed {
			is.Aborted++
			return
		}
		is.Commits.Add(took)
		is.Results += int64(len(c.Results))
		is.Letters += int64(len(c.DeadLetters))
	})
}

// doubts tells that the client could not tell what became of a transaction.
func (w *watch) doubts() {
	w.update(func(is *status.Pipeline) { is.InDoubt++ })
}

// unknown tells that a registry does not know a schema id.
func (w *watch) unknown() {
	w.update(func(is *status.Pipeline) { is.Unknown++ })
}

// fetched notes what a fetch told of a partition's log.
func (w *watch) fetched(id pipeline.Partition, log status.Log) {
	w.update(func(*status.Pipeline) { w.logs[id] = log })
}
