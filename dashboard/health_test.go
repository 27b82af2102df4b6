package dashboard

import (
	"testing"
	"time"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// now is when the tests ask; the worker's state was told a second before.
var now = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// healthy is a pipeline that has joined and reads one shard of two partitions.
func healthy() status.Pipeline {
	told := ago(time.Second)
	at := told.UnixNano()
	partition := func(n int32) pipeline.PartitionStatus {
		return pipeline.PartitionStatus{
			Partition: pipeline.Partition{Topic: "dome", ID: n}, Committed: 100, Applied: 100, Replay: 90,
			Largest: at, Active: at, Stop: pipeline.None, End: pipeline.End{Stable: 100, High: 100, Asked: at},
		}
	}
	counts := pipeline.Counts{Aggregated: 90, Filtered: 4, Late: 3, Skipped: 1, Bad: 1, Other: 1, LatePartial: 2}
	p := status.Pipeline{
		Name: "p", State: status.Reading, Since: ago(time.Hour), Work: status.Step, Begun: told, Told: told,
		Worker: pipeline.Status{Now: at, Joined: true, Cells: 2, Samples: 7, Shards: []pipeline.ShardStatus{{
			Shard: "dome-out", Sink: "dome-out", Need: 2, Owned: 2, Torn: pipeline.None,
			Closed: at - 2e9, Decided: at - 2e9, Watermark: at - 1e9, Panes: 2, Cells: 2,
			Partitions: []pipeline.PartitionStatus{partition(0), partition(1)},
		}}},
		Counts:     map[pipeline.Partition]pipeline.Counts{{Topic: "dome"}: counts, {Topic: "dome", ID: 1}: counts},
		Offsets:    map[pipeline.Partition]int64{{Topic: "dome"}: 100, {Topic: "dome", ID: 1}: 100},
		Logs:       map[pipeline.Partition]status.Log{{Topic: "dome"}: {Start: 40, End: 100}},
		Results:    5,
		Letters:    4,
		Synced:     1,
		Registries: []status.Registry{{Name: "source"}, {Name: "sink"}},
	}
	p.Commits.Add(20 * time.Millisecond)
	p.Progress = status.Follow(nil, p.Worker, p.Logs)
	return p
}

// still makes the shard of p stand still for some time, with something to do.
func still(p *status.Pipeline, d time.Duration) {
	p.Worker.Shards[0].Partitions[1].End = pipeline.End{Stable: 130, High: 130}
	p.Worker.Shards[0].Results = 3
	p.Progress = map[string]status.Progress{"dome-out": {Busy: true, Since: ago(d).UnixNano(), Moved: ago(d).UnixNano()}}
}

var healths = map[string]struct {
	change func(p *status.Pipeline)
	ready  string // "" is ready
	live   string
}{
	"all is well":                {func(*status.Pipeline) {}, "", ""},
	"it stands by":               {func(p *status.Pipeline) { p.State, p.Worker.Shards = status.StandingBy, nil }, "", ""},
	"a newer version is at work": {func(p *status.Pipeline) { p.State, p.Worker.Shards = status.Superseded, nil }, "", ""},
	"it was told to end": {func(p *status.Pipeline) { p.State, p.Work = status.Ended, status.Elsewhere; still(p, time.Hour) },
		"pipeline p: it was told to end, since 2026-01-02T11:00:00Z", ""},
	"it has finished":                      {func(p *status.Pipeline) { p.State, p.Work = status.Finished, status.Elsewhere }, "", ""},
	"what open windows need is read again": {func(p *status.Pipeline) { p.Worker.Shards[0].Replaying = true }, "", ""},
	"it is being prepared": {func(p *status.Pipeline) { p.State, p.Work = status.Preparing, status.Elsewhere },
		"pipeline p: it is being prepared: topics, schemas and offsets are looked up, since 2026-01-02T11:00:00Z", ""},
	"it joins": {func(p *status.Pipeline) { p.State, p.Worker.Shards = status.Joining, nil },
		"pipeline p: it has not joined its group, or not taken up what it was assigned, since 2026-01-02T11:00:00Z", ""},
	"it joins again": {func(p *status.Pipeline) {
		p.State, p.Worker.Shards, p.Error = status.Joining, nil, "the broker\nhas gone"
	},
		"pipeline p: it has not joined its group, or not taken up what it was assigned; the last session ended by: the broker ..., since 2026-01-02T11:00:00Z", ""},
	"it has stopped": {func(p *status.Pipeline) { p.State, p.Error, p.Work = status.Stopped, "no permission", status.Elsewhere },
		"pipeline p: stopped: no permission, since 2026-01-02T11:00:00Z", ""},
	"its worker makes no step": {func(p *status.Pipeline) { p.Begun = ago(2 * time.Minute) },
		"pipeline p: its worker makes no step, since 2026-01-02T11:58:00Z",
		"pipeline p: its worker makes no step, since 2026-01-02T11:58:00Z"},
	"a commit takes its time": {func(p *status.Pipeline) { p.Work, p.Begun = status.Committing, ago(50*time.Second) }, "", ""},
	"a commit waits for a registry": {func(p *status.Pipeline) { p.Work, p.Begun = status.Committing, ago(20*time.Minute) },
		"pipeline p: a commit, or the question what is committed, does not come to an end: brokers or the sink registry do not answer, since 2026-01-02T11:40:00Z", ""},
	"a transaction's end is waited for": {func(p *status.Pipeline) { p.Work, p.Begun = status.Ending, ago(4*time.Minute) },
		"pipeline p: a commit, or the question what is committed, does not come to an end: brokers or the sink registry do not answer, since 2026-01-02T11:56:00Z", ""},
	"a transaction does not end": {func(p *status.Pipeline) { p.Work, p.Begun = status.Ending, ago(7*time.Minute) },
		"pipeline p: a commit, or the question what is committed, does not come to an end: brokers or the sink registry do not answer, since 2026-01-02T11:53:00Z",
		"pipeline p: a transaction does not end, since 2026-01-02T11:53:00Z"},
	"a registry does not answer": {func(p *status.Pipeline) { p.Registries[0].Silent = ago(3 * time.Second) },
		"pipeline p: the source registry does not answer, and is waited for, since 2026-01-02T11:59:57Z", ""},
	"a shard is torn": {func(p *status.Pipeline) {
		p.Worker.Shards[0].Owned, p.Worker.Shards[0].Torn = 1, ago(4*time.Second).UnixNano()
	},
		`pipeline p, shard "dome-out": torn: 1 of its 2 partitions are here, since 2026-01-02T11:59:56Z`, ""},
	"a shard is held": {func(p *status.Pipeline) {
		p.Worker.Shards[0].Stopped = pipeline.Stopped{Reason: "dome-out: no permission", Since: ago(time.Minute).UnixNano()}
	},
		`pipeline p, shard "dome-out": stopped: dome-out: no permission, since 2026-01-02T11:59:00Z`, ""},
	"a shard stands for a while": {func(p *status.Pipeline) { still(p, time.Minute) }, "", ""},
	"a shard is stalled": {func(p *status.Pipeline) { still(p, 61*time.Second) },
		`pipeline p, shard "dome-out": stalled: 30 offsets are to be read or committed, and about 3 results and 0 dead letters wait; no offset and no window gets on, since 2026-01-02T11:58:59Z`, ""},
	"a producer's transaction is open": {func(p *status.Pipeline) {
		still(p, 90*time.Second)
		p.Worker.Shards[0].Partitions[0].End.High = 140
	},
		`pipeline p, shard "dome-out": stalled: topic dome, partition 0 is read up to a transaction of its producer that is open at offset 100, since 2026-01-02T11:58:30Z`, ""},
	"brokers do not tell an end": {func(p *status.Pipeline) {
		q := &p.Worker.Shards[0].Partitions[1]
		q.Asks, q.Active, q.End.Asked = true, ago(3*time.Minute).UnixNano(), ago(2*time.Minute).UnixNano()
	},
		`pipeline p, shard "dome-out": brokers do not tell where topic dome, partition 1 ends, since 2026-01-02T11:58:00Z`, ""},
	"a silent partition's end is known": {func(p *status.Pipeline) {
		q := &p.Worker.Shards[0].Partitions[1]
		q.Asks, q.Active = true, ago(3*time.Minute).UnixNano()
	}, "", ""},
}

func TestHealth(t *testing.T) {
	for name, c := range healths {
		t.Run(name, func(t *testing.T) {
			p := healthy()
			c.change(&p)
			all := []status.Pipeline{healthy(), p}
			all[0].Name = "another"
			if got := lines(Troubles(all, now)); got != c.ready {
				t.Errorf("not ready:\n%s\nwant\n%s", got, c.ready)
			}
			if got := lines(Stuck(all, now)); got != c.live {
				t.Errorf("not live:\n%s\nwant\n%s", got, c.live)
			}
		})
	}
}

func lines(found []Trouble) (text string) {
	for i, t := range found {
		if i > 0 {
			text += "\n"
		}
		text += t.String()
	}
	return text
}
