package pipeline

// Reached tells, under --until-end, that the group as a whole has committed what
// was there at the start, and the windows that this closes: a commit that had too
// many results leaves some over, which offsets do not show. A worker that has nothing
// left to do may still be needed: what another lets go of, or leaves because it looked
// at the ends earlier, comes to it. Where a commit is beyond the end, its shard is with
// a member that reads on, maybe for ever, and whose windows never are all decided.
func (p *Plan) Reached(o Origin, committed map[Partition]Committed, closeOpen bool) bool {
	type end struct {
		closed, largest int64
		open, beyond    bool
	}
	shards := map[string]end{}
	for id, stop := range o.Stops {
		c, ok := committed[id]
		if !ok || c.Offset < stop {
			return false
		}
		k, err := DecodeCheckpoint(c.Metadata, c.Offset)
		if err != nil || k.Fingerprint != p.Fingerprint {
			continue // of another version or another program: whoever owns the shard takes it over
		}
		shard := p.Shard(id)
		e, ok := shards[shard]
		if !ok {
			e = end{closed: None, largest: None}
		}
		shards[shard] = end{
			closed: max(e.closed, k.Closed), largest: max(e.largest, k.Largest),
			open: e.open || k.Replay < c.Offset, beyond: e.beyond || c.Offset > stop,
		}
	}
	for _, e := range shards {
		if e.beyond {
			continue
		}
		if closeOpen && e.open {
			return false
		}
		if e.largest != None && e.closed < p.pane(e.largest-p.grace) {
			return false
		}
	}
	return true
}
