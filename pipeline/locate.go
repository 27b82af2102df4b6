package pipeline

import (
	"maps"
	"slices"

	"github.com/aggrun/aggrun/spec"
)

// Position is where a partition is taken up.
type Position struct {
	Partition
	Offset     int64 // committed, or where a fresh partition begins
	Committed  bool  // the group has a commit for it
	Metadata   string
	Epoch      int32
	Checkpoint Checkpoint // Replay is where reading starts
	End        End        // as it was found
	Stop       int64      // under --until-end: the end at the start; else None
	Takeover   *Takeover  // it goes on after what another version of the pipeline committed, or is written; else nil
}

// Committed is what the group keeps for a partition; Offset is -1 for nothing.
type Committed struct {
	Offset   int64
	Epoch    int32
	Metadata string
}

// Bounds are the ends of a partition's log.
type Bounds struct {
	Start int64 // the oldest offset kept
	End   End
}

// Log answers where the records of source partitions lie.
type Log interface {
	Bounds(ps []Partition) (map[Partition]Bounds, error)
	// AtTime gives the first offset whose record's time is at or after t (ns),
	// and that time; the end and None where there is none.
	AtTime(ps []Partition, t int64) (map[Partition]TimedOffset, error)
	// Newest gives the largest time of each partition's records, None of one
	// without.
	Newest(ps []Partition) (map[Partition]int64, error)
}

// TimedOffset is an offset and the time of its record, ns.
type TimedOffset struct{ Offset, Time int64 }

// Origin is where a partition without a commit begins.
type Origin struct {
	Start         spec.Start
	Now           int64              // when the process started, ns
	Present       map[Partition]bool // nil: the group has commits, so what has none is new
	AcceptOffsets bool               // take commits that are not aggrun's
	Written       map[string]int64   // by sink, the end of the last window in it, ns: C of a shard without commits, which goes on after it
	Stops         map[Partition]int64
	UntilEnd      bool
}

// Counts are the partitions of each topic of the source that the group has
// commits of.
func (p *Plan) Counts(committed map[Partition]Committed, writers []*Plan) map[string]int32 {
	counts := map[string]int32{}
	for id, c := range committed {
		if c.Offset >= 0 && p.Matches(id.Topic, writers) {
			counts[id.Topic] = max(counts[id.Topic], id.ID+1)
		}
	}
	return counts
}

// Locate gives the positions of the asked partitions from what the group keeps
// for all partitions of their shards. The error is a Stop where somebody has to
// decide.
func (p *Plan) Locate(asked []Partition, committed map[Partition]Committed, origin Origin, log Log) ([]Position, error) {
	closed, err := p.closedThrough(committed, origin.AcceptOffsets)
	if err != nil {
		return nil, err
	}
	bounds, err := log.Bounds(asked)
	if err != nil {
		return nil, err
	}
	positions, fresh, err := p.resumed(asked, committed, bounds, origin.AcceptOffsets)
	if err != nil {
		return nil, err
	}
	if err := p.takeOver(positions, closed, bounds, origin, log); err != nil {
		return nil, err
	}
	if err := p.checkReplay(positions); err != nil {
		return nil, err
	}
	for _, shard := range sortedKeys(fresh) {
		ps, err := p.uncommitted(shard, fresh[shard], closed, bounds, origin, log)
		if err != nil {
			return nil, err
		}
		positions = append(positions, ps...)
	}
	for i := range positions {
		pos := &positions[i]
		pos.End, pos.Stop = bounds[pos.Partition].End, origin.stop(pos)
	}
	return positions, nil
}

// uncommitted gives the positions of a shard's partitions without a commit. What the
// others have committed counts before what the sink has, and that before the start.
func (p *Plan) uncommitted(shard string, ids []Partition, closed map[string]int64, bounds map[Partition]Bounds, o Origin, log Log) ([]Position, error) {
	c, joins := closed[shard]
	if joins {
		return p.join(ids, c, bounds, log)
	}
	if end, written := o.Written[p.Sink(ids[0].Topic)]; written {
		return p.follow(ids, end, bounds, o, log)
	}
	return p.begin(ids, bounds, o, log)
}

// stop is where a partition ends under --until-end; one that was not there at the
// start has nothing to be read.
func (o Origin) stop(pos *Position) int64 {
	if !o.UntilEnd {
		return None
	}
	if at, ok := o.Stops[pos.Partition]; ok {
		return max(at, pos.Offset)
	}
	return pos.Offset
}

// resumed takes up the partitions that the group has committed, and lists the
// others by shard.
func (p *Plan) resumed(asked []Partition, committed map[Partition]Committed, bounds map[Partition]Bounds, accept bool) (positions []Position, fresh map[string][]Partition, err error) {
	fresh = map[string][]Partition{}
	for _, id := range asked {
		shard := p.Shard(id)
		c, ok := committed[id]
		if !ok || c.Offset < 0 {
			fresh[shard] = append(fresh[shard], id)
			continue
		}
		pos, err := p.resume(id, c, bounds[id], accept)
		if err != nil {
			return nil, nil, err
		}
		positions = append(positions, pos)
	}
	return positions, fresh, nil
}

