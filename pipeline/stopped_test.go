package pipeline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// refusing is a client of partitions that bring a record, of a second more, each
// 100 ms, as long as they are read. Some sinks refuse results.
type refusing struct {
	plan    *Plan
	ids     []Partition
	stop    int64 // of each, under --until-end; else None
	now     int64
	refuses map[string]bool
	next    map[Partition]int64
	reading map[Partition]bool
	tries   []int64  // when results were refused
	starts  []int64  // of the results that each commit holds
	sinks   []string // of the same
	record  bool     // they refuse what one shard writes, not all
	alone   bool     // no commit that was refused held two shards, but for the first
}

func newRefusing(plan *Plan, stop int64, ids ...Partition) *refusing {
	return &refusing{plan: plan, ids: ids, stop: stop, now: 1e18, refuses: map[string]bool{}, next: map[Partition]int64{}, reading: map[Partition]bool{}, alone: true}
}

func (c *refusing) Poll(r Request) (Fetch, error) {
	f := Fetch{Now: c.now}
	if c.now += 100e6; c.now == 1e18+100e6 {
		f.Events = c.assigned()
	}
	for _, id := range r.Resume {
		c.reading[id] = true
	}
	for _, id := range r.Pause {
		c.reading[id] = false
	}
	for _, id := range c.ids {
		if c.reading[id] && (c.stop == None || c.next[id] < c.stop) {
			at := c.next[id]
			f.Batches = append(f.Batches, *batchOf(c.plan, id, at, []event{{at: at * 1e9, numbers: map[string]float64{"v0": 1}}}, "v0"))
			c.next[id]++
		}
	}
	return f, nil
}

func (c *refusing) assigned() []Event {
	counts, positions := map[string]int32{}, []Position(nil)
	for _, id := range c.ids {
		counts[id.Topic] = max(counts[id.Topic], id.ID+1)
		positions = append(positions, Position{Partition: id, Stop: c.stop, End: End{Asked: None},
			Checkpoint: Checkpoint{Fingerprint: c.plan.Fingerprint, Largest: None, Closed: None, Skipped: None, Forgotten: None}})
	}
	return []Event{Synced{Owned: c.ids, Counts: counts}, Assigned{Positions: positions}}
}

func (c *refusing) Commit(k *Commit) (bool, error) {
	why := map[string]Refusal{}
	for _, r := range k.Results {
		if c.refuses[r.Sink] {
			why[r.Sink] = Refusal{r.Sink + " refuses", !c.record}
		}
	}
	if len(why) > 0 {
		c.alone = c.alone && (len(c.tries) == 0 || len(k.Offsets) == 1)
		c.tries = append(c.tries, c.now)
		return false, &Refused{why}
	}
	for _, r := range k.Results {
		c.starts, c.sinks = append(c.starts, r.Start), append(c.sinks, r.Sink)
	}
	return true, nil
}

