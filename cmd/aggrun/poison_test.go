package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// This file runs the kinds of poisonkinds_test.go: each between good records, in
// topics that are read whole, in two halves, once more, and side by side with topics
// in which they are not.

// kind is a record that something is wrong with, or that is odd and good.
type kind struct {
	name   string
	schema string            // of its writer: a record's fields, or a whole type; "" is that of good records
	id     int               // in the header, where it is not the schema's
	value  []byte            // whole, where it does not begin with a header
	raw    bool              // value is all there is, be it null
	body   []byte            // after the header
	change func(*kgo.Record) // what is wrong with the rest
	want   string            // the reason, {id} for the schema's; "": a good record without a value
}

// setup is a pipeline, and the kinds that are wrong for it.
type setup struct {
	name    string
	options string // what the pipeline has beside its topic, window and operations
	source  string // what its source has beside the topic
	schema  string // fields of good records
	good    func(i int, at time.Time, value float64) map[string]any
	kinds   []kind
}

// poisoned is a topic with every kind of a setup, and one without.
type poisoned struct {
	*stage
	setup
	topic, clean string
	now          time.Time
	avro         *avro.Schema
	id           int
	ids          map[string]int
	values       int
	offset       int64
	bad          map[int64]kind // by offset
	originals    map[int64]*kgo.Record
	odd          int // kinds that are good
}

func (s *stage) poison(of setup) *poisoned {
	s.t.Helper()
	p := &poisoned{
		stage: s, setup: of, topic: s.CreateTopic(s.t, of.name, 1), clean: s.CreateTopic(s.t, of.name+"-clean", 1),
		now: time.Now().Add(-time.Minute).Truncate(10 * time.Second), ids: map[string]int{}, bad: map[int64]kind{}, originals: map[int64]*kgo.Record{},
	}
	s.takeAll(p.topic)
	p.avro, p.id = s.register(s.Prefix+of.name+"-good", inRecord(of.schema))
	return p
}

func inRecord(fields string) string {
	return `{"type":"record","name":"dome","fields":[` + fields + `]}`
}

// takeAll lets a topic take records that are large, and whose time is anything.
func (s *stage) takeAll(topic string) {
	s.allowLarge(topic)
	if s.Real { // the embedded broker has no such bound
		most := strconv.Itoa(math.MaxInt64)
		change := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "message.timestamp.after.max.ms", Value: &most}}
		if _, err := s.admin.AlterTopicConfigs(s.context(), change, topic); err != nil {
			s.t.Fatal(err)
		}
	}
}

// add writes some kinds, each between good records, at a time of its own.
func (p *poisoned) add(from, to int) {
	p.t.Helper()
	for i := from; i < to; i++ {
		at := p.now.Add(time.Duration(i) * 500 * time.Millisecond)
		p.both(at, 2)
		p.poison(p.kinds[i], at)
		p.both(at, 2)
	}
}

// both writes good records to both topics.
func (p *poisoned) both(at time.Time, n int) {
	p.t.Helper()
	for range n {
		p.values++
		value := p.value(p.avro, p.id, p.good(p.values, at, 1/float64(p.values)))
		for _, topic := range []string{p.topic, p.clean} {
			p.produce(&kgo.Record{Topic: topic, Key: []byte("k"), Value: value, Timestamp: at})
		}
		p.offset++
	}
}

// poison writes a record of a kind; of one that is good, the clean topic has the
// like, which nobody could take for another.
func (p *poisoned) poison(k kind, at time.Time) {
	p.t.Helper()
	r, id := p.made(k, p.topic, at)
	if ms, ok := r.Context.Value(onWire{}).(int64); ok {
		p.produceRaw(r, ms)
	} else {
		p.produce(r)
	}
	if k.want == "" {
		p.odd++
		p.produce(&kgo.Record{Topic: p.clean, Key: []byte("k"), Value: p.value(p.avro, p.id, p.good(1, at, math.NaN())), Timestamp: at})
	} else {
		k.want = strings.ReplaceAll(k.want, "{id}", strconv.Itoa(id))
		p.bad[p.offset], p.originals[p.offset] = k, r
	}
	p.offset++
}

// made gives a record of a kind, and the id in its header.
func (p *poisoned) made(k kind, topic string, at time.Time) (*kgo.Record, int) {
	p.t.Helper()
	id := p.id
	switch {
	case k.id != 0:
		id = k.id
	case k.schema != "":
		id = p.writer(k)
	}
	value := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), k.body...)
	if k.raw {
		value = k.value
	}
	r := &kgo.Record{Topic: topic, Key: []byte("k"), Value: value, Timestamp: at, Headers: []kgo.RecordHeader{{Key: "own", Value: []byte("kept")}}}
	r.Context = context.Background()
	if k.change != nil {
		k.change(r)
	}
	return r, id
}

