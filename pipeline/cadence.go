package pipeline

// This file says when a commit is due.

const (
	gather        = int64(200e6) // ns; results wait this long for others
	backlog       = int64(30e9)  // they are of a backlog where C, which is behind by grace and maybe idle, is as far behind as that and this
	gatherResults = 10_000       // about what one commit takes; a quarter of it is worth one (Plan.urgent)
	mostMore      = 8            // times as much, or as long (Worker.more)
)

// The interval of commits that nothing urges, ns: of offsets alone, and of a
// backlog's results. It begins when a commit has ended, and is ten times as long as
// the last one took that wrote something, within bounds. That does not show how long
// Kafka goes on with it in the background: where sinks are many, the least is more.
const (
	leastInterval = int64(1e9) // of up to fifteen sinks (Worker.more)
	mostInterval  = int64(10e9)
	intervalShare = 10
)

// rest begins the interval up to the next commit, as the first time that is known
// after the last one tells: the poll in between counts as part of it.
func (w *Worker) rest() {
	if w.began == None {
		return
	}
	if w.wrote {
		w.interval = min(max(intervalShare*(w.now-w.began), leastInterval), mostInterval)
	}
	w.last, w.began = w.now, None
}

// isDue tells whether it is time for a transaction. One that would have to wait for
// the one before it is put off: reading goes on, and what waits is no sooner there by
// waiting for it. What presses comes all the same: a beginning that is not committed,
// bounds that are reached, the end under --until-end.
func (w *Worker) isDue() bool {
	waiting := w.due.results + w.due.letters
	switch {
	case waiting == 0:
		w.waiting = None
	case w.waiting == None:
		w.waiting = w.now
	}
	if w.due.fresh || w.urged() || w.heavy() || w.Read() {
		return true
	}
	return !w.busy && (w.last == None || w.now-w.last >= w.rests() || w.waiting != None && w.now-w.waiting >= w.patience())
}

// urged tells that so much waits that a commit is worth while, or that it takes the
// room of what is open: a quarter of the bound of cells, or several times as much, but
// less than what partitions are paused at.
func (w *Worker) urged() bool {
	d, more := &w.due, int(w.more())
	return d.results+d.letters >= min(w.plan.urgent()*more, w.plan.gather) || d.cells > 0 && d.cells >= min(w.plan.cells/4*more, w.plan.cells)
}

// more is how many times as much is worth a commit, or as long: what one costs goes
// by the sinks it writes to. It is twice that while the one before is not complete.
func (w *Worker) more() int64 {
	more := max(int64(w.due.shards/8), 1)
	if w.busy {
		more *= 2
	}
	return min(more, mostMore)
}

// rests is the interval, which is not less than it may be for so many sinks.
func (w *Worker) rests() int64 {
	return max(w.interval, leastInterval*w.more())
}

// heavy tells that exact quantiles keep a twenty-fourth of max_samples for the windows
// that wait, or twice that while a commit would have to wait: as far as an even share
// of it tells, or, where open windows are overfull, by what came since the last commit,
// as shares may be most uneven. What was held already is not let go of by another one.
func (w *Worker) heavy() bool {
	cs, share := w.cells, w.plan.maxSamples/24
	if w.busy {
		share *= 2
	}
	switch {
	case cs.samples == 0 || w.due.results == 0:
		return false
	case float64(cs.samples)*float64(w.due.cells) >= float64(cs.held)*float64(share):
		return true
	}
	return cs.overfull() && (cs.samples-w.values >= share || cs.full())
}

// patience is how long results wait for others: nobody waits for those of a backlog,
// and a commit takes the time of a thousand records and more. Dead letters
// wait as long as results would that their shard's windows had now: where C is far
// behind the clock, or there is none yet, they may be a flood.
func (w *Worker) patience() int64 {
	if float64(w.now)-float64(w.due.newest) < float64(backlog)+float64(w.plan.grace)+float64(w.plan.idle) {
		return gather
	}
	return w.rests()
}
