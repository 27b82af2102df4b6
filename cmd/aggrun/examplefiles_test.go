package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/spec"
)

// This file reads the folder of an example, and writes its expected.jsonl.

func updating() bool { return *update || os.Getenv("AGGRUN_UPDATE") != "" }

// jsonRecord is a record as an example's files have it.
type jsonRecord struct {
	Topic     string          `json:"topic"`
	Partition int32           `json:"partition"` // of input alone
	Key       *string         `json:"key"`
	Timestamp int64           `json:"timestamp"` // ms
	Value     json.RawMessage `json:"value"`
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
