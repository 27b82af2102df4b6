package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// telemetry is a schema with a field of each sort that groups and expressions use.
const telemetry = `{"type":"record","name":"mount","fields":[
	{"name":"stamp","type":["null","double"],"default":null},
	{"name":"index","type":["null","int"],"default":null,"doc":"which one"},
	{"name":"site","type":["null","string"],"default":null},
	{"name":"ok","type":["null","boolean"],"default":null},
	{"name":"value0","type":["null","double"],"default":null,"units":"deg"}]}`

// fields are the values of one record.
type fields map[string]any

// put writes records of the telemetry schema.
func (w *world) put(topic string, partition int32, key string, at time.Time, values ...fields) {
	w.t.Helper()
	all := make([]fields, len(values))
	for i, v := range values {
		all[i] = fields{"stamp": nil, "index": nil, "site": nil, "ok": nil, "value0": nil}
		maps.Copy(all[i], v)
	}
	w.putAs(telemetry, topic, partition, key, at, all...)
}

// register makes a schema the latest of a topic, and gives its id.
func (w *world) register(schema, topic string) int {
	w.t.Helper()
	client, err := sr.NewClient(sr.URLs(w.source))
	if err != nil {
		w.t.Fatal(err)
	}
	registered, err := client.CreateSchema(context.Background(), topic+"-value", sr.Schema{Schema: schema})
	if err != nil {
		w.t.Fatal(err)
	}
	return registered.ID
}

// putAs writes records of a schema.
func (w *world) putAs(text, topic string, partition int32, key string, at time.Time, values ...fields) {
	w.t.Helper()
	id := w.register(text, topic)
	schema := avro.MustParse(text)
	for i, v := range values {
		body, err := schema.Encode(map[string]any(v))
		if err != nil {
			w.t.Fatal(err)
		}
		r := &kgo.Record{Topic: topic, Partition: partition, Timestamp: at.Add(time.Duration(i) * 10 * time.Millisecond),
			Value: append(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), body...)}
		if key != "" {
			r.Key = []byte(key)
		}
		if err := w.client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			w.t.Fatal(err)
		}
	}
}

// runSpec runs a spec to the end of what is there, by as many workers, and closes
// what is open.
func (w *world) runSpec(text string, workers int) error {
	w.t.Helper()
	_, err := w.runAll(text, workers, true)
	return err
}

