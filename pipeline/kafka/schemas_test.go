package kafka

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

// record is a schema of these fields.
func record(fields string) string { return `{"type":"record","name":"r","fields":[` + fields + `]}` }

const (
	xText   = `{"name":"x","type":"string"},{"name":"y","type":"double"}`
	xNumber = `{"name":"x","type":"double"},{"name":"y","type":"double"}`
	sums1s  = `
pipelines:
  p:
    source: mount
    window: 1s
    operations: [sum]
    min_sample_size: 1
`
)

// Whether a record counts depends on its schema and the spec, not on which
// schemas a process met before: a restart between them changes nothing.
func TestTypesThatChange(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, second string
		latest        string
		before, after fields
		want          string
	}{
		{"text to number", xText, xNumber, "", fields{"x": "a", "y": 1.0}, fields{"x": 5.0, "y": 100.0},
			`mount {"count":2,"sum_x":5,"sum_y":101,"time":0.5}`},
		{"number to text", xNumber, xText, "", fields{"x": 5.0, "y": 1.0}, fields{"x": "a", "y": 100.0},
			`mount {"count":2,"sum_x":5,"sum_y":101,"time":0.5}`},
		{"number, then not there", xText, `{"name":"y","type":"double"}`, xNumber, fields{"x": "a", "y": 1.0}, fields{"y": 100.0},
			`mount {"count":2,"sum_x":null,"sum_y":101,"time":0.5}`},
		{"boolean to number", `{"name":"x","type":"boolean"},{"name":"y","type":"double"}`, xNumber, "", fields{"x": true, "y": 1.0}, fields{"x": 5.0, "y": 100.0},
			`mount {"count":2,"sum_x":5,"sum_y":101,"time":0.5}`},
		{"text, and a field that joins", `{"name":"x","type":"double"}`, `{"name":"x","type":"string"},{"name":"y","type":"double"}`, "",
			fields{"x": 5.0}, fields{"x": "a", "y": 1.0}, `mount {"count":2,"sum_x":5,"sum_y":1,"time":0.5}`},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, ", restart ", restart), func(t *testing.T) {
				w := newWorld(t, 1, map[string]int32{"mount": 1})
				w.putAs(record(c.first), "mount", 0, "", epoch, c.before)
				if c.latest != "" {
					w.register(record(c.latest), "mount")
				}
				var first pipeline.Counts
				if restart {
					var err error
					if first, err = w.runAll(sums1s, 1, false); err != nil {
						t.Fatal(err)
					}
				}
				w.putAs(record(c.second), "mount", 0, "", epoch.Add(100*time.Millisecond), c.after)
				sum, err := w.runAll(sums1s, 1, true)
				if err != nil {
					t.Fatal(err)
				}
				sum.Add(first)
				if sum.Aggregated != 2 || sum.Bad != 0 {
					t.Errorf("counts %+v, want 2 aggregated", sum)
				}
				got := w.lines("mount-aggregated")
				if want := c.want; strings.ReplaceAll(got, `"sum_x":null,`, "") != strings.ReplaceAll(want, `"sum_x":null,`, "") {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
}

// A field that the spec names has to be of its type: a schema in which it is not
// has bad records, whichever process reads them.
func TestNamedFieldOfAnotherType(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 1})
	w.putAs(record(xText), "mount", 0, "", epoch, fields{"x": "a", "y": 100.0})
	w.putAs(record(xNumber), "mount", 0, "", epoch, fields{"x": 5.0, "y": 1.0})
	sum, err := w.runAll(strings.Replace(sums1s, "source: mount", "source: {topics: [mount], where: x > 0}", 1), 1, true)
	if err != nil || sum.Aggregated != 1 || sum.Bad != 1 {
		t.Errorf("counts %+v, %v; want one aggregated and one bad", sum, err)
	}
}

// A group value that would not fit in a result's key makes a bad record, and the
// others come out.
func TestHugeGroupValue(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 1})
	w.put("mount", 0, "", epoch, fields{"site": strings.Repeat("x", 200_000), "value0": 1.0}, fields{"site": "<a>", "value0": 2.0})
	sum, err := w.runAll(`
pipelines:
  p:
    source: {topics: [mount], fields: [value0]}
    group_by: [site]
    window: 1s
    operations: [sum]
    min_sample_size: 1
`, 1, true)
	if err != nil || sum.Aggregated != 1 || sum.Bad != 1 {
		t.Errorf("counts %+v, %v; want one aggregated and one bad", sum, err)
	}
	w.wantLines("mount-aggregated", `["<a>"] {"count":1,"site":"<a>","sum_value0":2,"time":0.5}`)
}

// A text that is not UTF-8 is a bad record, also where it is only compared.
func TestTextsAreUTF8(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 1})
	w.put("mount", 0, "", epoch, fields{"site": "\xff", "value0": 1.0}, fields{"site": "a", "value0": 2.0})
	sum, err := w.runAll(`
pipelines:
  p:
    source: {topics: [mount], fields: [value0], derive: {s: 'site ?? "none"'}}
    group_by: [s]
    window: 1s
    operations: [sum]
    min_sample_size: 1
`, 1, true)
	if err != nil || sum.Aggregated != 1 || sum.Bad != 1 {
		t.Errorf("counts %+v, %v; want one aggregated and one bad", sum, err)
	}
}

// What an aggregate reads of several sources is no part of the operations of one.
func TestPooledArgument(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"a": 1, "b": 1})
	w.put("a", 0, "", epoch, fields{"value0": 1.0})
	w.put("b", 0, "", epoch, fields{"value0": 101.0})
	if err := w.runSpec(`
pipelines:
  p:
    sources: [{topics: [a], fields: [value0]}, {topics: [b], fields: [stamp]}]
    window: 1s
    operations: [mean]
    min_sample_size: 1
    aggregates: {x: mean(value0), dates: count(stamp)}
`, 1); err != nil {
		t.Fatal(err)
	}
	w.wantLines("p-aggregated", `p {"count":2,"dates":0,"mean_stamp":null,"mean_value0":1,"time":0.5,"x":51}`)
}

// What is a number but not written as one can be counted and grouped by.
func TestTimestampsAndDecimals(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 1})
	w.putAs(record(`{"name":"seen","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
		{"name":"gain","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},{"name":"y","type":"double"}`), "mount", 0, "", epoch,
		fields{"seen": epoch, "gain": big.NewRat(5, 2), "y": 1.0},
		fields{"seen": nil, "gain": big.NewRat(5, 2), "y": 2.0},
		fields{"seen": epoch, "gain": big.NewRat(3, 1), "y": 4.0})
	if err := w.runSpec(`
pipelines:
  p:
    source: {topics: [mount], fields: [y]}
    group_by: [gain]
    window: 1s
    operations: [sum]
    min_sample_size: 1
    aggregates: {dates: count(seen)}
`, 1); err != nil {
		t.Fatal(err)
	}
	w.wantLines("mount-aggregated", `[2.5] {"count":2,"dates":1,"gain":2.5,"sum_y":3,"time":0.5}
[3] {"count":1,"dates":1,"gain":3,"sum_y":4,"time":0.5}`)
}
