package pipeline

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// Where a spec that takes over reads again follows from what has changed: from the old
// r where the same records are in the same windows, else from the first that may be
// in a window which ends after C.
func TestLocateTakesOver(t *testing.T) {
	base := func(p *spec.Pipeline) { p.Window.Size, p.MaxFuture = 10*time.Second, 8*time.Second }
	old := compiled(t, base)
	log := fakeLog{start: map[Partition]int64{}, times: map[Partition][]int64{p0: {5, 11, 19, 21, 13, 23, 31, 32}}}
	kept := []Tick{{From: 6, Minute: 1}}
	for name, c := range map[string]struct {
		change  func(p *spec.Pipeline)
		closed  int64 // s; 0: none
		from    int64 // the log begins
		replay  int64
		largest int64 // s
		ticks   []Tick
		lacking int64 // s; 0: none
	}{
		"min_sample_size":  {func(p *spec.Pipeline) { p.MinSample = 7 }, 20, 0, 6, 31, kept, 0},
		"operations":       {func(p *spec.Pipeline) { p.Operations = []string{"max"} }, 20, 0, 3, 31, []Tick{{3, 1}}, 0},
		"grace":            {func(p *spec.Pipeline) { p.Window.Grace = time.Hour }, 20, 0, 6, 31, kept, 0},
		"where":            {func(p *spec.Pipeline) { p.Sources[0].Where = "a > 1" }, 20, 0, 3, 31, []Tick{{3, 1}}, 0},
		"max_future":       {func(p *spec.Pipeline) { p.MaxFuture = time.Minute }, 20, 0, 3, 31, []Tick{{3, 1}}, 0},
		"smaller windows":  {func(p *spec.Pipeline) { p.Window.Size = time.Second }, 20, 0, 3, 31, []Tick{{3, 1}}, 0},
		"larger windows":   {func(p *spec.Pipeline) { p.Window.Size = 16 * time.Second }, 20, 0, 2, 31, []Tick{{2, 1}}, 0},
		"far from C":       {func(p *spec.Pipeline) { p.Window.Size = time.Second }, 31, 0, 6, 31, kept, 0},
		"beyond done":      {func(p *spec.Pipeline) { p.Window.Size = time.Second }, 32, 0, 7, 31, []Tick{{6, 1}}, 0},
		"no C":             {func(p *spec.Pipeline) { p.Sources[0].Where = "a > 1" }, 0, 0, 0, 31, []Tick{{0, 1}}, 0},
		"time":             {func(p *spec.Pipeline) { p.Sources[0].Time = &spec.TimeField{Field: "at", Unit: spec.Milliseconds} }, 20, 0, 2, 0, nil, 0},
		"before retention": {func(p *spec.Pipeline) { p.Window.Size = 40 * time.Second }, 20, 3, 3, 31, []Tick{{3, 1}}, 40},
	} {
		t.Run(name, func(t *testing.T) {
			plan := compiled(t, func(p *spec.Pipeline) { base(p); c.change(p) })
			k := Checkpoint{Fingerprint: old.Fingerprint, Replay: 6, Largest: 31e9, Closed: orNever(c.closed), Skipped: None, Forgotten: None, Ticks: kept}
			log := fakeLog{start: map[Partition]int64{p0: c.from}, times: map[Partition][]int64{p0: log.times[p0][c.from:]}}
			ps, err := plan.Locate([]Partition{p0}, map[Partition]Committed{p0: {Offset: 7, Metadata: k.Encode(7)}}, Origin{Now: 100e9}, log)
			if err != nil {
				t.Fatal(err)
			}
			p, is := ps[0], ps[0].Checkpoint
			if p.Offset != 7 || is.Fingerprint != plan.Fingerprint || is.Closed != k.Closed || p.Takeover == nil || len(p.Takeover.Changed) != 1 {
				t.Errorf("got %+v, takeover %+v", p, p.Takeover)
			}
			if is.Replay != c.replay || is.Largest != orNever(c.largest) || !reflect.DeepEqual(is.Ticks, c.ticks) || p.Takeover.Lacking != orNever(c.lacking) {
				t.Errorf("reads again from %d with largest %d, ticks %v, lacking to %d", is.Replay, is.Largest, is.Ticks, p.Takeover.Lacking)
			}
			refused := recall(is.Unknown, is.Forgotten)
			if c.replay < 6 && !refused.explains(7, 5) || refused.explains(7, 6) {
				t.Error("an unknown id is explained from the old r on, or not before it")
			}
		})
	}
}

