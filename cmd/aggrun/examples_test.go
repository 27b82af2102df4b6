package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/spec"
)

// Every folder of examples is run: what its pipelines make of input.jsonl, and of
// the later.jsonl that some have, which is written when a first run has ended, is
// expected.jsonl, to the last digit, whatever evaluates the expressions.
// AGGRUN_UPDATE=1, or -update, writes that anew.
func TestEndToEndExamples(t *testing.T) {
	folders, err := filepath.Glob("../../examples/*")
	if err != nil || len(folders) == 0 {
		t.Fatal("no examples", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) { runExample(t, folder) })
		if !updating() {
			t.Run(filepath.Base(folder)+"/vm", func(t *testing.T) { runExample(t, folder, "--vm") })
		}
	}
}

func updating() bool { return *update || os.Getenv("AGGRUN_UPDATE") != "" }

func runExample(t *testing.T, folder string, flags ...string) {
	e := &onStage{stage: newStage(t), folder: folder, schemas: map[string]writerSchema{}}
	e.prepare()
	e.write(e.load("input.jsonl"))
	if e.has("later.jsonl") {
		e.aggregate(flags...)
		e.write(e.load("later.jsonl"))
	}
	e.aggregate(append(flags, "--close-open")...)
	e.compare("expected.jsonl", e.found())
}

// onStage is one example on a stage. A cluster may be shared with others: there,
// and nowhere else, its topics and pipelines have the stage's prefix.
type onStage struct {
	stage     *stage
	folder    string
	spec      string                  // the path of the spec, with prefixes
	pipelines []string                // in the order in which they run
	schemas   map[string]writerSchema // by source topic, as *.avsc have them
}

type writerSchema struct {
	*avro.Schema
	id int
}

// jsonRecord is a record as an example's files have it.
type jsonRecord struct {
	Topic     string          `json:"topic"`
	Partition int32           `json:"partition"` // of input alone
	Key       *string         `json:"key"`
	Timestamp int64           `json:"timestamp"` // ms
	Value     json.RawMessage `json:"value"`
}

func (e *onStage) prepare() {
	t := e.stage.t
	if strings.TrimSpace(e.read("README.md")) == "" {
		t.Error("README.md says nothing")
	}
	specs, err := filepath.Glob(filepath.Join(e.folder, "pipeline.*"))
	if err != nil || len(specs) != 1 {
		t.Fatalf("want one pipeline.yaml or pipeline.cue, found %v, %v", specs, err)
	}
	e.prefix(filepath.Base(specs[0]))
	schemas, err := filepath.Glob(filepath.Join(e.folder, "*.avsc"))
	if err != nil || len(schemas) == 0 {
		t.Fatalf("want a schema TOPIC.avsc of each source topic, found %v, %v", schemas, err)
	}
	for _, path := range schemas {
		topic := strings.TrimSuffix(filepath.Base(path), ".avsc")
		e.stage.CreateTopic(t, topic, 2)
		schema, id := e.stage.register(e.stage.Prefix+topic, e.read(topic+".avsc"))
		e.schemas[topic] = writerSchema{schema, id}
	}
	if e.stage.Real && e.has("expected.jsonl") { // by default it would remove results that are as old as these
		for _, topic := range topicsOf(e.load("expected.jsonl")) {
			e.stage.CreateTopic(t, topic, 4)
		}
	}
}

var token = regexp.MustCompile(`"[^"\n]*"|[A-Za-z0-9_*.?-]+`)

