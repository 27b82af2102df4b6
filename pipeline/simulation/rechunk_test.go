package simulation

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
	fmt.Printf("%d inputs: %d results, %d batches, %d restarts (%d with a replay), %d aborted commits, %d pauses; %d grouped, %d with hops, %d fanned in, %d with where, %d with groups refused\n",
		inputs, sum.results, sum.batches, sum.restarts, sum.replays, sum.aborts, sum.pauses, sum.grouped, sum.hops, sum.fanIn, sum.where, sum.refusals)
	for _, n := range []int{sum.results, sum.restarts, sum.replays, sum.aborts, sum.pauses, sum.grouped, sum.hops, sum.fanIn, sum.where, sum.refusals} {
		if n == 0 {
			t.Error("something was never tried")
		}
	}
}

// rechunking is one input, and what reading it in many ways came to.
type rechunking struct {
	script *script
	seed   uint64

	results, batches, restarts, replays, aborts, refusals, pauses int
	grouped, hops, fanIn, where                                   int
}

func (r *rechunking) add(o *rechunking) {
	r.results += o.results
	r.batches += o.batches
	r.restarts += o.restarts
	r.replays += o.replays
	r.aborts += o.aborts
	r.refusals += o.refusals
	r.pauses += o.pauses
	count := func(n *int, is bool) {
		if is {
			*n++
		}
	}
	p := o.script.spec
	count(&r.grouped, len(p.GroupBy) > 0)
	count(&r.hops, p.Window.Advance > 0 && p.Window.Advance < p.Window.Size)
	count(&r.fanIn, len(p.Sources) > 1 && p.Sink.Topic != ownSink)
	count(&r.where, slices.ContainsFunc(p.Sources, func(s spec.Source) bool { return s.Where != "" }))
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
	cells := 0
	if cut { // some are ahead of others, and paused
		cells = 4
	}
	w.plan = must(pipeline.Compile(r.script.spec, pipeline.Options{VM: vm, Cells: cells}))
	c := &reader{r: r, dice: newDice(r.seed, 2), cut: cut, offsets: map[pipeline.Partition]pipeline.Committed{}}
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
	c.session = &session{process: &process{w: w}, script: w.script, plan: w.plan, layouts: map[layoutOf]*pipeline.Layout{}}
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
	for _, id := range req.Pause {
		c.resumed[id] = false
		c.r.pauses++
	}
	for _, i := range c.dice.Perm(len(c.w.script.sources)) {
		src := c.w.script.sources[i]
		if !c.resumed[src.id] || c.cut && (c.dice.chance(40) || src.slow && c.dice.chance(80)) {
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
	for _, r := range commit.Results {
		c.results = append(c.results, r.Clone())
	}
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