// compilePlan compiles a spec of one pipeline.
func compilePlan(t testing.TB, text string) *pipeline.Plan {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, err := spec.Load([]string{name}, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pipeline.Compile(loaded.Pipelines[0], pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// runAll is runSpec with what the reports come to.
func (w *world) runAll(text string, workers int, closeOpen bool) (sum pipeline.Counts, first error) {
	w.t.Helper()
	plan := compilePlan(w.t, text)
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	done := make(chan error, workers)
	var mu sync.Mutex
	for i := range workers {
		cfg := w.config(fmt.Sprint("w", i))
		cfg.UntilEnd, cfg.CloseOpen = true, closeOpen
		go func() {
			reports, err := Run(ctx, cfg, []*pipeline.Plan{plan})
			mu.Lock()
			for _, c := range reports[0].Counts {
				sum.Add(c)
			}
			mu.Unlock()
			done <- err
		}()
	}
	for range workers {
		if err := <-done; err != nil && first == nil {
			first = err
		}
	}
	return sum, first
}

// lines are the results of a sink, each as its key and value, sorted.
func (w *world) lines(sink string) string {
	w.t.Helper()
	r, err := newRun(w.config("reader"), w.plan(nil))
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client, err := sr.NewClient(sr.URLs(w.sink))
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, rec := range w.readAll(ctx, r, sink) {
		text, err := client.SchemaByID(ctx, int(binary.BigEndian.Uint32(rec.Value[1:])))
		if err != nil {
			w.t.Fatal(err)
		}
		var v map[string]any
		if _, err := avro.MustParse(text.Schema).Decode(rec.Value[5:], &v); err != nil {
			w.t.Fatal(err)
		}
		delete(v, "window_size")
		v["time"] = v["time"].(float64) - 1_700_000_000
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, string(rec.Key)+" "+strings.TrimSpace(b.String()))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func (w *world) wantLines(sink, want string) {
	w.t.Helper()
	if got := w.lines(sink); got != strings.TrimSpace(want) {
		w.t.Errorf("%s has\n%s\nwant\n%s", sink, got, strings.TrimSpace(want))
	}
}

var epoch = time.Unix(1_700_000_000, 0)

func TestGroupsAndAggregates(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 2})
	w.put("mount", 0, "", epoch, fields{"index": 1, "value0": 1.0, "ok": true}, fields{"index": 2, "value0": 5.0, "ok": false}, fields{"value0": 7.0, "site": "a"})
	w.put("mount", 1, "", epoch, fields{"index": 1, "value0": 3.0, "site": "b"}, fields{"index": 1, "value0": -99.0}, fields{"index": 1})
	if err := w.runSpec(`
pipelines:
  p:
    source: {topics: [mount], where: 'value0 > -50 || site == "z"'}
    group_by: [index]
    window: 1s
    operations: [mean]
    min_sample_size: 1
    aggregates: {good: "count_if(ok)", sites: count_distinct(site), spread: max(value0) - min(value0)}
`, 1); err != nil {
		t.Fatal(err)
	}
	w.wantLines("mount-aggregated", `
[1] {"count":1,"good":0,"index":1,"mean_stamp":null,"mean_value0":3,"sites":1,"spread":0,"time":0.5}
[null] {"count":1,"good":0,"index":null,"mean_stamp":null,"mean_value0":7,"sites":1,"spread":0,"time":0.5}
`)
}

// With shard: partition, two workers share one topic, and a partition is whole.
func TestShardPartition(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 4})
	want := ""
	for p := range int32(4) {
		w.put("mount", p, "", epoch, fields{"value0": 1.0}, fields{"value0": float64(p)})
		want += fmt.Sprintf("[%d] {\"count\":2,\"mean_value0\":%v,\"partition\":%d,\"time\":0.5}\n", p, (1+float64(p))/2, p)
	}
	if err := w.runSpec(`
pipelines:
  p:
    source: {topics: [mount], fields: [value0]}
    group_by: [$partition]
    shard: partition
    window: 1s
    operations: [mean]
`, 2); err != nil {
		t.Fatal(err)
	}
	w.wantLines("mount-aggregated", want)
}

// Keys that are not where their partitioner would have put them stop a pipeline
// that relies on it.
func TestPartitioner(t *testing.T) {
	const text = `
pipelines:
  p:
    source: {topics: [mount], fields: [value0]}
    group_by: [$key]
    shard: partition
    partitioner: crc32
    window: 1s
    operations: [mean]
    min_sample_size: 1
`
	w := newWorld(t, 1, map[string]int32{"mount": 4})
	want := ""
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		w.put("mount", int32(crc32.ChecksumIEEE([]byte(key))%4), key, epoch, fields{"value0": 2.0})
		want += fmt.Sprintf("[%q] {\"count\":1,\"key\":%[1]q,\"mean_value0\":2,\"time\":0.5}\n", key)
	}
	w.put("mount", 2, "", epoch, fields{"value0": 2.0})
	if err := w.runSpec(text, 2); err != nil {
		t.Fatal(err)
	}
	w.wantLines("mount-aggregated", want)
	w.put("mount", int32((crc32.ChecksumIEEE([]byte("z"))+1)%4), "z", epoch.Add(time.Minute), fields{"value0": 2.0})
	if err := w.runSpec(text, 1); err == nil || !strings.Contains(err.Error(), "by partitioner crc32 its key belongs to partition") {
		t.Errorf("a misplaced key: %v", err)
	}
}

// A field may hold event time: results follow it, and what is too far from the
// record's own timestamp is set aside.
func TestTimeField(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 1})
	w.put("mount", 0, "", epoch.Add(10*time.Second), fields{"stamp": 1_700_000_003.25, "value0": 1.0}, fields{"stamp": 1_700_000_003.75, "value0": 2.0},
		fields{"value0": 3.0}, fields{"stamp": 1_800_000_000.0, "value0": 4.0}, fields{"stamp": 1_700_000_005.25, "value0": 5.0})
	const text = `
pipelines:
  NAME:
    source: {topics: [mount], time: stamp}
    start: START
    sink: SINK
    window: 1s
    operations: [sum]
    min_sample_size: 1
`
	if err := w.runSpec(strings.NewReplacer("NAME", "p", "START", "earliest", "SINK", "all").Replace(text), 1); err != nil {
		t.Fatal(err)
	}
	w.wantLines("all", `
p {"count":1,"sum_index":null,"sum_value0":5,"time":5.5}
p {"count":2,"sum_index":null,"sum_value0":3,"time":3.5}
`)
	if err := w.runSpec(strings.NewReplacer("NAME", "later", "START", "2023-11-14T22:13:24Z", "SINK", "some").Replace(text), 1); err != nil {
		t.Fatal(err)
	}
	w.wantLines("some", `later {"count":1,"sum_index":null,"sum_value0":5,"time":5.5}`)
}

