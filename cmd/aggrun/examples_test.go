package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
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