// A version that Locate would stop is refused before it joins, and by what another
// version has committed alone.
func TestCheckTakeover(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.MaxReplay = 3 })
	where := compiled(t, func(p *spec.Pipeline) { p.Sources[0].Where = "a > 1" })
	shards := compiled(t, func(p *spec.Pipeline) { p.Sink.Topic = "all" })
	log := fakeLog{start: map[Partition]int64{}, times: map[Partition][]int64{p0: {5, 11, 19, 21, 13, 23, 31, 32}}}
	for name, c := range map[string]struct {
		by     Fingerprint
		id     Partition
		closed int64 // s
		want   string
	}{
		"other shards":            {shards.Fingerprint, p0, 20, "differs in sink.topic: one for all topics, or one each"},
		"too much":                {where.Fingerprint, p0, 1, "7 records would have to be read again, more than max_replay (3)"},
		"not too much":            {where.Fingerprint, p0, 600, ""},
		"of its own":              {plan.Fingerprint, p0, 1, ""},
		"of a topic not asked of": {shards.Fingerprint, p1, 20, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := Checkpoint{Fingerprint: c.by, Replay: 0, Largest: 31e9, Closed: c.closed * 1e9, Skipped: None, Forgotten: None, Ticks: []Tick{{From: 0, Minute: 1}}}
			err := plan.CheckTakeover([]Partition{p0}, map[Partition]Committed{c.id: {Offset: 7, Metadata: k.Encode(7)}}, Origin{Now: 100e9}, log)
			stop, stops := err.(*Stop)
			if c.want == "" && err != nil || c.want != "" && (!stops || !strings.Contains(stop.Msg, c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// orNever is a time in s, where 0 is none.
func orNever(s int64) int64 {
	if s == 0 {
		return None
	}
	return s * 1e9
}

// Ticks that are left out for a field's event time are not those of a spec that needs
// them again: its records are compared with the clock.
func TestLocateTakesOverWithoutTicks(t *testing.T) {
	old := compiled(t, func(p *spec.Pipeline) { p.Sources[0].Time = &spec.TimeField{Field: "at", Unit: spec.Milliseconds} })
	plan := compiled(t, nil)
	log := fakeLog{start: map[Partition]int64{}, times: map[Partition][]int64{p0: {5, 11}}}
	k := Checkpoint{Fingerprint: old.Fingerprint, Replay: 1, Largest: 31e9, Closed: None, Skipped: None, Forgotten: None}
	ps, err := plan.Locate([]Partition{p0}, map[Partition]Committed{p0: {Offset: 2, Metadata: k.Encode(2)}}, Origin{}, log)
	if err != nil || len(ps[0].Checkpoint.Ticks) != 1 || ps[0].Checkpoint.Ticks[0].From != 0 {
		t.Errorf("%+v, %v", ps, err)
	}
}

// A shard without commits goes on after the last window in its sink.
func TestLocateFollowsSink(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size = 10 * time.Second })
	log := fakeLog{start: map[Partition]int64{p1: 5}, times: map[Partition][]int64{p0: {5, 15, 25}, p1: {22, 35}}}
	ps, err := plan.Locate([]Partition{p0, p1}, nil, Origin{Now: 100e9, Written: map[string]int64{"mount-az-aggregated": 20e9}}, log)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range []int64{2, 5} {
		k := ps[i].Checkpoint
		if ps[i].Offset != at || k.Replay != at || k.Closed != 20e9 || k.Skipped != 20e9 || ps[i].Committed || ps[i].Takeover.Lacking != 30e9 {
			t.Errorf("%+v, %+v", ps[i], ps[i].Takeover)
		}
	}
	known := Checkpoint{Fingerprint: plan.Fingerprint, Replay: 1, Largest: 31e9, Closed: 10e9, Skipped: None, Forgotten: None}
	ps, err = plan.Locate([]Partition{p1}, map[Partition]Committed{p0: {Offset: 1, Metadata: known.Encode(1)}}, Origin{Written: map[string]int64{"mount-az-aggregated": 20e9}}, log)
	if err != nil || ps[0].Checkpoint.Closed != 10e9 {
		t.Errorf("what is committed counts, not the sink: %+v, %v", ps, err)
	}
}

// Windows of less than a ms end in the ms that their results tell.
func TestLocateFollowsSinkInNanoseconds(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.Window.Size, p.Window.Offset = 10*time.Second, 300 })
	log := fakeLog{start: map[Partition]int64{}, times: map[Partition][]int64{p0: {5, 15, 25}}}
	ps, err := plan.Locate([]Partition{p0}, nil, Origin{Now: 100e9, Written: map[string]int64{"mount-az-aggregated": 20e9}}, log)
	if err != nil || ps[0].Checkpoint.Closed != 20e9+300 {
		t.Errorf("%+v, %v", ps, err)
	}
}

