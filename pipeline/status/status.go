// Package status holds what a process tells of its pipelines while they run: plain
// data, which pipeline/kafka gathers and the dashboard reads. Neither knows the other.
//
// A Pipeline is a snapshot. Whoever has one may keep it: its slices and maps are
// never changed, but replaced by those of the next.
package status

import (
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

// Pipeline is how a pipeline stands in this process. Counts are since the process
// began.
type Pipeline struct {
	Name   string
	State  State
	Since  time.Time // when the state began
	Work   Work
	Begun  time.Time // when the work began: each step anew, if it is Step
	Error  string    // what ended the pipeline, or its last session; "" for none
	Failed time.Time // when that was

	Worker   pipeline.Status     // at the end of a step, a second ago at most while steps are made
	Told     time.Time           // when that was; its own times are of the session's clock
	Progress map[string]Progress // by shard, those that have been here
	Logs     map[pipeline.Partition]Log

	Counts  map[pipeline.Partition]pipeline.Counts // what became of the offsets
	Offsets map[pipeline.Partition]int64           // how far commits moved, each less the one before

	Results  int64 // written
	Letters  int64 // dead letters written
	Commits  Durations
	Aborted  int64 // transactions that came to nothing, to be tried again
	InDoubt  int64 // transactions whose outcome the client could not tell
	Ended    [Causes]int64
	Synced   int64         // assignments by the group's leader
	Replayed time.Duration // in which records were read again for open windows
	Unknown  int64         // times that a registry did not know a schema id

	Registries []Registry
}

// State is what a pipeline is at.
type State int

// The states of a pipeline.
const (
	Preparing  State = iota // topics, schemas and offsets are checked; topics and registries are waited for
	Joining                 // the group is joined, or partitions are taken up
	Reading                 // it has partitions
	StandingBy              // it has none: other members have them
	Superseded              // it has none: a newer version of the pipeline is at work
	Finished                // under --until-end
	Ended                   // it was told to, by a signal or its context
	Stopped                 // by an error that trying again does not mend
	States
)

func (s State) String() string {
	return [States]string{"preparing", "joining", "reading", "standing_by", "superseded", "finished", "ended", "stopped"}[s]
}

// Work is what the goroutine of a worker does.
type Work int

// The works of a worker.
const (
	Elsewhere  Work = iota // there is no worker
	Step                   // it polls and applies
	Committing             // results are encoded and written, or what is committed is asked for: registries and brokers are waited for
	Ending                 // a transaction's end is waited for, which has a limit of its own
)

// Cause is why a session ended before its work was done.
type Cause int

// The causes.
const (
	Other     Cause = iota
	Fenced          // another producer has the transactional id
	Forgotten       // the group had given the member up
	Torn            // a shard was torn between members
	Doubtful        // what became of a transaction could not be told
	Halted          // by what stopped the pipeline
	Brokers         // brokers did not answer, or not as hoped
	Causes
)

func (c Cause) String() string {
	return [Causes]string{"other", "fenced", "forgotten", "torn", "in_doubt", "stopped", "brokers"}[c]
}

// Log is what fetches tell of a partition's log: as of the last one that brought
// records.
type Log struct {
	Start int64 // the oldest offset kept
	End   int64 // the last stable offset
}

// Registry is how a registry stands that the pipeline uses.
type Registry struct {
	Name   string
	Errors int64     // times that it did not answer
	Silent time.Time // since when somebody waits for it; zero: nobody does
}

// Clock is what the worker's clock shows at a time.
func (p *Pipeline) Clock(now time.Time) int64 { return p.Worker.Now + int64(now.Sub(p.Told)) }

// bounds are those of the buckets of Durations, seconds.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// Durations count how long something took, by buckets.
type Durations struct {
	Count uint64
	Sum   time.Duration
	In    [len(bounds) + 1]uint64 // the last one has no bound
}

// Add counts one more.
func (d *Durations) Add(took time.Duration) {
	i := 0
	for i < len(bounds) && took.Seconds() > bounds[i] {
		i++
	}
	d.Count++
	d.Sum += took
	d.In[i]++
}

// Cumulated gives how many took at most so long, by seconds.
func (d *Durations) Cumulated() map[float64]uint64 {
	sums, sum := make(map[float64]uint64, len(bounds)), uint64(0)
	for i, bound := range bounds {
		sum += d.In[i]
		sums[bound] = sum
	}
	return sums
}
