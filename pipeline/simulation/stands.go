package simulation

import "github.com/aggrun/aggrun/pipeline"

// stands holds what a worker says of where it stands against itself.
func (j *judge) stands(s *session, worker *pipeline.Worker) {
	is, cells := worker.Status(), 0
	for i := range is.Shards {
		sh := &is.Shards[i]
		cells += sh.Cells
		replaying := false
		for k := range sh.Partitions {
			p := &sh.Partitions[k]
			replaying = replaying || p.Committed != pipeline.None && p.Applied < p.Committed
			done := p.Stop != pipeline.None && p.Applied >= p.Stop // by what came in spite of the pause
			if p.Replay > p.Applied || p.Idle && p.Paused && !done {
				j.violate("status: %s: %+v", s, *p)
			}
		}
		if replaying != sh.Replaying || sh.Decided > sh.Closed || len(sh.Partitions) > sh.Owned && sh.Torn == pipeline.None && is.Joined {
			j.violate("status: %s: %+v", s, *sh)
		}
	}
	if cells != is.Cells || cells != worker.Held() {
		j.violate("status: %s: %d cells, should be %d", s, cells, worker.Held())
	}
}
