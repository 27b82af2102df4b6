package pipeline

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// load compiles the only pipeline of a spec.
func load(t *testing.T, text string) *Plan {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.yaml", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := spec.Load([]string{"a.yaml"}, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(s.Pipelines[0], Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// event is one record: numbers and texts by path.
type event struct {
	at      int64
	numbers map[string]float64
	texts   map[string]string
}

// batchOf makes a batch of events of one partition, from an offset on, as a
// decoder of schemas that have the named fields would.
func batchOf(plan *Plan, id Partition, offset int64, events []event, fields ...string) *Batch {
	source, _ := plan.SourceOf(id.Topic)
	l := plan.NewLayout(source)
	var all []Field
	for _, f := range fields {
		all = append(all, Field{Path: f, Name: f})
	}
	for _, f := range plan.Select(source, all, func(string) (Field, bool) { return Field{}, false }) {
		if err := l.Add(f); err != nil {
			panic(err)
		}
	}
	b := &Batch{Partition: id, Next: offset + int64(len(events)), Fields: l.Fields, Numbers: make([][]float64, l.Numbers), Texts: make([][][]byte, l.Texts)}
	for i, e := range events {
		b.Offsets, b.Times, b.Schemas = append(b.Offsets, offset+int64(i)), append(b.Times, e.at), append(b.Schemas, 1)
		for _, c := range l.Columns {
			n, isNumber := e.numbers[c.Path]
			text, isText := e.texts[c.Path]
			switch c.Form {
			case Number, Boolean:
				if !isNumber {
					n = math.NaN()
				}
				b.Numbers[c.Slot] = append(b.Numbers[c.Slot], n)
			case Text:
				var v []byte
				if isText {
					v = []byte(text)
				}
				b.Texts[c.Slot] = append(b.Texts[c.Slot], v)
			case Key:
				var v []byte
				switch {
				case isText:
					v = AppendKeyText(nil, text)
				case isNumber:
					v = AppendKeyNumber(nil, n)
				}
				b.Texts[c.Slot] = append(b.Texts[c.Slot], v)
			}
		}
	}
	return b
}

func runAll(t *testing.T, plan *Plan, parts map[Partition][]*Batch) []Result {
	t.Helper()
	tasks := map[string]*task{}
	cs := newCells(plan)
	var ids []Partition
	for id := range parts {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, Partition.Compare)
	for _, id := range ids {
		name := plan.Shard(id)
		if tasks[name] == nil {
			tasks[name] = newTask(plan, name, plan.Sink(id.Topic), cs)
		}
		tasks[name].install(Position{Partition: id, Stop: None, Checkpoint: Checkpoint{Largest: None, Closed: None, Skipped: None, Forgotten: None}}, 0)
	}
	for _, id := range ids {
		task := tasks[plan.Shard(id)]
		for _, b := range parts[id] {
			if err := task.apply(task.part(id), b, 1e18); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all []Result
	for _, name := range sortedKeys(tasks) {
		tasks[name].closed = math.MaxInt64
		all = append(all, tasks[name].results(math.MaxInt)...)
	}
	return all
}

// line writes a result as one line.
func line(r Result) string {
	s := fmt.Sprintf("%s %s [%v,%v) n=%d", r.Sink, r.Key, r.Start/1e9, r.End/1e9, r.Count)
	for _, f := range r.Fields {
		s += fmt.Sprintf(" %v", f)
	}
	return s + fmt.Sprintf(" %v", r.Aggregates)
}

func lines(rs []Result) string {
	var all []string
	for _, r := range rs {
		all = append(all, line(r))
	}
	return strings.Join(all, "\n")
}

func at(seconds float64, numbers map[string]float64, texts map[string]string) event {
	return event{int64(seconds * 1e9), numbers, texts}
}

func TestLanguage(t *testing.T) {
	n := func(kv ...any) map[string]float64 {
		m := map[string]float64{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i].(string)] = float64(kv[i+1].(int))
		}
		return m
	}
	plan := load(t, `
pipelines:
  p:
    source:
      topics: [mount]
      where: value0 > -50 && site != "test"
      map: {value1: temperature}
      derive:
        norm: hypot(value0, value1)
        twice: norm * 2
    group_by: [salIndex, site]
    window: {size: 2s, advance: 1s}
    operations: [mean]
    min_sample_size: 1
    aggregates:
      spread: max(value0) - min(value0)
      hot: count_if(temperature > 3) / count()
      sites: count_distinct(site)
      known: count(site)
      p50: quantile(norm, 0.5)
      again: mean(norm) * 1
`)
	b := batchOf(plan, Partition{"mount", 0}, 0, []event{
		at(0.1, n("value0", 3, "value1", 4, "salIndex", 1), map[string]string{"site": "a"}),
		at(0.2, n("value0", 6, "value1", 8, "salIndex", 1), map[string]string{"site": "a"}),
		at(0.3, n("value0", -60, "value1", 8, "salIndex", 1), map[string]string{"site": "a"}),
		at(0.4, n("value0", 1, "value1", 8, "salIndex", 1), map[string]string{"site": "test"}),
		at(0.4, n("value0", 1, "value1", 8, "salIndex", 1), nil),
		at(1.5, n("value0", 5, "value1", 12), map[string]string{"site": "b"}),
		at(1.6, n("value0", 5, "salIndex", 1), map[string]string{"site": "a"}),
	}, "value0", "value1", "salIndex")
	got := lines(runAll(t, plan, map[Partition][]*Batch{{"mount", 0}: {b}}))
	want := `mount-aggregated [1,"a"] [-1,1) n=2 [7.5 15 4.5 6] [3 1 1 2 7.5 7.5]
mount-aggregated [null,"b"] [0,2) n=1 [13 26 5 12] [0 1 1 1 13 13]
mount-aggregated [1,"a"] [0,2) n=3 [7.5 15 4.666666666666667 6] [3 0.6666666666666666 1 3 7.5 7.5]
mount-aggregated [null,"b"] [1,3) n=1 [13 26 5 12] [0 1 1 1 13 13]
mount-aggregated [1,"a"] [1,3) n=1 [NaN NaN 5 NaN] [0 0 1 1 NaN NaN]`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFanIn(t *testing.T) {
	plan := load(t, `
pipelines:
  both:
    sources:
    - {topics: [mount], map: {value0: az}, fields: [value0]}
    - {topics: [dome], map: {value0: dome_az}, fields: [value0], where: value0 > 0}
    window: 1s
    operations: [mean, count]
    min_sample_size: 1
    aggregates: {off: mean(az) - mean(dome_az), all: count()}
`)
	mount := batchOf(plan, Partition{"mount", 0}, 0, []event{{at: 1e8, numbers: map[string]float64{"value0": 5}}, {at: 2e8, numbers: map[string]float64{"value0": 7}}, {at: 11e8, numbers: map[string]float64{"value0": 9}}}, "value0")
	dome := batchOf(plan, Partition{"dome", 0}, 0, []event{{at: 1e8, numbers: map[string]float64{"value0": 1}}, {at: 2e8, numbers: map[string]float64{"value0": -1}}}, "value0")
	got := lines(runAll(t, plan, map[Partition][]*Batch{{"mount", 0}: {mount}, {"dome", 0}: {dome}}))
	want := `both-aggregated both [0,1) n=3 [6 2] [1 1] [5 3]
both-aggregated both [1,2) n=1 [9 1] [NaN 0] [NaN 1]`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Groups beyond max_groups are refused, in the order of offsets.
func TestMaxGroups(t *testing.T) {
	plan := compiled(t, func(p *spec.Pipeline) { p.GroupBy, p.MaxGroups = []string{"k"}, 3 })
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var events []event
		for range 40 {
			events = append(events, event{at: r.Int64N(3e9), numbers: map[string]float64{"k": float64(r.IntN(6)), "v": 1}})
		}
		admitted, want := map[string]bool{}, map[string]int64{}
		groups := map[int64]int{}
		refused := int64(0)
		for _, e := range events {
			window := e.at / 1e9
			key := fmt.Sprint(window, e.numbers["k"])
			if !admitted[key] && groups[window] == 3 {
				refused++
				continue
			}
			if !admitted[key] {
				admitted[key] = true
				groups[window]++
			}
			want[key]++
		}
		id := Partition{"mount-az", 0}
		task := newTask(plan, "s", "s", newCells(plan))
		task.install(Position{Partition: id, Stop: None, Checkpoint: Checkpoint{Largest: None, Closed: None, Skipped: None, Forgotten: None}}, 0)
		for from := 0; from < len(events); {
			to := min(len(events), from+1+r.IntN(9))
			if err := task.apply(task.parts[0], batchOf(plan, id, int64(from), events[from:to], "k", "v"), 1e18); err != nil {
				t.Fatal(err)
			}
			from = to
		}
		task.closed = math.MaxInt64
		got := map[string]int64{}
		for _, res := range task.results(math.MaxInt) {
			got[fmt.Sprint(res.Start/1e9, res.Group[0].Number())] = res.Count
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || task.parts[0].pending.Bad != refused || int64(len(task.parts[0].dead)) != refused {
			t.Fatalf("got %v and %d refused, want %v and %d", got, task.parts[0].pending.Bad, want, refused)
		}
	}
}

// Every window of a hop holds the records of its span, however it is cut.
func TestHoppingTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		advance := 1 + r.Int64N(5)
		size, offset := advance*(1+r.Int64N(5)), r.Int64N(advance)
		plan := compiled(t, func(p *spec.Pipeline) {
			p.Operations = []string{"sum", "max"}
			p.MinSample = 1
			p.Window.Size, p.Window.Advance, p.Window.Offset = time.Duration(size)*time.Second, time.Duration(advance)*time.Second, time.Duration(offset)*time.Second
		})
		var events []event
		for range 30 {
			events = append(events, event{at: (r.Int64N(60) - 20) * 1e9, numbers: map[string]float64{"v": float64(r.IntN(100))}})
		}
		sums := map[int64]float64{}
		for _, e := range events {
			for start := offset - 100*advance; start < 60; start += advance {
				if e.at >= start*1e9 && e.at < (start+size)*1e9 {
					sums[start] += e.numbers["v"]
				}
			}
		}
		rs := runAll(t, plan, map[Partition][]*Batch{{"mount-az", 0}: {batchOf(plan, Partition{"mount-az", 0}, 0, events, "v")}})
		if !sort.SliceIsSorted(rs, func(i, j int) bool { return rs[i].End < rs[j].End }) || len(rs) != len(sums) {
			t.Fatalf("%d windows, want %d, in order", len(rs), len(sums))
		}
		for _, res := range rs {
			if want := sums[res.Start/1e9]; res.Fields[0][0] != want || res.End-res.Start != size*1e9 {
				t.Fatalf("window %d: sum %v, want %v", res.Start/1e9, res.Fields[0][0], want)
			}
		}
	}
}
