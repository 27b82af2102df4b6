package kafka

import "github.com/aggrun/aggrun/pipeline"

// This file says which partitions are read, from where, and by which reader.

// lease is a partition that is read: from when the worker takes it up until it is
// lost. Its number tells it from earlier ones of the same partition, of which records
// may still be on their way.
type lease struct {
	reader *reader
	number int64
}

// place is where the assignment of a partition begins.
type place struct {
	offset int64
	ahead  int64 // how many records there were to read, as its end was found
}

// backlog is how many records to read are worth a reader more.
const backlog = 50_000

// resume has partitions read: those that were paused from where they were, others
// from the beginning of their assignment.
func (s *session) resume(ids []pipeline.Partition) {
	most, changes := 1, map[*reader][]change{}
	if len(ids) > 0 && s.behind() >= backlog {
		most = maxReaders
	}
	for _, id := range ids {
		if l, ok := s.leases[id]; ok {
			changes[l.reader] = append(changes[l.reader], change{kind: resumeReading, id: id})
			continue
		}
		r := s.idlest(most)
		s.number++
		s.leases[id] = lease{r, s.number}
		r.count++
		changes[r] = append(changes[r], change{beginReading, id, s.number, s.places[id].offset})
	}
	for r, c := range changes {
		r.tell(c...)
	}
}

// idlest is the reader that has the fewest partitions; one is made where each has some
// and there are fewer than most. A second one is for a backlog, and not for what keeps
// up: a client costs connections and memory, hundreds of pipelines are mostly idle, and
// one reader is fast.
func (s *session) idlest(most int) *reader {
	var least *reader
	for _, r := range s.readers {
		if least == nil || r.count < least.count {
			least = r
		}
	}
	if least != nil && (least.count == 0 || len(s.readers) >= most) {
		return least
	}
	return s.newReader()
}

// behind is how many records there were to read of what is assigned.
func (s *session) behind() (all int64) {
	for _, at := range s.places {
		all += at.ahead
	}
	return all
}

// follow has nothing more read of what is lost, and notes where to begin with what
// is assigned.
func (s *session) follow(e pipeline.Event) {
	switch e := e.(type) {
	case pipeline.Joining:
		s.keep(e.Owned)
	case pipeline.Synced:
		s.keep(e.Owned)
	case pipeline.Lost:
		for _, id := range e.Partitions {
			s.lose(id)
		}
	case pipeline.Assigned:
		for _, pos := range e.Positions {
			s.lose(pos.Partition)
			s.places[pos.Partition] = place{pos.Checkpoint.Replay, pos.End.Stable - pos.Checkpoint.Replay}
		}
	}
}

func (s *session) keep(owned []pipeline.Partition) {
	kept := make(map[pipeline.Partition]bool, len(owned))
	for _, id := range owned {
		kept[id] = true
	}
	for id := range s.places {
		if !kept[id] {
			s.lose(id)
		}
	}
}

func (s *session) lose(id pipeline.Partition) {
	delete(s.places, id)
	if l, ok := s.leases[id]; ok {
		delete(s.leases, id)
		l.reader.count--
		l.reader.tell(change{kind: endReading, id: id})
	}
}

// leased are the batches of a piece whose partitions are still read under the same
// lease: the others were lost after they were polled, and what was applied of them
// is forgotten.
func (s *session) leased(p *piece) []pipeline.Batch {
	current := func(i int) bool { return s.leases[p.batches[i].Partition].number == p.leases[i] }
	for i := range p.batches {
		if !current(i) {
			var rest []pipeline.Batch // apart: the piece's own keep their memory
			for i := range p.batches {
				if current(i) {
					rest = append(rest, p.batches[i])
				}
			}
			return rest
		}
	}
	return p.batches
}
