package simulation

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
	"github.com/aggrun/aggrun/spec"
)

// TestRechunked holds that results are the same, byte for byte as they are
// written, however the input is cut into polls, interleaved over partitions and
// sources, read again after aborted commits, and wherever the worker is restarted
// from a checkpoint; and whichever back end evaluates the expressions.
func TestRechunked(t *testing.T) {
	const inputs, runs = 1000, 2
	var next, failed atomic.Uint64
	var sum rechunking
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1); seed <= inputs && failed.Load() == 0; seed = next.Add(1) {
				r := newRechunking(seed)
				want := r.run(false, false)
				for i := range runs {
					if got := r.run(true, i == 0); got != want {
						failed.Store(seed)
						t.Errorf("seed %d, run %d: %s\nspec %+v", seed, i, difference(got, want), r.script.spec)
						break
					}
				}
				mu.Lock()
				sum.add(r)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	fmt.Printf("%d inputs: %d results, %d batches, %d restarts (%d with a replay), %d aborted commits; %d grouped, %d with hops, %d fanned in, %d with where, %d with groups refused\n",
		inputs, sum.results, sum.batches, sum.restarts, sum.replays, sum.aborts, sum.grouped, sum.hops, sum.fanIn, sum.where, sum.refusals)
	for _, n := range []int{sum.results, sum.restarts, sum.replays, sum.aborts, sum.grouped, sum.hops, sum.fanIn, sum.where, sum.refusals} {
		if n == 0 {
			t.Error("something was never tried")
		}
	}
}

// rechunking is one input, and what reading it in many ways came to.
type rechunking struct {
	script *script
	seed   uint64

	results, batches, restarts, replays, aborts, refusals int
	grouped, hops, fanIn, where                           int
}

func (r *rechunking) add(o *rechunking) {
	r.results += o.results
	r.batches += o.batches
	r.restarts += o.restarts
	r.replays += o.replays
	r.aborts += o.aborts
	r.refusals += o.refusals
	count := func(n *int, is bool) {
		if is {
			*n++
		}
	}
	p := o.script.spec
	count(&r.grouped, len(p.GroupBy) > 0)
	count(&r.hops, p.Window.Advance > 0 && p.Window.Advance < p.Window.Size)
	count(&r.fanIn, len(p.Sources) > 1 && p.Sink.Topic == oneSink)
	count(&r.where, slices.ContainsFunc(p.Sources, func(s spec.Source) bool { return s.Where != "" }))
}

func newRechunking(seed uint64) *rechunking {
	d := newDice(seed, 7)
	s := &script{t0: 1_700_000_000 * sec, tidy: true, untilEnd: true, closeOpen: true}
	s.drawSpec(d)
	s.drawLanguage(newDice(seed, 8))
	p := &s.spec
	p.Start, p.Idle, p.OnError, p.Late = spec.Start{Kind: spec.StartEarliest}, 0, spec.OnErrorDeadLetter, spec.LateDeadLetter
	p.Operations, p.Aggregates = some(d, 5, functions.Operations()), nil
	for i, text := range some(d, 10, everyAggregate(s)) {
		p.Aggregates = append(p.Aggregates, spec.Named{Name: fmt.Sprint("v", i), Text: text})
	}
	for i := range 1 + d.IntN(3) + len(p.Sources) - 1 {
		name := fmt.Sprintf("t%d", i)
		if len(p.Sources) > 1 && i%2 == 1 {
			name = fmt.Sprintf("u%d", i)
		}
		transactional := d.chance(30)
		for id := range int32(1 + d.IntN(2)) {
			src := &source{id: pipeline.Partition{Topic: name, ID: id}}
			s.sources = append(s.sources, src)
			if d.chance(5) {
				continue
			}
			s.write(d, src, feed{from: s.t0 - d.between(0, 5*sec), until: s.t0 + d.between(5*sec, 15*sec), gap: d.between(100*ms, 500*ms),
				disorder: int64(p.Window.Grace), garbage: pick(d, 0, 3), transactional: transactional})
			makeAwkward(d, src)
		}
	}
	return &rechunking{script: s, seed: seed}
}

// some are n of many.
func some(d dice, n int, many []string) []string {
	d.Shuffle(len(many), func(i, j int) { many[i], many[j] = many[j], many[i] })
	return many[:n]
}