// Captures of a regex name sinks that several topics share; a topic that falls
// silent gives nulls.
func TestCaptures(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"north-mount": 1, "north-dome": 1, "south-mount": 1})
	w.put("north-mount", 0, "", epoch, fields{"value0": 1.0})
	w.put("north-dome", 0, "", epoch, fields{"value0": 2.0})
	w.put("north-mount", 0, "", epoch.Add(5*time.Second), fields{"value0": 3.0})
	w.put("south-mount", 0, "", epoch, fields{"value0": 4.0})
	if err := w.runSpec(`
pipelines:
  p:
    sources:
    - {regex: "(.*)-mount", fields: [value0], map: {value0: mount}}
    - {regex: "(.*)-dome", fields: [value0], map: {value0: dome}}
    window: 1s
    operations: [mean]
    min_sample_size: 1
    sink: "{1}-all"
    aggregates: {off: mean(mount) - mean(dome)}
`, 1); err != nil {
		t.Fatal(err)
	}
	w.wantLines("north-all", `
p {"count":1,"mean_dome":null,"mean_mount":3,"off":null,"time":5.5}
p {"count":2,"mean_dome":2,"mean_mount":1,"off":-1,"time":0.5}
`)
	w.wantLines("south-all", `p {"count":1,"mean_mount":4,"off":null,"time":0.5}`)
}

// A field that no topic has is told at its place in the spec.
func TestUnknownFieldInExpression(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 1})
	w.put("mount", 0, "", epoch, fields{"value0": 1.0})
	err := w.runSpec(`
pipelines:
  p:
    source: {topics: [mount], where: value0 > -50 && vlaue0 < 9}
    group_by: [indx]
    window: 1s
    aggregates: {x: mean(site) + 1, y: mean(nowhere)}
`, 1)
	for _, want := range []string{
		`a.yaml:4:54: pipelines.p.source.where: no source topic has a field vlaue0 (did you mean value0?)`,
		"\n    source: {topics: [mount], where: value0 > -50 && vlaue0 < 9}\n                                                     ^",
		`pipelines.p.group_by[0]: no source topic has a field indx (did you mean index?)`,
		`pipelines.p.aggregates.x: field site is [null, string], not a number`,
		`pipelines.p.aggregates.y: no source topic has a field nowhere`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s in\n%v", want, err)
		}
	}
}

// The types of a group's field only grow, whatever schemas a process meets: the
// sink's records stay readable.
func TestGroupTypesGrow(t *testing.T) {
	w := newWorld(t, 1, map[string]int32{"mount": 1, "mount-b": 1})
	const text = `
pipelines:
  p:
    source: {topics: ["mount*"], exclude: ["*-aggregated"], fields: [value0]}
    group_by: [FIELD]
    sink: all
    window: 1s
    operations: [mean]
    min_sample_size: 1
`
	w.put("mount", 0, "", epoch, fields{"index": 7, "site": "a", "value0": 1.0})
	w.put("mount-b", 0, "", epoch, fields{"index": 8, "site": "b", "value0": 1.0})
	if err := w.runSpec(strings.ReplaceAll(text, "FIELD", "index"), 1); err != nil {
		t.Fatal(err)
	}
	if err := w.runSpec(strings.NewReplacer("FIELD", "index", "  p:", "  q:", "source: {topics", "source: {map: {index: number, site: index}, topics").Replace(text), 1); err != nil {
		t.Fatal(err)
	}
	w.wantLines("all", `
["a"] {"count":1,"index":"a","mean_value0":1,"time":0.5}
["b"] {"count":1,"index":"b","mean_value0":1,"time":0.5}
[7] {"count":1,"index":7,"mean_value0":1,"time":0.5}
[8] {"count":1,"index":8,"mean_value0":1,"time":0.5}
`)
}
