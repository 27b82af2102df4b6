package pipeline

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// logs is a client that reads partitions, from first to last, as kgo does: a poll
// brings so many records of each that is not paused. Commits always succeed.
type logs struct {
	t       *testing.T
	plan    *Plan
	times   [][]int64 // event times by partition and offset
	share   int       // records of a partition in a poll
	alone   bool      // a poll brings those of one partition, in turn
	turn    int
	next    []int64
	reads   []bool
	now     int64
	results []Result
	pauses  int
	lost    int // records that pauses cost, where a poll's share is buffered
}

func (l *logs) id(p int) Partition { return Partition{"mount-az", int32(p)} }

func (l *logs) Poll(r Request) (Fetch, error) {
	l.now += 20e6
	f := Fetch{Now: l.now}
	if l.next == nil {
		l.next, l.reads = make([]int64, len(l.times)), make([]bool, len(l.times))
		f.Events = l.assign()
	}
	for _, id := range r.Resume {
		l.reads[id.ID] = true
	}
	for _, id := range r.Pause {
		l.reads[id.ID] = false
		l.pauses++
		l.lost += min(l.share, len(l.times[id.ID])-int(l.next[id.ID]))
	}
	for i := range l.reads {
		p := (l.turn + i) % len(l.reads)
		reads, from := l.reads[p], l.next[p]
		end := min(from+int64(l.share), int64(len(l.times[p])))
		if !reads || from == end {
			continue
		}
		b := Batch{Partition: l.id(p), Next: end}
		lay(l.plan, &b, 1)
		for o := from; o < end; o++ {
			b.Offsets, b.Times, b.Schemas = append(b.Offsets, o), append(b.Times, l.times[p][o]), append(b.Schemas, 1)
			b.Numbers[0] = append(b.Numbers[0], float64(o%97))
		}
		l.next[p] = end
		f.Batches = append(f.Batches, b)
		if l.alone {
			l.turn = p + 1
			break
		}
	}
	return f, nil
}

// assign brings all partitions, to be read to the ends that they have.
func (l *logs) assign() []Event {
	owned, positions := []Partition{}, []Position{}
	for p, times := range l.times {
		n := int64(len(times))
		owned = append(owned, l.id(p))
		positions = append(positions, Position{Partition: l.id(p), Stop: n, End: End{Stable: n, High: n, Asked: l.now},
			Checkpoint: Checkpoint{Fingerprint: l.plan.Fingerprint, Largest: None, Closed: None, Skipped: None, Forgotten: None}})
	}
	counts := map[string]int32{"mount-az": int32(len(l.times))}
	return []Event{Synced{Owned: owned, Counts: counts}, Assigned{Positions: positions}}
}

func (l *logs) Commit(c *Commit) (bool, error) {
	for _, r := range c.Results {
		l.results = append(l.results, r.Clone())
	}
	return true, nil
}

// read reads everything and gives the most cells that were held.
func (l *logs) read() (most int) {
	w := NewWorker(l.plan, l, true)
	for steps := 0; !w.Finished(); steps++ {
		if err := w.Step(); err != nil {
			l.t.Fatal(err)
		}
		most = max(most, w.Held())
		if steps > 1e6 {
			l.t.Fatal("not done")
		}
	}
	return most
}

// Of four partitions one has a hundred times the records in the same span of event
// time, so that the others are read far ahead of it: what they hold is bounded, the
// results are what they are without alignment, and little is read twice.
func TestSkewedPartitions(t *testing.T) {
	const windows, bound, share = 1000, 100, 50
	var times [4][]int64
	for i := range int64(windows) {
		for p := 1; p < 4; p++ {
			times[p] = append(times[p], i*1e9+int64(p))
		}
		for k := range int64(100) {
			times[0] = append(times[0], i*1e9+k*10e6)
		}
	}
	read := func(cells int) (*logs, int) {
		l := &logs{t: t, times: times[:], share: share, now: 1e18}
		l.plan = compiledFor(t, Options{Cells: cells})
		return l, l.read()
	}
	free, all := read(math.MaxInt)
	aligned, most := read(bound)
	if bits(aligned.results) != bits(free.results) || len(free.results) != windows {
		t.Errorf("%d results, not the %d there are without alignment", len(aligned.results), len(free.results))
	}
	records := windows * 103
	t.Logf("%d cells at most (%d without alignment), %d pauses, %d of %d records read twice", most, all, aligned.pauses, aligned.lost, records)
	if most > 2*bound+4*share || all < windows {
		t.Errorf("held %d cells, want %d at most; %d without alignment", most, 2*bound+4*share, all)
	}
	if aligned.pauses == 0 || aligned.lost*20 > records {
		t.Errorf("%d pauses, %d of %d records read twice", aligned.pauses, aligned.lost, records)
	}
}