// everyAggregate are aggregates of every accumulator.
func everyAggregate(s *script) []string {
	all := []string{
		"count()", "count(b)", "count_if(x > 50)", "sum(a)", "sum(a) / count(b) + mean(x ^ 2)", "min(a)", "max(b)", "range(a)", "mean(b)",
		"median(b)", "q1(a)", "q3(b)", "quantile(a, 0.9)", `quantile(b, 0.37, "r7")`, `quantile(a * x, 0.1, "r8")`,
		"stdev(a)", "stddev_samp(b)", "stddev_pop(b)", "var_samp(a * x)", "var_pop(a)", "rms(a)", "first(b)", "last(a)", "first_time(a)", "last_time(b)",
		"count_distinct(g)", "count_distinct($key)", "count_distinct(h)", "count_distinct($topic)", "count_distinct(a)", "mode(x)", "mean(a ?? c)", "var_pop(a ?? c)",
	}
	if slices.Contains(s.language.derived, "side") {
		all = append(all, "count_distinct(side)")
	}
	return all
}

// makeAwkward gives values of which sums are not exact.
func makeAwkward(d dice, src *source) {
	scale := pick(d, 1, 1e9, 1e-9, 1e300, 1e-310)
	value := func() float64 {
		switch d.IntN(8) {
		case 0:
			return scale * (1 + d.Float64()*1e-9)
		case 1:
			return -scale * d.Float64()
		case 2:
			return pick(d, 0, math.Copysign(0, -1), 0.1, -1.0/3, 5e-324, 1e308, -1e308)
		case 3:
			if d.chance(3) {
				return math.Inf(pick(d, 1, -1))
			}
		}
		return scale * (d.Float64() - 0.3)
	}
	for i := range src.entries {
		e := &src.entries[i]
		e.a = value()
		if e.schema == 2 && e.b == e.b {
			e.b = value()
		}
	}
}

// reader reads one input once: it is the client of one worker after another.
type reader struct {
	*session
	r       *rechunking
	dice    dice
	cut     bool
	offsets map[pipeline.Partition]pipeline.Committed
	begun   bool
	next    map[pipeline.Partition]int64
	resumed map[pipeline.Partition]bool
	from    map[pipeline.Partition]int64
	results []pipeline.Result
	letters []string
}

// run reads everything: at once, or cut, restarted and interleaved by chance.
func (r *rechunking) run(cut, vm bool) string {
	w := newWorld(r.script, r.seed, nil)
	w.now = r.script.t0 + 3600*sec
	w.plan = must(pipeline.Compile(r.script.spec, pipeline.Options{VM: vm}))
	c := &reader{r: r, dice: w.dice, cut: cut, offsets: map[pipeline.Partition]pipeline.Committed{}}
	if cut {
		c.dice = newDice(r.seed, uint64(100+r.restarts+r.batches))
	}
	for {
		c.begin(w)
		worker := pipeline.NewWorker(w.plan, c, true)
		for steps := 0; !cut || steps == 0 || !c.dice.chance(6); steps++ {
			if err := worker.Step(); err != nil {
				panic(err)
			}
			if worker.Finished() {
				return c.text()
			}
		}
		r.restarts++
	}
}

// begin is a process that starts: it knows nothing but what is committed.
func (c *reader) begin(w *world) {
	c.session = &session{process: &process{w: w}, layouts: map[layoutOf]*pipeline.Layout{}}
	c.begun, c.next, c.resumed, c.from = false, map[pipeline.Partition]int64{}, map[pipeline.Partition]bool{}, map[pipeline.Partition]int64{}
}

func (c *reader) Poll(req pipeline.Request) (pipeline.Fetch, error) {
	c.takeBack()
	c.w.now += c.dice.between(1, 300*ms)
	f := pipeline.Fetch{Now: c.w.now}
	if !c.begun {
		c.begun = true
		f.Events = c.take()
		return f, nil
	}
	for _, id := range req.Resume {
		c.resumed[id] = true
	}
	for _, i := range c.dice.Perm(len(c.w.script.sources)) {
		src := c.w.script.sources[i]
		if !c.resumed[src.id] || c.cut && c.dice.chance(40) {
			continue
		}
		end := int64(len(src.entries))
		if c.cut {
			end = min(end, c.next[src.id]+c.dice.between(1, pick[int64](c.dice, 2, 5, 40)))
		}
		if b := c.decode(&cursor{source: src, next: c.next[src.id]}, end); b.Next > 0 {
			f.Batches = append(f.Batches, b)
			c.r.batches++
		}
		c.next[src.id] = end
	}
	return f, nil
}

