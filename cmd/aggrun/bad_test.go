package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// badRecords are a spec's source and a topic that holds every kind of record that
// cannot be used, between good ones.
type badRecords struct {
	*stage
	topic string
	good  int
	bad   map[string][]byte // value by a part of the reason
	now   time.Time
}

func (s *stage) badRecords() *badRecords {
	s.t.Helper()
	b := &badRecords{stage: s, topic: s.CreateTopic(s.t, "dome", 1), now: time.Now().Truncate(time.Second)}
	s.allowLarge(b.topic)
	doubles, id := s.register(b.topic, `{"type":"record","name":"dome","fields":[{"name":"value0","type":"double"}]}`)
	_, other := s.register(b.topic+"-other", `{"type":"record","name":"other","fields":[{"name":"value0","type":"string"}]}`)
	good := s.value(doubles, id, map[string]any{"value0": 1.5})
	text := s.value(avro.MustParse(`{"type":"record","name":"other","fields":[{"name":"value0","type":"string"}]}`), other, map[string]any{"value0": "x"})
	b.bad = map[string][]byte{
		"null":                             nil,
		"of 3 bytes":                       {0, 0, 0},
		"begins with byte 0x7b":            []byte(`{"value0": 1.5}`),
		"does not know schema id 99999999": {0, 0x05, 0xf5, 0xe0, 0xff, 1},
		"value of 1":                       append(slices.Clone(good), make([]byte, 1<<20)...),
		"bytes follow":                     append(slices.Clone(good), 7),
		"ends too early":                   good[:9],
		"value0 is string":                 text,
	}
	for i := range 40 {
		b.add(good, time.Duration(i)*250*time.Millisecond)
		b.good++
	}
	for _, value := range b.bad {
		b.add(value, 5*time.Second)
	}
	b.add(good, 30*time.Minute) // too far ahead
	b.bad["ahead"] = good
	b.add(good, 11*time.Second)
	b.good++
	return b
}

// allowLarge lets a topic take records of over 1 MiB.
func (s *stage) allowLarge(topic string) {
	s.t.Helper()
	size := strconv.Itoa(3 << 20)
	change := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &size}}
	if _, err := s.admin.AlterTopicConfigs(s.context(), change, topic); err != nil {
		s.t.Fatal(err)
	}
}

func (b *badRecords) add(value []byte, after time.Duration) {
	b.t.Helper()
	b.produce(&kgo.Record{Topic: b.topic, Key: []byte("k"), Value: value, Timestamp: b.now.Add(-10*time.Second + after),
		Headers: []kgo.RecordHeader{{Key: "own", Value: []byte("kept")}}})
}

// Each kind is set aside with its bytes and where it came from, and stops nothing.
func TestEndToEndDeadLetters(t *testing.T) {
	s := newStage(t)
	b := s.badRecords()
	o := s.must("run", "--until-end", "--close-open", "-f", s.spec(`
pipelines:
  MY-p: {source: {topics: [MY-dome], fields: [value0]}, window: 20s, operations: [count], sink: MY-out}
`))
	letters := s.records(s.Prefix + "p-dead-letter")
	if len(letters) != len(b.bad) {
		t.Errorf("%d dead letters, want %d", len(letters), len(b.bad))
	}
	for part, value := range b.bad {
		i := slices.IndexFunc(letters, func(r *kgo.Record) bool { return strings.Contains(headers(r)["aggrun-error"], part) })
		if i < 0 {
			t.Errorf("no dead letter tells of %q", part)
			continue
		}
		b.checkLetter(letters[i], value)
	}
	if t.Failed() {
		for _, r := range letters {
			t.Log(headers(r)["aggrun-error"])
		}
	}
	count := int64(0)
	for _, r := range s.records(s.Prefix + "out") {
		count += s.decode(s.SinkRegistry, r)["count"].(int64)
	}
	if int(count) != b.good || !strings.HasPrefix(summaryOf(o.stderr, s.Prefix+"p"), "41 0 0 9 ") {
		t.Errorf("%d records aggregated, want %d; summary %s", count, b.good, summaryOf(o.stderr, s.Prefix+"p"))
	}
}

func (b *badRecords) checkLetter(r *kgo.Record, value []byte) {
	b.t.Helper()
	h := headers(r)
	large := len(value) > 1<<20
	if large && (h["aggrun-truncated"] != strconv.Itoa(len(value)) || !bytes.HasPrefix(value, r.Value)) ||
		!large && (!bytes.Equal(r.Value, value) || (r.Value == nil) != (value == nil)) {
		b.t.Errorf("a dead letter has %d bytes, want the original's %d", len(r.Value), len(value))
	}
	if string(r.Key) != "k" || h["own"] != "kept" || h["aggrun-topic"] != b.topic || h["aggrun-partition"] != "0" ||
		h["aggrun-pipeline"] != b.Prefix+"p" || h["aggrun-timestamp"] == "" {
		b.t.Errorf("a dead letter has key %s and headers %v", r.Key, h)
	}
	if _, err := strconv.Atoi(h["aggrun-offset"]); err != nil {
		b.t.Error(err)
	}
}

func headers(r *kgo.Record) map[string]string {
	h := map[string]string{}
	for _, x := range r.Headers {
		h[x.Key] = string(x.Value)
	}
	return h
}

// on_error: skip counts them and keeps nothing; fail stops at the first one and
// says where it lies.
func TestEndToEndOnError(t *testing.T) {
	s := newStage(t)
	b := s.badRecords()
	o := s.must("run", "--until-end", "-f", s.spec(`
pipelines:
  MY-p: {source: {topics: [MY-dome], fields: [value0]}, window: 20s, operations: [count], on_error: skip, sink: MY-skip}
`))
	if got := summaryOf(o.stderr, s.Prefix+"p"); !strings.HasPrefix(got, "41 0 9 0 ") {
		t.Errorf("under skip the summary says %s", got)
	}
	if letters := s.records(s.Prefix + "p-dead-letter"); len(letters) > 0 {
		t.Errorf("under skip there are %d dead letters", len(letters))
	}
	o = s.run("run", "--until-end", "-f", s.spec(`
pipelines:
  MY-q: {source: {topics: [MY-dome], fields: [value0]}, window: 20s, operations: [count], on_error: fail, sink: MY-fail}
`))
	if o.code != 1 || !strings.Contains(o.stderr, "aggrun: pipeline "+s.Prefix+"q: ") || !strings.Contains(o.stderr, b.topic) {
		t.Errorf("under fail the exit code is %d, and\n%s", o.code, o.stderr)
	}
	if results := s.records(s.Prefix + "fail"); len(results) > 0 {
		t.Errorf("under fail there are %d results", len(results))
	}
}
