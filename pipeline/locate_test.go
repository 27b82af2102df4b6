package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// fakeLog holds the times (s) of each partition's records from an offset on.
type fakeLog struct {
	start map[Partition]int64
	times map[Partition][]int64
}

func (l fakeLog) Bounds(ids []Partition) (map[Partition]Bounds, error) {
	out := map[Partition]Bounds{}
	for _, id := range ids {
		end := l.start[id] + int64(len(l.times[id]))
		out[id] = Bounds{Start: l.start[id], End: End{Stable: end, High: end}}
	}
	return out, nil
}

func (l fakeLog) AtTime(ids []Partition, t int64) (map[Partition]TimedOffset, error) {
	out := map[Partition]TimedOffset{}
	for _, id := range ids {
		out[id] = TimedOffset{l.start[id] + int64(len(l.times[id])), None}
		for i, s := range l.times[id] {
			if s*1e9 >= t {
				out[id] = TimedOffset{l.start[id] + int64(i), s * 1e9}
				break
			}
		}
	}
	return out, nil
}

func (l fakeLog) Newest(ids []Partition) (map[Partition]int64, error) {
	out := map[Partition]int64{}
	for _, id := range ids {
		out[id] = None
		for _, s := range l.times[id] {
			out[id] = max(out[id], s*1e9)
		}
	}
	return out, nil
}

var (
	p0 = Partition{"mount-az", 0}
	p1 = Partition{"mount-az", 1}
)

func TestLocateFresh(t *testing.T) {
	log := fakeLog{
		start: map[Partition]int64{p0: 0, p1: 100},
		times: map[Partition][]int64{p0: {10, 20, 30, 40}, p1: {15, 25, 35}},
	}
	whole := fakeLog{start: map[Partition]int64{}, times: log.times}
	wild := fakeLog{start: map[Partition]int64{p0: 7}, times: map[Partition][]int64{p0: {9999, 20}, p1: {15}}}
	present := map[Partition]bool{p0: true, p1: true}
	plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size = 10 * time.Second })
	for name, c := range map[string]struct {
		log     fakeLog
		start   spec.Start
		present map[Partition]bool
		at      [2]int64
		closed  int64 // s; 0: none
	}{
		"earliest":                            {whole, spec.Start{Kind: spec.StartEarliest}, present, [2]int64{0, 0}, 0},
		"earliest of a trimmed log":           {log, spec.Start{Kind: spec.StartEarliest}, present, [2]int64{0, 100}, 20},
		"latest":                              {whole, spec.Start{Kind: spec.StartLatest}, present, [2]int64{4, 3}, 50},
		"a time":                              {whole, spec.Start{Kind: spec.StartTime, Time: time.Unix(21, 0)}, present, [2]int64{2, 1}, 30},
		"a time before the first record":      {whole, spec.Start{Kind: spec.StartTime, Time: time.Unix(3, 0)}, present, [2]int64{0, 0}, 0},
		"a while ago":                         {whole, spec.Start{Kind: spec.StartAgo, Ago: 70 * time.Second}, present, [2]int64{2, 2}, 30},
		"what appeared later begins at first": {whole, spec.Start{Kind: spec.StartLatest}, nil, [2]int64{0, 0}, 0},
		"beside one that was there, too":      {whole, spec.Start{Kind: spec.StartLatest}, map[Partition]bool{p0: true}, [2]int64{4, 0}, 50},
		"what appeared later trimmed":         {log, spec.Start{Kind: spec.StartTime, Time: time.Unix(3, 0)}, map[Partition]bool{p0: true}, [2]int64{0, 100}, 20},
		"trimmed to a record of the future":   {wild, spec.Start{Kind: spec.StartEarliest}, present, [2]int64{7, 0}, 410},
	} {
		t.Run(name, func(t *testing.T) {
			ps, err := plan.Locate([]Partition{p0, p1}, nil, Origin{Start: c.start, Now: 100e9, Present: c.present}, c.log)
			if err != nil || len(ps) != 2 {
				t.Fatal(ps, err)
			}
			want := int64(None)
			if c.closed != 0 {
				want = c.closed * 1e9
			}
			for i, p := range ps {
				if p.Offset != c.at[i] || p.Checkpoint.Replay != c.at[i] || p.Checkpoint.Closed != want || p.Checkpoint.Skipped != want || p.Committed {
					t.Errorf("%v: offset %d (want %d), %+v, want closed %d", p.Partition, p.Offset, c.at[i], p.Checkpoint, want)
				}
			}
		})
	}
}

