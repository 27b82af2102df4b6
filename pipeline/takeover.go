package pipeline

import "strings"

// This file takes up what another version of the pipeline has committed, or what is
// left of one in its sinks. What that decided stays: C, and what became of each record
// below the committed offset. Every window that ends after C is this version's, whole:
// its records are read again, as after any restart, and have no other effect.

// Takeover says what is to be told of a position that goes on after what others did.
type Takeover struct {
	Changed []string // the aspects in which the version differs that committed it; none: nothing is committed, its sink tells
	Closed  int64    // C: windows that end after it are this version's, ns; None
	Lacking int64    // windows of the shard that end at or before it may lack records that retention removed, ns; None
}

// follow takes up a shard without a commit whose last result is of a window that ended
// in the ms after end: all of a window's are written by one commit, and those of later
// windows by none. Records of earlier ones, which come again, are skipped.
func (p *Plan) follow(ids []Partition, end int64, bounds map[Partition]Bounds, o Origin, log Log) ([]Position, error) {
	closed := max(end, p.pane(end+int64(1e6)-1))
	at, err := p.earliest(ids, p.undecided(closed), bounds, log)
	if err != nil {
		return nil, err
	}
	lacking, err := p.trimmed(ids, at, bounds, o, log)
	if err != nil {
		return nil, err
	}
	ps := p.fresh(ids, at, closed, closed)
	for i := range ps {
		ps[i].Takeover = &Takeover{Closed: closed, Lacking: None}
		if lacking > closed {
			ps[i].Takeover.Lacking = lacking
		}
	}
	return ps, nil
}

// mayTakeOver refuses the change after which it cannot be told which windows of a
// shard are decided.
func (p *Plan) mayTakeOver(other Fingerprint) error {
	if p.Fingerprint.effect(other) < onShards {
		return nil
	}
	return stopf("pipeline %s: the group's commits were made by another version of this pipeline, which differs in %s; "+
		"partitions would be grouped to other shards, some of whose windows are written and some not: "+
		"run the new version under another name or --group, with --start, or restore the old one",
		p.Spec.Name, strings.Join(p.Fingerprint.Changed(other), ", "))
}

// CheckTakeover refuses what Locate would of partitions that another version has
// committed, before this one joins the group: the newest has everything that the others
// let go of, and they are well. The error is a Stop where somebody has to decide.
func (p *Plan) CheckTakeover(ids []Partition, committed map[Partition]Committed, origin Origin, log Log) error {
	var others []Partition
	known := map[Partition]Committed{}
	for _, id := range ids {
		c, ok := committed[id]
		if !ok || c.Offset < 0 {
			continue
		}
		known[id] = c
		if k, err := DecodeCheckpoint(c.Metadata, c.Offset); err == nil && k.Fingerprint != p.Fingerprint {
			others = append(others, id)
		}
	}
	if len(others) == 0 {
		return nil
	}
	_, err := p.Locate(others, known, origin, log)
	return err
}

// takeOver makes positions that another version committed this one's. Where other
// records may be in its windows than in those of the other one, the offset from which
// that one would read again says nothing: the log is asked.
func (p *Plan) takeOver(positions []Position, closed map[string]int64, bounds map[Partition]Bounds, o Origin, log Log) error {
	again := map[string][]*Position{} // by shard
	for i := range positions {
		pos := &positions[i]
		before := pos.Checkpoint.Fingerprint
		if before == p.Fingerprint {
			continue
		}
		shard := p.Shard(pos.Partition)
		pos.Takeover = &Takeover{Changed: p.Fingerprint.Changed(before), Closed: closed[shard], Lacking: None}
		pos.Checkpoint.Fingerprint = p.Fingerprint
		switch p.Fingerprint.effect(before) {
		case onTimes:
			pos.Checkpoint.Largest = None // of other times
			fallthrough
		case onRecords:
			again[shard] = append(again[shard], pos)
		}
	}
	for _, shard := range sortedKeys(again) {
		if err := p.lookBack(again[shard], closed[shard], bounds, o, log); err != nil {
			return err
		}
	}
	return nil
}

// lookBack lets positions of one shard be read again from the first record that may
// be in a window which ends after C.
func (p *Plan) lookBack(positions []*Position, closed int64, bounds map[Partition]Bounds, o Origin, log Log) error {
	ids := make([]Partition, len(positions))
	for i, pos := range positions {
		ids[i] = pos.Partition
	}
	at := oldest(ids, bounds)
	if closed != None {
		var err error
		if at, err = p.earliest(ids, p.undecided(closed), bounds, log); err != nil {
			return err
		}
	}
	lacking, err := p.trimmed(ids, at, bounds, o, log)
	if err != nil {
		return err
	}
	for _, pos := range positions {
		pos.Checkpoint.from(min(at[pos.Partition], pos.Offset), p.timed(pos.Partition), bounds[pos.Partition].End.Asked)
		if lacking > closed {
			pos.Takeover.Lacking = lacking
		}
	}
	return nil
}

// earliest gives the offset before which no record has an event time at or after t.
// Where a field holds it, such a record has a timestamp that is no more than
// max_future before t, or it is refused.
func (p *Plan) earliest(ids []Partition, t int64, bounds map[Partition]Bounds, log Log) (map[Partition]int64, error) {
	at := map[Partition]int64{}
	for _, timed := range []bool{false, true} {
		since, of := t, []Partition(nil)
		for _, id := range ids {
			if p.timed(id) == timed {
				of = append(of, id)
			}
		}
		if len(of) == 0 {
			continue
		}
		if timed {
			since -= p.maxFuture + int64(1e6) // it is compared in ms
		}
		found, err := log.AtTime(of, max(since, 0))
		if err != nil {
			return nil, err
		}
		for _, id := range of {
			at[id] = max(min(found[id].Offset, bounds[id].End.High), bounds[id].Start)
		}
	}
	return at, nil
}

// from makes r the first offset that is read again. Of what was decided before r, as
// it was, nothing is kept: these records' times are compared with the oldest tick that
// is, or with the clock, and an id that the registry does not know was not known.
func (c *Checkpoint) from(r int64, timed bool, now int64) {
	if r < c.Replay {
		c.Forgotten = max(c.Forgotten, c.Replay-1)
	}
	c.Replay = r
	switch {
	case timed:
		c.Ticks = nil // they would be old ones for a version that needs them again
	case len(c.Ticks) == 0:
		c.Ticks = []Tick{{From: r, Minute: windows{minute, minute, 0}.ceil(now) / minute}}
	default:
		c.Ticks[0].From = min(c.Ticks[0].From, r)
	}
}
