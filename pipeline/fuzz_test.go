package pipeline

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"math/big"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// FuzzWindows compares the arithmetic of windows with that of integers without
// bounds, for every event time that there can be.
func FuzzWindows(f *testing.F) {
	f.Add(int64(10e9), uint8(1), int64(0), int64(1_700_000_000e9), int64(None))
	f.Add(int64(1), uint8(120), int64(0), int64(-1), int64(-1))
	f.Add(int64(7), uint8(3), int64(6), int64(-1<<62), int64(1<<62))
	f.Add(int64(1)<<55, uint8(120), int64(1)<<54, int64(1)<<62, int64(0))
	f.Fuzz(func(t *testing.T, advance int64, panes uint8, offset, at, from int64) {
		const furthest, widest = 1 << 62, 1 << 60 // of event times; of windows, 36 years
		if advance < 1 || panes < 1 || panes > 120 || advance > widest/int64(panes) || offset < 0 || offset >= advance ||
			at < -furthest || at > furthest || from != None && (from < -furthest || from > furthest) {
			return
		}
		w := windows{size: advance * int64(panes), advance: advance, offset: offset}
		size, step, start := big.NewInt(w.size), big.NewInt(advance), floored(at, advance, offset)
		plus := func(a *big.Int, more ...*big.Int) *big.Int {
			sum := new(big.Int).Set(a)
			for _, b := range more {
				sum.Add(sum, b)
			}
			return sum
		}
		ceil := start
		if start.Cmp(big.NewInt(at)) != 0 {
			ceil = plus(start, step)
		}
		first := plus(start, step)
		next := first
		if from != None && first.Cmp(big.NewInt(from)) <= 0 {
			next = plus(floored(from, advance, offset), step)
		}
		less := new(big.Int).Neg(size)
		pane := w.pane(at)
		for name, c := range map[string]struct {
			got  int64
			want *big.Int
		}{
			"pane":      {pane, start},
			"ceil":      {w.ceil(at), ceil},
			"first":     {w.first(pane), first},
			"last":      {w.last(pane), plus(start, size)},
			"next":      {w.next(pane, from), next},
			"undecided": {w.undecided(at), plus(start, step, less)},
			"lacking":   {w.lacking(at), plus(ceil, new(big.Int).Neg(step), size)},
		} {
			if c.want.Cmp(big.NewInt(c.got)) != 0 {
				t.Errorf("%+v: %s of %d, from %d, is %d, want %v", w, name, at, from, c.got, c.want)
			}
		}
	})
}

// floored is the start of the pane that holds at.
func floored(at, advance, offset int64) *big.Int {
	step, by := big.NewInt(advance), big.NewInt(offset)
	n := new(big.Int).Sub(big.NewInt(at), by)
	n.Div(n, step) // Euclid's, which floors where the divisor is positive
	return n.Mul(n, step).Add(n, by)
}

// FuzzCheckpoint reads any bytes under a right checksum: what is taken is the same
// once it is written and read again, and lies before the commit.
func FuzzCheckpoint(f *testing.F) {
	const done = 5000
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		c := randomCheckpoint(r, done)
		f.Add(c.appendBytes(nil, done))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b := binary.BigEndian.AppendUint32(append([]byte(nil), body...), crc32.ChecksumIEEE(body))
		c, err := DecodeCheckpoint(base64.StdEncoding.EncodeToString(b), done)
		if err != nil {
			return
		}
		if c.Replay < 0 || c.Replay > done {
			t.Errorf("reading starts at %d, the commit is at %d", c.Replay, done)
		}
		if again, err := DecodeCheckpoint(c.Encode(done), done); err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%+v is %+v, %v when it is read again", c, again, err)
		}
	})
}

// FuzzCompile compiles specs of any texts, as a file may hold them: they compile, or
// are told what is wrong with them, and a plan answers for any topic.
func FuzzCompile(f *testing.F) {
	f.Add("a", "", "x > 1 && $key matches '^a'", "x + y", "quantile(z, 0.9) / count()", "$key", "a.b", "c", "{topic}-out")
	f.Add("", "(.*)-([a-z]+)", "", "lower(name) + 'x'", "count_if(z == 'ax')", "z", "wave[3].x", "w", "{1}-{2}-x")
	f.Add("dome-[ab]*", "", "ok ?? false", "abs(x) ^ 2", "stdev(z) / mean(z)", "name", "x", "name", "all")
	f.Fuzz(func(t *testing.T, topic, regex, where, derive, aggregate, group, field, name, sink string) {
		src := spec.Source{
			Path: "source", Regex: regex, Where: where, Map: map[string]string{field: name},
			Derive: []spec.Named{{Name: "z", Text: derive}}, Registry: "source",
		}
		if regex == "" {
			src.Topics = []string{topic}
		}
		if _, err := regexp.Compile(regex); err != nil {
			return // refused where specs are read
		}
		plan, err := Compile(spec.Pipeline{
			Name: "p", Sources: []spec.Source{src}, Start: spec.Start{Kind: spec.StartEarliest}, GroupBy: []string{group},
			Window:     spec.Window{Size: time.Second, Advance: time.Second},
			Aggregates: []spec.Named{{Name: "a", Text: aggregate}}, Operations: []string{"mean"},
			MinSample: 1, SmallSample: spec.FirstValue, MaxReplay: 1, MaxGroups: 1,
			Sink: spec.Sink{Topic: sink, Partitions: 1, Replication: -1, Nulls: spec.NullsUnion},
		}, Options{})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error says nothing")
			}
			return
		}
		for _, of := range []string{topic, sink, group, "p-dead-letter", "x-aggregated"} {
			if plan.Matches(of, []*Plan{plan}) && plan.Sink(of) == of && !slices.Contains(plan.Exact(), of) {
				t.Errorf("%q is read and written", of)
			}
			plan.Shard(Partition{Topic: of})
		}
	})
}