// checkReplay refuses a shard of which too much would have to be read again.
func (p *Plan) checkReplay(positions []Position) error {
	again := map[string]int64{}
	for _, pos := range positions {
		shard := p.Shard(pos.Partition)
		if again[shard] += pos.Offset - pos.Checkpoint.Replay; again[shard] > p.Spec.MaxReplay {
			return stopf("shard %s: %d records would have to be read again, more than max_replay (%d); raise max_replay, or use a smaller window",
				shard, again[shard], p.Spec.MaxReplay)
		}
	}
	return nil
}

// closedThrough is C of each shard: the largest of its partitions' commits.
func (p *Plan) closedThrough(committed map[Partition]Committed, accept bool) (map[string]int64, error) {
	closed := map[string]int64{}
	for id, c := range committed {
		if c.Offset < 0 {
			continue
		}
		k, err := p.checkpoint(id, c, accept)
		if err != nil {
			return nil, err
		}
		shard := p.Shard(id)
		if at, ok := closed[shard]; !ok || k.Closed > at {
			closed[shard] = k.Closed
		}
	}
	return closed, nil
}

// checkpoint reads a commit's metadata and refuses what is not this pipeline's.
func (p *Plan) checkpoint(id Partition, c Committed, accept bool) (Checkpoint, error) {
	k, err := DecodeCheckpoint(c.Metadata, c.Offset)
	if err != nil {
		if !accept {
			return k, stopf("topic %s, partition %d: the group's offset %d was not committed by aggrun (metadata %.40q); "+
				"use another --group, or --accept-offsets to go on from it", id.Topic, id.ID, c.Offset, c.Metadata)
		}
		return Checkpoint{Fingerprint: p.Fingerprint, Replay: c.Offset, Largest: None, Closed: None, Skipped: None, Forgotten: None}, nil
	}
	return k, p.mayTakeOver(k.Fingerprint)
}

// resume takes a partition up where a commit left it.
func (p *Plan) resume(id Partition, c Committed, b Bounds, accept bool) (Position, error) {
	k, err := p.checkpoint(id, c, accept)
	if err != nil {
		return Position{}, err
	}
	switch {
	case c.Offset > b.End.High:
		return Position{}, stopf("topic %s, partition %d: the log ends at %d, before the committed offset %d: it was truncated or made anew; "+
			"what was read is no longer there, use another --group to begin again", id.Topic, id.ID, b.End.High, c.Offset)
	case k.Replay < b.Start:
		return Position{}, lost(id, k.Replay, b.Start)
	}
	return Position{Partition: id, Offset: c.Offset, Committed: true, Metadata: c.Metadata, Epoch: c.Epoch, Checkpoint: k}, nil
}

// lost is the Stop of a partition whose next record retention has removed.
func lost(id Partition, needed, start int64) error {
	return stopf("topic %s, partition %d: retention has removed the records from offset %d, which open windows need, to %d; "+
		"raise the topic's retention, and use another --group, or --accept-offsets after setting the offset, to go on without them", id.Topic, id.ID, needed, start)
}

// join takes up partitions without a commit of a shard that has others with one.
// They begin with what its first undecided window needs, which is all of them while
// there is no C. Records of the others have been counted in open windows by then,
// so no window is skipped any more for what retention took of these.
func (p *Plan) join(ids []Partition, closed int64, bounds map[Partition]Bounds, log Log) ([]Position, error) {
	at := oldest(ids, bounds)
	if closed != None {
		var err error
		if at, err = p.from(ids, p.undecided(closed), bounds, log); err != nil {
			return nil, err
		}
	}
	return p.fresh(ids, at, closed, None), nil
}

// begin takes up a shard without a commit: at the start that the spec asks for, and
// with the first record what appeared since. C is the end of the last window that
// may lack records because of it.
func (p *Plan) begin(ids []Partition, bounds map[Partition]Bounds, o Origin, log Log) ([]Position, error) {
	var present, since []Partition
	for _, id := range ids {
		if o.Present[id] {
			present = append(present, id)
		} else {
			since = append(since, id)
		}
	}
	at, skipped, err := p.started(present, o.Start, bounds, o, log)
	if err != nil {
		return nil, err
	}
	first, cut, err := p.started(since, spec.Start{Kind: spec.StartEarliest}, bounds, o, log)
	if err != nil {
		return nil, err
	}
	maps.Copy(at, first)
	skipped = max(skipped, cut)
	return p.fresh(ids, at, skipped, skipped), nil
}