// A partition that joins a shard with a C begins with the first window that ends
// after it, not at C itself.
func TestLocateJoinsAtTheWindow(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size = 10 * time.Second })
	log := fakeLog{start: map[Partition]int64{}, times: map[Partition][]int64{p0: {10, 20}, p1: {12, 20, 21, 24, 33}}}
	k := Checkpoint{Fingerprint: plan.Fingerprint, Replay: 1, Largest: 20e9, Closed: 23e9, Skipped: None, Forgotten: None}
	ps, err := plan.Locate([]Partition{p1}, map[Partition]Committed{p0: {Offset: 2, Metadata: k.Encode(2)}}, Origin{}, log)
	if err != nil || ps[0].Offset != 1 || ps[0].Checkpoint.Closed != 23e9 {
		t.Errorf("got %+v, %v; want offset 1, of the record at 20 s", ps, err)
	}
}

// One that joins a shard which has commits but no C yet begins with its first
// record, whatever the spec says of starts, and has no window skipped: what the
// others read has been counted.
func TestLocateJoinsBeforeC(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size = 10 * time.Second })
	log := fakeLog{start: map[Partition]int64{p1: 100}, times: map[Partition][]int64{p0: {10, 20}, p1: {12, 20, 33}}}
	k := Checkpoint{Fingerprint: plan.Fingerprint, Replay: 0, Largest: 20e9, Closed: None, Skipped: None, Forgotten: None}
	for _, start := range []spec.Start{{Kind: spec.StartEarliest}, {Kind: spec.StartLatest}, {Kind: spec.StartTime, Time: time.Unix(21, 0)}} {
		ps, err := plan.Locate([]Partition{p1}, map[Partition]Committed{p0: {Offset: 2, Metadata: k.Encode(2)}},
			Origin{Start: start, Now: 100e9, Present: map[Partition]bool{p0: true, p1: true}}, log)
		if err != nil || ps[0].Offset != 100 || ps[0].Checkpoint.Closed != None || ps[0].Checkpoint.Skipped != None {
			t.Errorf("start %v: got %+v, %v; want offset 100, and no C", start.Kind, ps, err)
		}
	}
}

func TestLocateResumes(t *testing.T) {
	plan := compiled(t, nil)
	k := Checkpoint{Fingerprint: plan.Fingerprint, Replay: 1, Largest: 20e9, Closed: 19e9, Skipped: None, Forgotten: None}
	log := fakeLog{start: map[Partition]int64{p0: 1}, times: map[Partition][]int64{p0: {10, 20, 30}}}
	ps, err := plan.Locate([]Partition{p0}, map[Partition]Committed{p0: {Offset: 3, Epoch: 7, Metadata: k.Encode(3)}},
		Origin{UntilEnd: true, Stops: map[Partition]int64{p0: 4}}, log)
	if err != nil {
		t.Fatal(err)
	}
	p := ps[0]
	if !p.Committed || p.Offset != 3 || p.Checkpoint.Replay != 1 || p.Epoch != 7 || p.Stop != 4 {
		t.Errorf("got %+v", p)
	}
}

func TestLocateStops(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.MaxReplay = 100 })
	other := compiled(t, func(p *spec.Pipeline) { p.Window.Size, p.Sink.Topic = time.Minute, "all" })
	at := func(f Fingerprint, replay, done int64) Committed {
		return Committed{Offset: done, Metadata: Checkpoint{Fingerprint: f, Replay: replay, Largest: 1, Closed: 1, Skipped: None, Forgotten: None}.Encode(done)}
	}
	log := fakeLog{start: map[Partition]int64{p0: 10}, times: map[Partition][]int64{p0: make([]int64, 490)}}
	for name, c := range map[string]struct {
		committed Committed
		want      string
	}{
		"foreign": {Committed{Offset: 20, Metadata: "member-1"},
			`topic mount-az, partition 0: the group's offset 20 was not committed by aggrun (metadata "member-1"); use another --group, or --accept-offsets to go on from it`},
		"another spec": {at(other.Fingerprint, 20, 20),
			"pipeline telemetry: the group's commits were made by another version of this pipeline, which differs in window, sink.topic: one for all topics, or one each; partitions would be grouped to other shards"},
		"truncated": {at(plan.Fingerprint, 600, 600),
			"topic mount-az, partition 0: the log ends at 500, before the committed offset 600"},
		"retention": {at(plan.Fingerprint, 5, 20),
			"topic mount-az, partition 0: retention has removed the records from offset 5"},
		"max_replay": {at(plan.Fingerprint, 50, 200),
			"shard mount-az-aggregated: 150 records would have to be read again, more than max_replay (100)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plan.Locate([]Partition{p0}, map[Partition]Committed{p0: c.committed}, Origin{}, log)
			stop, ok := err.(*Stop)
			if !ok || !strings.HasPrefix(stop.Msg, c.want) {
				t.Errorf("got  %v\nwant %s...", err, c.want)
			}
		})
	}
	ps, err := plan.Locate([]Partition{p0}, map[Partition]Committed{p0: {Offset: 20, Metadata: "member-1"}}, Origin{AcceptOffsets: true}, log)
	if err != nil || ps[0].Offset != 20 || ps[0].Checkpoint.Replay != 20 {
		t.Errorf("accepted: %+v, %v", ps, err)
	}
}