// prefix copies the spec, with the prefix before every topic and pipeline that it
// names.
func (e *onStage) prefix(file string) {
	t := e.stage.t
	known, cue := e.known(file), filepath.Ext(file) == ".cue"
	text := token.ReplaceAllStringFunc(e.read(file), func(word string) string {
		name := strings.Trim(word, `"`)
		switch {
		case !known[name]:
			return word
		case name == word && !cue:
			return e.stage.Prefix + name
		}
		return `"` + e.stage.Prefix + name + `"`
	})
	e.spec = filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(e.spec, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// known are the names that need a prefix.
func (e *onStage) known(file string) map[string]bool {
	t := e.stage.t
	loaded, err := spec.Load([]string{filepath.Join(e.folder, file)}, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, p := range loaded.Pipelines {
		e.pipelines = append(e.pipelines, p.Name)
		known[p.Name], known[p.Sink.Topic] = true, !strings.HasPrefix(p.Sink.Topic, "{topic}")
		for _, src := range p.Sources {
			for _, topic := range slices.Concat(src.Topics, src.Exclude, []string{src.Regex}) {
				known[topic] = topic != ""
			}
		}
	}
	return known
}

func (e *onStage) has(file string) bool {
	_, err := os.Stat(filepath.Join(e.folder, file))
	return err == nil
}

func (e *onStage) read(file string) string {
	e.stage.t.Helper()
	text, err := os.ReadFile(filepath.Join(e.folder, file))
	if err != nil {
		e.stage.t.Fatal(err)
	}
	return string(text)
}

// load reads a file of records, one a line.
func (e *onStage) load(file string) (records []jsonRecord) {
	e.stage.t.Helper()
	for line := range strings.Lines(e.read(file)) {
		var r jsonRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			e.stage.t.Fatalf("%s: %v in %s", file, err, line)
		}
		records = append(records, r)
	}
	return records
}

func topicsOf(records []jsonRecord) (topics []string) {
	for _, r := range records {
		topics = append(topics, r.Topic)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

func (e *onStage) write(records []jsonRecord) {
	t := e.stage.t
	t.Helper()
	for _, r := range records {
		schema, ok := e.schemas[r.Topic]
		if !ok {
			t.Fatalf("no schema %s.avsc", r.Topic)
		}
		var value map[string]any
		if err := schema.DecodeJSON(r.Value, &value); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		record := &kgo.Record{
			Topic: e.stage.Prefix + r.Topic, Partition: r.Partition, Timestamp: time.UnixMilli(r.Timestamp),
			Value: e.stage.value(schema.Schema, schema.id, value),
		}
		if r.Key != nil {
			record.Key = []byte(*r.Key)
		}
		e.stage.produce(record)
	}
}

// aggregate runs the pipelines one after another, by name: one that reads what
// another writes comes after it.
func (e *onStage) aggregate(flags ...string) {
	e.stage.t.Helper()
	for _, name := range e.pipelines {
		e.stage.must(append([]string{"run", "-f", e.spec, "--until-end", "--only", e.stage.Prefix + name}, flags...)...)
	}
}

// found are the records of all other topics, as lines in order of topic, time and
// key.
func (e *onStage) found() []byte {
	t := e.stage.t
	t.Helper()
	all, err := e.stage.admin.ListTopics(e.stage.context())
	if err != nil {
		t.Fatal(err)
	}
	var records []*kgo.Record
	for _, topic := range all.Names() {
		if _, source := e.schemas[strings.TrimPrefix(topic, e.stage.Prefix)]; !source && strings.HasPrefix(topic, e.stage.Prefix) {
			records = append(records, e.stage.records(topic)...)
		}
	}
	slices.SortFunc(records, func(a, b *kgo.Record) int {
		if a.Topic != b.Topic {
			return strings.Compare(a.Topic, b.Topic)
		}
		if c := a.Timestamp.Compare(b.Timestamp); c != 0 {
			return c
		}
		return bytes.Compare(a.Key, b.Key)
	})
	var lines []byte
	for _, r := range records {
		line := strings.ReplaceAll(string(e.line(r)), e.stage.Prefix, "")
		lines = append(append(lines, line...), '\n')
	}
	return lines
}

// line is a result with its fields in the schema's order, numbers as the shortest
// decimals that give them back.
func (e *onStage) line(r *kgo.Record) []byte {
	t := e.stage.t
	t.Helper()
	if strings.HasSuffix(r.Topic, "-dead-letter") {
		t.Fatalf("a dead letter: %v", headers(r))
	}
	schema, value := e.stage.decoded(e.stage.SinkRegistry, r)
	text, err := schema.EncodeJSON(value)
	if err != nil {
		t.Fatal(err)
	}
	text = scientific.ReplaceAllFunc(text, func(number []byte) []byte {
		v, _ := strconv.ParseFloat(string(number[1:]), 64)
		return strconv.AppendFloat([]byte(":"), v, 'f', -1, 64)
	})
	return fmt.Appendf(nil, `{"topic":%q,"key":%q,"timestamp":%d,"value":%s}`, r.Topic, r.Key, r.Timestamp.UnixMilli(), text)
}

// scientific is a number of everyday size in the notation that people do not read.
var scientific = regexp.MustCompile(`:-?[0-9.]+e(\+0[0-9]|\+1[0-5]|-0[1-6])\b`)

// compare tells the lines in which a file and what was found differ.
func (e *onStage) compare(file string, found []byte) {
	t := e.stage.t
	t.Helper()
	if updating() {
		if err := os.WriteFile(filepath.Join(e.folder, file), found, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, got := slices.Collect(strings.Lines(e.read(file))), slices.Collect(strings.Lines(string(found)))
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("not expected: %s", line)
		}
	}
	if !t.Failed() && !slices.Equal(got, want) {
		t.Errorf("%s has the records in another order, or some of them twice", file)
	}
}