// fresh are the positions of partitions of which nothing is committed.
func (p *Plan) fresh(ids []Partition, at map[Partition]int64, closed, skipped int64) []Position {
	ps := make([]Position, len(ids))
	for i, id := range ids {
		ps[i] = Position{Partition: id, Offset: at[id], Epoch: -1, Checkpoint: Checkpoint{
			Fingerprint: p.Fingerprint, Replay: at[id],
			Largest: None, Closed: closed, Skipped: skipped, Forgotten: None,
		}}
	}
	return ps
}

// started gives where partitions begin at a start, and the end of the last
// window that may lack records because of it.
func (p *Plan) started(ids []Partition, start spec.Start, bounds map[Partition]Bounds, o Origin, log Log) (at map[Partition]int64, skipped int64, err error) {
	at, skipped = map[Partition]int64{}, None
	if len(ids) == 0 {
		return at, None, nil
	}
	switch start.Kind {
	case spec.StartLatest:
		return p.latest(ids, bounds, o, log)
	case spec.StartTime, spec.StartAgo:
		t := start.Time.UnixNano()
		if start.Kind == spec.StartAgo {
			t = o.Now - int64(start.Ago)
		}
		if at, err = p.from(ids, t, bounds, log); err != nil {
			return nil, None, err
		}
		skipped = p.lacking(t)
	default:
		at = oldest(ids, bounds)
	}
	trimmed, err := p.trimmed(ids, at, bounds, o, log)
	if err != nil {
		return nil, None, err
	}
	if whole(at) && !p.later(ids, start) {
		return at, None, nil
	}
	return at, max(skipped, trimmed), nil
}

// later tells that records from before the start are read, and left out: where a
// field holds event time, the broker cannot look the start up.
func (p *Plan) later(ids []Partition, start spec.Start) bool {
	return (start.Kind == spec.StartTime || start.Kind == spec.StartAgo) && slices.ContainsFunc(ids, p.timed)
}

// timed tells that a field holds the event time of a partition's records.
func (p *Plan) timed(id Partition) bool {
	i, ok := p.SourceOf(id.Topic)
	return ok && p.sources[i].spec.Time != nil
}

// reach is the largest event time that a record with timestamp t can have and not
// be refused.
func (p *Plan) reach(id Partition, t int64) int64 {
	if p.timed(id) {
		return t + p.maxFuture
	}
	return t
}

// oldest are the first offsets kept.
func oldest(ids []Partition, bounds map[Partition]Bounds) map[Partition]int64 {
	at := make(map[Partition]int64, len(ids))
	for _, id := range ids {
		at[id] = bounds[id].Start
	}
	return at
}

// whole tells that every partition is read from its very first record.
func whole(at map[Partition]int64) bool {
	for _, offset := range at {
		if offset > 0 {
			return false
		}
	}
	return true
}

// from gives the first offsets at or after a time, or the first of all where the
// broker does not know event time. The log may have grown since
// its bounds were read: what came later is not before t for that, so the answer
// is bounded by the end known then.
func (p *Plan) from(ids []Partition, t int64, bounds map[Partition]Bounds, log Log) (map[Partition]int64, error) {
	found, err := log.AtTime(ids, t)
	if err != nil {
		return nil, err
	}
	at := map[Partition]int64{}
	for _, id := range ids {
		at[id] = max(min(found[id].Offset, bounds[id].End.High), bounds[id].Start)
		if p.timed(id) {
			at[id] = bounds[id].Start
		}
	}
	return at, nil
}

// trimmed is the end of the last window that may lack records which retention
// removed before the oldest one kept, None where the logs are whole. An oldest one
// that is too far in the future will be refused, and must not have all that comes
// until then skipped.
func (p *Plan) trimmed(ids []Partition, at map[Partition]int64, bounds map[Partition]Bounds, o Origin, log Log) (int64, error) {
	var cut []Partition
	for _, id := range ids {
		if b := bounds[id]; b.Start > 0 && at[id] == b.Start {
			cut = append(cut, id)
		}
	}
	if len(cut) == 0 {
		return None, nil
	}
	first, err := log.AtTime(cut, 0)
	if err != nil {
		return None, err
	}
	end := int64(None)
	for id, f := range first {
		if f.Time != None {
			end = max(end, p.last(p.pane(p.reach(id, min(f.Time, o.Now+p.maxFuture)))))
		}
	}
	return end, nil
}

// latest begins at the ends: a window may lack records as long as it could hold
// a time that is there already.
func (p *Plan) latest(ids []Partition, bounds map[Partition]Bounds, o Origin, log Log) (map[Partition]int64, int64, error) {
	newest, err := log.Newest(ids)
	if err != nil {
		return nil, None, err
	}
	at, skipped := map[Partition]int64{}, int64(None)
	for _, id := range ids {
		at[id] = bounds[id].End.High
		if t := newest[id]; t != None {
			t = p.reach(id, min(t, o.Now+p.maxFuture))
			skipped = max(skipped, p.last(p.pane(t)))
		}
	}
	return at, skipped, nil
}