// take assigns everything.
func (c *reader) take() []pipeline.Event {
	origin := pipeline.Origin{Start: c.w.script.spec.Start, Now: c.w.now, UntilEnd: true, Stops: map[pipeline.Partition]int64{}, Present: map[pipeline.Partition]bool{}}
	var ids []pipeline.Partition
	for _, src := range c.w.script.sources {
		ids = append(ids, src.id)
		origin.Stops[src.id], origin.Present[src.id] = int64(len(src.entries)), true
	}
	positions := must(c.w.plan.Locate(ids, c.offsets, origin, look{w: c.w}))
	for _, pos := range positions {
		c.next[pos.Partition], c.from[pos.Partition] = pos.Checkpoint.Replay, pos.Checkpoint.Replay
		if pos.Checkpoint.Replay < pos.Offset {
			c.r.replays++
		}
	}
	counts := c.w.counts(c.w.now)
	return []pipeline.Event{pipeline.Synced{Owned: ids, Counts: counts}, pipeline.Assigned{Positions: positions, Counts: c.w.plan.Counts(c.offsets, nil)}}
}

func (c *reader) Commit(commit *pipeline.Commit) (bool, error) {
	if c.cut && c.dice.chance(20) {
		c.r.aborts++
		for id, next := range c.next {
			if c.resumed[id] && c.dice.chance(50) {
				c.next[id] = c.dice.between(c.from[id], next+1)
			}
		}
		return false, nil
	}
	for _, o := range commit.Offsets {
		c.offsets[o.Partition] = pipeline.Committed{Offset: o.At, Epoch: o.Epoch, Metadata: o.Metadata}
	}
	c.results = append(c.results, commit.Results...)
	for _, d := range commit.DeadLetters {
		if strings.Contains(d.Reason, "max_groups") {
			c.r.refusals++
		}
		c.letters = append(c.letters, fmt.Sprintf("%v %d %s\n", d.Partition, d.Offset, d.Reason))
	}
	return true, nil
}

// text is all that was written: the results of each shard in their order, then the
// dead letters.
func (c *reader) text() string {
	c.r.results += len(c.results)
	slices.SortStableFunc(c.results, func(a, b pipeline.Result) int {
		if by := cmp.Compare(a.Sink, b.Sink); by != 0 || c.w.script.spec.Shard != spec.ShardPartition {
			return by
		}
		return cmp.Or(cmp.Compare(a.End, b.End), strings.Compare(a.Key, b.Key)) // of several shards
	})
	encoders := map[string]*encoder{}
	empty := c.w.plan.Empty()
	var out strings.Builder
	for i := range c.results {
		r := &c.results[i]
		if encoders[r.Sink] == nil {
			encoders[r.Sink] = c.encoder(r.Sink)
		}
		for s, fields := range encoders[r.Sink].out.Sources {
			for len(r.Fields[s]) < len(fields)*len(empty) {
				r.Fields[s] = append(r.Fields[s], empty...) // as the client of Kafka does
			}
		}
		fmt.Fprintf(&out, "%s %s %d %x\n", r.Sink, r.Key, r.Start, encoders[r.Sink].Append(nil, r))
	}
	slices.Sort(c.letters)
	return out.String() + strings.Join(c.letters, "")
}

// encoder knows every field of a sink, whatever was read when.
type encoder struct {
	*codec.Encoder
	out pipeline.Output
}

func (c *reader) encoder(sink string) *encoder {
	layouts := make([]*pipeline.Layout, len(c.w.script.spec.Sources))
	for _, src := range c.w.script.sources {
		if c.w.script.sink(src.id.Topic) != sink {
			continue
		}
		l := c.layout(src.id.Topic, true)
		for _, path := range []string{"g", "k", "h"} {
			l.Group(pipeline.Field{Path: path}, []pipeline.KeyType{pipeline.KeyInteger, pipeline.KeyNumber, pipeline.KeyBoolean, pipeline.KeyText})
		}
		layouts[c.w.script.of(src.id.Topic)] = l
	}
	out := must(c.w.plan.Output(layouts))
	must(codec.SinkSchema(sink, c.w.script.spec.Sink, out))
	return &encoder{codec.NewEncoder(1, out, spec.NullsUnion), out}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// difference shows the first line that differs.
func difference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, not %d", len(a), len(b))
}