// produceRaw writes a record with a timestamp that kgo has no time for.
func (s *stage) produceRaw(r *kgo.Record, ms int64) {
	s.t.Helper()
	inner := kmsg.Record{Key: r.Key, Value: r.Value, Headers: []kmsg.Header{{Key: r.Headers[0].Key, Value: r.Headers[0].Value}}}
	inner.Length = int32(len(inner.AppendTo(nil)) - 1) // less that of the length, which is 0
	batch := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, FirstTimestamp: ms, MaxTimestamp: ms,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 1, Records: inner.AppendTo(nil),
	}
	const lengthEnd, crcEnd = 8 + 4, 8 + 4 + 4 + 1 + 4
	batch.Length = int32(len(batch.AppendTo(nil)) - lengthEnd)
	batch.CRC = int32(crc32.Checksum(batch.AppendTo(nil)[crcEnd:], crc32.MakeTable(crc32.Castagnoli)))
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 10_000
	details, err := s.admin.ListTopics(s.context(), r.Topic)
	if err != nil {
		s.t.Fatal(err)
	}
	topic := kmsg.ProduceRequestTopic{Topic: r.Topic, TopicID: details[r.Topic].ID, Partitions: []kmsg.ProduceRequestTopicPartition{{Records: batch.AppendTo(nil)}}}
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(s.context(), s.client.Broker(int(details[r.Topic].Partitions[0].Leader)))
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// writer registers the schema of a kind, once.
func (p *poisoned) writer(k kind) int {
	p.t.Helper()
	text := k.schema
	if strings.HasPrefix(text, `{"name"`) {
		text = inRecord(text)
	}
	if _, ok := p.ids[text]; !ok {
		_, p.ids[text] = p.register(fmt.Sprintf("%s%s-writer-%d", p.Prefix, p.name, len(p.ids)), text)
	}
	return p.ids[text]
}

// pipeline gives the spec of a pipeline on a topic.
func (p *poisoned) pipeline(name, topic, onError string) string {
	return fmt.Sprintf("  %s%s: {source: {topics: [%s]%s}, window: 10s, operations: [count, mean, stdev, median], on_error: %s, sink: {topic: \"{topic}-%s\", partitions: 1}%s}\n",
		p.Prefix, name, topic, p.source, onError, name, p.options)
}

// TestEndToEndPoison holds of every kind: it is one dead letter, with its reason and
// where it came from; what is around it is aggregated to the bit as if it were not
// there; nothing is unaccounted for; and all of that whether it is read once, again
// after a restart, or skipped.
func TestEndToEndPoison(t *testing.T) {
	for _, of := range setups {
		t.Run(of.name, func(t *testing.T) {
			s := newStage(t)
			s.SourceRegistry = oddRegistry(t, s.SourceRegistry)
			p := s.poison(of)
			half := len(p.kinds) / 2
			p.add(0, half)
			first := p.pipeline("p", p.topic, "dead_letter")
			s.must("run", "--until-end", "-f", s.spec("pipelines:\n"+first))
			p.add(half, len(p.kinds))
			p.both(p.now.Add(time.Duration(len(p.kinds))*500*time.Millisecond), 3)
			o := s.must("run", "--until-end", "--close-open", "-f", s.spec("pipelines:\n"+first+
				p.pipeline("again", p.topic, "dead_letter")+p.pipeline("skip", p.topic, "skip")+p.pipeline("clean", p.clean, "fail")))
			for _, name := range []string{"p", "again"} {
				p.checkLetters(name)
			}
			if letters := s.records(s.Prefix + "skip-dead-letter"); len(letters) > 0 {
				t.Errorf("under skip there are %d dead letters", len(letters))
			}
			p.checkSums(o.stderr)
			p.checkBits()
		})
	}
}

// checkLetters wants one dead letter of each bad record and no other.
func (p *poisoned) checkLetters(name string) {
	p.t.Helper()
	seen := map[int64]bool{}
	for _, r := range p.records(p.Prefix + name + "-dead-letter") {
		h := headers(r)
		offset, err := strconv.ParseInt(h["aggrun-offset"], 10, 64)
		k, ok := p.bad[offset]
		if err != nil || !ok || seen[offset] {
			p.t.Errorf("%s: a dead letter of offset %s, again or of a good record: %s", name, h["aggrun-offset"], h["aggrun-error"])
			continue
		}
		seen[offset] = true
		original := p.originals[offset]
		stamp := strconv.FormatInt(original.Timestamp.UnixMilli(), 10)
		if original.Context.Value(onWire{}) != nil {
			stamp = "out of range"
		}
		want := map[string]string{
			"aggrun-topic": p.topic, "aggrun-partition": "0", "aggrun-offset": h["aggrun-offset"], "aggrun-error": k.want,
			"aggrun-pipeline": p.Prefix + name, "aggrun-timestamp": stamp, "own": "kept",
		}
		kept := original.Value
		if len(kept) > 900<<10 {
			want["aggrun-truncated"] = strconv.Itoa(len(kept))
			kept = kept[:64<<10]
		}
		if !maps.Equal(h, want) {
			p.t.Errorf("%s: %s: a dead letter says\n%v, want\n%v", name, k.name, h, want)
		}
		if !bytes.Equal(r.Value, kept) || (r.Value == nil) != (kept == nil) || !bytes.Equal(r.Key, original.Key) {
			p.t.Errorf("%s: %s: a dead letter has %d bytes, want %d", name, k.name, len(r.Value), len(kept))
		}
	}
	for offset, k := range p.bad {
		if !seen[offset] {
			p.t.Errorf("%s: no dead letter of %s at offset %d", name, k.name, offset)
		}
	}
}