// steps runs the worker for a time.
func (c *refusing) steps(t *testing.T, w *Worker, d time.Duration) {
	t.Helper()
	for until := c.now + int64(d); c.now < until; {
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

// of are the starts of a sink's results, s.
func (c *refusing) of(sink string) (all []int64) {
	for i, s := range c.starts {
		if c.sinks[i] == sink {
			all = append(all, s/1e9)
		}
	}
	return all
}

var (
	azimuth   = Partition{"mount-az", 0}
	elevation = Partition{"mount-el", 0}
)

func seconds(p *spec.Pipeline) {
	p.Sources[0].Topics, p.Operations = []string{"mount-*"}, []string{"mean"}
	p.Window, p.Idle, p.MinSample, p.Sink.Topic = spec.Window{Size: time.Second}, 0, 1, "{topic}-aggregated"
}

// A refused shard is tried alone after 1 s, 2 s, 4 s and so on to a minute, and is
// not read; the others go on, and so does it when its sink takes results again.
func TestStopped(t *testing.T) {
	c := newRefusing(compiled(t, seconds), None, azimuth, elevation)
	w := NewWorker(c.plan, c, false)
	c.steps(t, w, 5*time.Second)
	c.refuses["mount-az-aggregated"] = true
	c.steps(t, w, 10*time.Minute)
	for i, gap := range []int64{1e9, 2e9, 4e9, 8e9, 16e9, 32e9, 60e9, 60e9, 60e9} {
		if got := c.tries[i+1] - c.tries[i]; got < gap || got > gap+300e6 {
			t.Errorf("try %d after %v, want %v", i+1, time.Duration(got), time.Duration(gap))
		}
	}
	all := w.Stopped()
	if want := (Stopped{"mount-az-aggregated", "mount-az-aggregated", "mount-az-aggregated refuses", c.tries[0], c.tries[len(c.tries)-1] + 60e9}); len(all) != 1 ||
		all[0].Since/1e9 != want.Since/1e9 || all[0].Next/1e9 != want.Next/1e9 || all[0].Shard != want.Shard || all[0].Sink != want.Sink || all[0].Reason != want.Reason {
		t.Errorf("stopped: %+v, want about %+v", all, want)
	}
	if c.next[azimuth] > 70 || c.next[elevation] < 6000 || !c.alone {
		t.Errorf("read %v, tried alone: %v", c.next, c.alone)
	}
	if n := len(c.of("mount-el-aggregated")); n < 5900 {
		t.Errorf("%d results of the other shard", n)
	}
	clear(c.refuses)
	c.steps(t, w, 2*time.Minute)
	if len(w.Stopped()) > 0 {
		t.Errorf("still stopped: %+v", w.Stopped())
	}
	for sink, least := range map[string]int{"mount-az-aggregated": 500, "mount-el-aggregated": 7000} {
		starts := c.of(sink)
		for i, at := range starts {
			if at != int64(i) {
				t.Fatalf("%s: window %d follows %v", sink, at, starts[max(0, i-3):i])
			}
		}
		if len(starts) < least {
			t.Errorf("%s: %d results", sink, len(starts))
		}
	}
}

// What is read of a stopped shard begins anew with its partitions.
func TestStoppedBeginsAnew(t *testing.T) {
	c := newRefusing(compiled(t, seconds), None, azimuth, elevation)
	w := NewWorker(c.plan, c, false)
	c.refuses["mount-az-aggregated"] = true
	c.steps(t, w, 5*time.Second)
	if len(w.Stopped()) != 1 {
		t.Fatalf("stopped: %+v", w.Stopped())
	}
	Lost{[]Partition{azimuth}}.apply(w)
	for _, e := range c.assigned()[1:] {
		e.apply(w)
	}
	if len(w.Stopped()) != 0 {
		t.Errorf("stopped: %+v", w.Stopped())
	}
}

// partitions is a worker of shards that are single partitions of one sink, and one
// of another.
func partitions(t *testing.T, n int, stop int64) (*refusing, *Worker) {
	ids := []Partition{elevation}
	for i := range n {
		ids = append(ids, Partition{"mount-az", int32(i)})
	}
	slices.SortFunc(ids, Partition.Compare)
	c := newRefusing(compiled(t, func(p *spec.Pipeline) { seconds(p); p.Shard, p.GroupBy = spec.ShardPartition, []string{"$partition"} }), stop, ids...)
	c.refuses["mount-az-aggregated"] = true
	return c, NewWorker(c.plan, c, false)
}

// Of a sink that refuses whatever is written to it one shard is tried for all, so
// that many of them hold the others up no more than one does.
func TestStoppedShardsOfASink(t *testing.T) {
	const n = 50
	c, w := partitions(t, n, None)
	c.steps(t, w, 10*time.Minute)
	if got := len(c.tries); len(w.Stopped()) != n || !c.alone || got > 20 {
		t.Errorf("%d are stopped after %d tries, alone: %v", len(w.Stopped()), got, c.alone)
	}
	if n := len(c.of("mount-el-aggregated")); n < 5900 {
		t.Errorf("%d results of the other sink", n)
	}
	wantHealed(t, c, w, n*100*time.Millisecond)
}

// Where it is what one shard writes, each is tried by itself, each minute in the end.
func TestStoppedShardsOfASinkEach(t *testing.T) {
	c, w := partitions(t, 3, None)
	c.record = true
	c.steps(t, w, 10*time.Minute)
	if got := len(c.tries); len(w.Stopped()) != 3 || !c.alone || got < 3*14 || got > 3*16 {
		t.Errorf("%d are stopped after %d tries, alone: %v", len(w.Stopped()), got, c.alone)
	}
	wantHealed(t, c, w, time.Second)
}

// wantHealed holds that all go on when the first of them is due: within some time, as
// many steps as there are shards.
func wantHealed(t *testing.T, c *refusing, w *Worker, within time.Duration) {
	t.Helper()
	clear(c.refuses)
	next := slices.MinFunc(w.Stopped(), func(a, b Stopped) int { return int(a.Next - b.Next) }).Next
	c.steps(t, w, time.Duration(next-c.now)+within+time.Second)
	if len(w.Stopped()) > 0 {
		t.Errorf("%d still stopped, %v after one went through", len(w.Stopped()), within)
	}
}

// Under --until-end one last try tells for all shards of the sink.
func TestStoppedShardsOfASinkUntilEnd(t *testing.T) {
	const n = 50
	c, w := partitions(t, n, 20)
	var err error
	for err == nil && c.now < 1e18+100e9 {
		err = w.Step()
	}
	if err == nil || strings.Count(err.Error(), "shard topic mount-az, partition ") != n || len(c.tries) > 10 {
		t.Errorf("after %d tries: %v", len(c.tries), err)
	}
}

// Under --until-end the others are finished, each stopped shard is tried once more,
// and the error names it.
func TestStoppedUntilEnd(t *testing.T) {
	c := newRefusing(compiled(t, seconds), 100, azimuth, elevation)
	w := NewWorker(c.plan, c, true)
	c.refuses["mount-az-aggregated"] = true
	var err error
	for err == nil && c.now < 1e18+100e9 {
		err = w.Step()
		if w.Finished() {
			t.Fatal("finished with a stopped shard")
		}
	}
	want := "shard mount-az-aggregated: mount-az-aggregated refuses; everything else is committed, and nothing of this is lost: mend it and start again"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if n := len(c.of("mount-el-aggregated")); n != 100 {
		t.Errorf("%d results of the other shard, want 100", n)
	}
	if n := len(c.tries); c.now-c.tries[n-1] > 200e6 {
		t.Errorf("the last try was %v before", time.Duration(c.now-c.tries[n-1]))
	}
}

// One that goes through at its last try is read to its end as well.
func TestStoppedUntilEndHeals(t *testing.T) {
	c := newRefusing(compiled(t, seconds), 100, azimuth, elevation)
	w := NewWorker(c.plan, c, true)
	c.refuses["mount-az-aggregated"] = true
	c.steps(t, w, 9*time.Second)
	clear(c.refuses)
	for !w.Finished() && c.now < 1e18+100e9 {
		c.steps(t, w, 100*time.Millisecond)
	}
	if !w.Finished() || len(c.of("mount-az-aggregated")) != 100 {
		t.Errorf("finished: %v, %d results", w.Finished(), len(c.of("mount-az-aggregated")))
	}
}

// What a stopped shard keeps for exact quantiles ends no pipeline; what the others
// keep beyond max_samples does.
func TestStoppedKeepsSamples(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) {
		seconds(p)
		p.Operations, p.Window.Size, p.MaxSamples = []string{"median"}, 4*time.Second, 100
	})
	c := newRefusing(plan, None, azimuth, elevation)
	w := NewWorker(c.plan, c, false)
	c.refuses["mount-az-aggregated"] = true
	c.steps(t, w, 10*time.Second)
	plan.maxSamples = 5 // the stopped shard has as many, and the other one up to 5
	c.steps(t, w, time.Minute)
	if n := len(c.of("mount-el-aggregated")); n < 100 {
		t.Errorf("%d results of the other shard", n)
	}
	plan.maxSamples = 2
	var err error
	for err == nil && c.now < 1e18+100e9 {
		err = w.Step()
	}
	if err == nil || !strings.Contains(err.Error(), "max_samples (2") {
		t.Errorf("got %v, want one of max_samples", err)
	}
}