func TestFingerprintText(t *testing.T) {
	f := compiled(t, nil).Fingerprint
	for text, want := range map[string]Fingerprint{f.String(): f, f.String() + "00000007": f, f.String()[:8]: {0: f[0]}} {
		if got, err := ParseFingerprint(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := ParseFingerprint("x"); err == nil {
		t.Error("x is a fingerprint")
	}
}

// Of two versions the one that was loaded last has everything, once the other has let
// go of it; one that tells nothing is the oldest.
func TestBalanceVersions(t *testing.T) {
	counts := map[string]int32{"a0": 2, "b0": 2, "c0": 1}
	all := []Partition{{"a0", 0}, {"a0", 1}, {"b0", 0}, {"b0", 1}}
	for name, versions := range map[string][2]Member{
		"loaded later":        {{Version: "x", Loaded: 1}, {Version: "y", Loaded: 2}},
		"of an older release": {{}, {Version: "y", Loaded: 2}},
		"at one time":         {{Version: "x", Loaded: 2}, {Version: "y", Loaded: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			old, fresh := versions[0], versions[1]
			old.ID, old.Topics, old.Owned, old.Generation = "1", []string{"a0", "b0", "c0"}, all, 3
			fresh.ID, fresh.Topics, fresh.Generation = "2", []string{"a0", "b0"}, 3
			third := fresh
			third.ID, third.Loaded = "3", 0 // the same, loaded whenever
			a := Balance(shardOfTest, []Member{old, fresh, third}, counts)
			if len(a.Members["1"])+len(a.Members["2"])+len(a.Members["3"]) > 0 || a.Version != "y" || a.Counts["c0"] != 0 {
				t.Fatalf("got %+v; nothing is free yet", a)
			}
			old.Owned = nil
			a = Balance(shardOfTest, []Member{old, fresh, third}, counts)
			if len(a.Members["1"]) > 0 || len(a.Members["2"]) != 2 || len(a.Members["3"]) != 2 {
				t.Fatalf("got %+v; want all of it shared by 2 and 3", a)
			}
			a = Balance(shardOfTest, []Member{old}, counts)
			if len(a.Members["1"]) != 5 || a.Version != old.Version {
				t.Errorf("got %+v; whoever is left has everything", a)
			}
		})
	}
}