// checkSums wants every offset in the summary, once.
func (p *poisoned) checkSums(summary string) {
	p.t.Helper()
	good, bad := p.values+p.odd, len(p.bad)
	for name, want := range map[string]string{
		"again": fmt.Sprintf("%d 0 0 %d 0 ", good, bad),
		"skip":  fmt.Sprintf("%d 0 %d 0 0 ", good, bad),
		"clean": fmt.Sprintf("%d 0 0 0 0 ", good),
	} {
		if got := summaryOf(summary, p.Prefix+name); !strings.HasPrefix(got, want) {
			p.t.Errorf("%s: the summary says %s, want %s", name, got, want)
		}
	}
}

// checkBits wants the same results of all pipelines, by the bit.
func (p *poisoned) checkBits() {
	p.t.Helper()
	want := p.results("clean", p.clean)
	if len(want) == 0 {
		p.t.Error("there are no results")
	}
	for _, name := range []string{"p", "again", "skip"} {
		if got := p.results(name, p.topic); !maps.Equal(got, want) {
			p.t.Errorf("%s has other results:\n%v, want\n%v", name, got, want)
		}
	}
}

// results gives the fields of a sink's records by their keys and times.
func (p *poisoned) results(name, topic string) map[string]string {
	p.t.Helper()
	all := map[string]string{}
	for _, r := range p.records(topic + "-" + name) {
		key := fmt.Sprint(strings.Replace(string(r.Key), topic, "topic", 1), " ", r.Timestamp.UnixMilli())
		if all[key] != "" {
			p.t.Errorf("%s: %s is there twice", name, key)
		}
		fields := p.decode(p.SinkRegistry, r)
		for _, f := range slices.Sorted(maps.Keys(fields)) {
			if v, ok := fields[f].(float64); ok {
				fields[f] = math.Float64bits(v)
			}
			all[key] += fmt.Sprint(f, " ", fields[f], ", ")
		}
	}
	return all
}

// TestEndToEndPoisonFails holds of every kind that it stops a pipeline under
// on_error: fail, which says where it lies and what is wrong, and writes nothing.
func TestEndToEndPoisonFails(t *testing.T) {
	s := newStage(t)
	s.SourceRegistry = oddRegistry(t, s.SourceRegistry)
	spec, want, sinks := "pipelines:\n", map[string]string{}, map[string]string{}
	for _, of := range setups {
		p := s.poison(of)
		for i, k := range p.kinds {
			if k.want == "" {
				continue
			}
			p.topic, p.offset = s.CreateTopic(t, fmt.Sprintf("%s-%d", of.name, i), 1), 0
			s.takeAll(p.topic)
			p.both(p.now, 2)
			p.poison(k, p.now)
			p.both(p.now, 1)
			name := fmt.Sprintf("%s-f%d", of.name, i)
			spec += p.pipeline(name, p.topic, "fail")
			sinks[name] = p.topic + "-" + name
			want[name] = fmt.Sprintf("pipeline %s%s: topic %s, partition 0, offset 2: %s (on_error: fail)\n", s.Prefix, name, p.topic, p.bad[2].want)
		}
	}
	o := s.run("run", "--until-end", "--close-open", "-f", s.spec(spec))
	for name, line := range want {
		if !strings.Contains(o.stderr, line) {
			t.Errorf("%s: nothing says %s", name, line)
		}
		if n := len(s.records(sinks[name])); n > 0 {
			t.Errorf("%s has %d results", name, n)
		}
	}
	if o.code != 1 || len(want) < 40 {
		t.Errorf("exit code %d, %d kinds", o.code, len(want))
	}
	if t.Failed() {
		t.Log(o.stderr)
	}
}

// oddRegistry is a registry that has schemas, too, which others would not take.
func oddRegistry(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Timeout: patient}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/schemas/ids/"))
		if answer, ok := oddSchemas[id]; ok {
			_ = json.NewEncoder(w).Encode(answer())
			return
		}
		if strings.HasPrefix(r.URL.Path, "/subjects/odd-") { // which one of them refers to
			_, _ = io.WriteString(w, `{"subject":"odd","id":1,"version":1,"schema":"\"long\""}`)
			return
		}
		req, err := http.NewRequestWithContext(r.Context(), r.Method, url+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header = r.Header
		resp, err := client.Do(req)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body) // the client sees what is cut short
	}))
	t.Cleanup(s.Close)
	return s.URL
}