// What a stopped shard holds takes no room from those that are read.
func TestStoppedCrowdsNobody(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) {
		seconds(p)
		p.Operations, p.Window.Size, p.MaxSamples = []string{"median"}, 4*time.Second, 1000
	})
	c := newRefusing(plan, None, azimuth, elevation)
	w := NewWorker(c.plan, c, false)
	c.refuses["mount-az-aggregated"] = true
	c.steps(t, w, 10*time.Second)
	halted, all := w.tasks["mount-az-aggregated"].holds(), holding{w.cells.held, w.cells.samples}
	if halted != w.cells.halted || halted.cells == 0 || halted.values == 0 || all.cells < halted.cells || all.values < halted.values {
		t.Fatalf("%+v of %+v are held by the stopped shard, counted as %+v", halted, all, w.cells.halted)
	}
	plan.cells, plan.maxSamples = (all.cells-halted.cells)/2+1, 2*(all.values-halted.values)
	if w.cells.crowded() || all.cells/2 < plan.cells || all.values <= plan.maxSamples/2 {
		t.Errorf("crowded: %v, by %+v where there is room for %d cells and %d values", w.cells.crowded(), all, plan.cells, plan.maxSamples)
	}
	plan.maxSamples = 1000
	clear(c.refuses)
	c.steps(t, w, 2*time.Minute)
	if w.cells.halted != (holding{}) {
		t.Errorf("nothing is stopped, and %+v are held", w.cells.halted)
	}
}

// A client that names a sink that nothing was written to has lost its way.
func TestRefusedOfNoShard(t *testing.T) {
	w := NewWorker(compiled(t, seconds), nil, false)
	err := w.refuse(&Refused{map[string]Refusal{"b": {Reason: "two"}, "a": {Reason: "one"}}}, true)
	if err == nil || !strings.HasSuffix(err.Error(), "one; two") {
		t.Errorf("got %v", err)
	}
}