func compiledFor(t *testing.T, o Options) *Plan {
	t.Helper()
	plan, err := Compile(sample(func(p *spec.Pipeline) {
		p.Operations, p.Window.Size = []string{"mean", "median"}, time.Second
	}), o)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// Who is paused, and who goes on.
func TestAlign(t *testing.T) {
	const now = int64(1e18)
	asked := End{Stable: 10, High: 10, Asked: now}
	behind := part{largest: 0, resumed: true, active: now, stop: None, ends: End{Stable: 99, High: 99, Asked: None}}
	far := behind
	far.largest = 100e9
	with := func(p part, change func(*part)) part { change(&p); return p }
	paused := with(far, func(p *part) { p.paused, p.active = true, now-5e9 })
	for name, c := range map[string]struct {
		held  int
		parts []part
		want  string
	}{
		"far ahead":                      {20, []part{behind, far}, "[] [1]"},
		"not crowded":                    {19, []part{behind, far}, "[] []"},
		"no more than twice the bound":   {99, []part{behind, with(far, func(p *part) { p.largest = 2e9 + 1 })}, "[] []"},
		"a little more":                  {99, []part{behind, with(far, func(p *part) { p.largest = 2e9 + 2 })}, "[] [1]"},
		"never had a record":             {99, []part{with(behind, func(p *part) { p.largest = None }), far}, "[] [1]"},
		"nobody had one":                 {99, []part{with(behind, func(p *part) { p.largest = None })}, "[] []"},
		"the furthest times there are":   {99, []part{with(behind, func(p *part) { p.largest = -1 << 62 }), with(far, func(p *part) { p.largest = 1 << 62 })}, "[] [1]"},
		"not read yet":                   {99, []part{behind, with(far, func(p *part) { p.resumed = false })}, "[] []"},
		"replays":                        {99, []part{behind, with(far, func(p *part) { p.done = 5 })}, "[] []"},
		"ahead of one that replays":      {99, []part{with(behind, func(p *part) { p.done = 5 }), far}, "[] [1]"},
		"read to its end":                {99, []part{behind, with(far, func(p *part) { p.stop = 0 })}, "[] []"},
		"paused, crowded":                {99, []part{behind, paused}, "[] []"},
		"paused, neither":                {10, []part{behind, paused}, "[] []"},
		"paused, room":                   {5, []part{behind, paused}, "[1] []"},
		"the slowest is near":            {99, []part{with(behind, func(p *part) { p.largest = 99.5e9 }), paused}, "[1] []"},
		"the slowest is paused":          {99, []part{far, with(paused, func(p *part) { p.largest = 1 })}, "[1] [0]"},
		"both are paused":                {99, []part{with(paused, func(p *part) { p.largest = 1 }), paused}, "[0] []"},
		"the other was read to its stop": {99, []part{with(behind, func(p *part) { p.stop = 0 }), paused}, "[1] []"},
		"the other is idle":              {99, []part{with(behind, func(p *part) { p.ends, p.applied, p.active = asked, 10, now-10e9 }), paused}, "[1] []"},
		"the other has nothing, so far":  {99, []part{with(behind, func(p *part) { p.ends, p.applied, p.active = asked, 10, now-10e9+1 }), paused}, "[] []"},
		"the other is only waited for":   {99, []part{with(behind, func(p *part) { p.applied, p.active = 99, now-10e9 }), paused}, "[1] []"},
		"the other is slow":              {99, []part{with(behind, func(p *part) { p.applied, p.active = 98, now-3600e9 }), paused}, "[] []"},
		"alone":                          {99, []part{paused}, "[0] []"},
	} {
		task := newTask(compiledFor(t, Options{Cells: 10}), "s", "s", nil)
		task.cells, task.pauses = &cells{plan: task.plan, held: c.held}, true
		for i := range c.parts {
			c.parts[i].id = Partition{"t", int32(i)}
			task.parts = append(task.parts, &c.parts[i])
		}
		var r Request
		task.align(now, &r)
		if got := fmt.Sprint(numbers(r.Resume), " ", numbers(r.Pause)); got != c.want {
			t.Errorf("%s: resumed and paused %s, want %s", name, got, c.want)
		}
		for _, id := range r.Resume {
			if p := task.parts[id.ID]; p.paused || p.active != now {
				t.Errorf("%s: goes on as %+v", name, p)
			}
		}
	}
}

func numbers(ids []Partition) []int32 {
	out := []int32{}
	for _, id := range ids {
		out = append(out, id.ID)
	}
	slices.Sort(out)
	return out
}

// A partition that is paused is not silent, though its end was asked for.
func TestPausedIsNotSilent(t *testing.T) {
	task := emptyTask(compiledFor(t, Options{}), 1)
	p := task.parts[0]
	p.largest, p.applied, p.ends = 1, 10, End{Stable: 10, High: 10, Asked: 100e9}
	if !task.leaves(p, 100e9) {
		t.Fatal("is not idle")
	}
	p.paused = true
	if task.leaves(p, 100e9) {
		t.Error("left while it was paused")
	}
}

// A partition that brings nothing is dry after idle, or after ten seconds where idle
// is longer or off.
func TestDry(t *testing.T) {
	const now = int64(1e18)
	for _, c := range []struct{ idle, after time.Duration }{{0, 10 * time.Second}, {4 * time.Second, 4 * time.Second}, {time.Minute, 10 * time.Second}} {
		task := emptyTask(compiled(t, func(p *spec.Pipeline) { p.Idle = c.idle }), 1)
		p := task.parts[0]
		for _, early := range []int64{0, 1} {
			p.active = now - int64(c.after) + early
			if task.dry(p, now) != (early == 0) {
				t.Errorf("idle %v: dry is %v %v after the last record", c.idle, early != 0, time.Duration(now-p.active))
			}
		}
	}
}
