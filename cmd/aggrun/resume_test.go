package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A pipeline that is run to the end again and again, while its topic grows, gives
// what one run gives: the windows that a run leaves open are taken up by the next.
func TestEndToEndResume(t *testing.T) {
	s := newStage(t)
	spec := s.spec(`
pipelines:
  MY-p:
    source: MY-mount-000
    window: {size: 2s, grace: 300ms}
    operations: [min, q1, mean, median, stdev, q3, max]
    sink: {config: {retention.ms: -1}}
`)
	var topic string
	for _, second := range []string{"00.000", "07.300", "14.600", "21.900"} {
		topic = s.history("mount", 1, "1", "--start", "2024-01-01T00:00:"+second+"Z", "--rate", "max",
			"--frequency", "100", "--max-messages", "730", "--disorder", "20", "--disorder-by", "300ms", "--seed", second[:2])[0]
		s.must("run", "-f", spec, "--until-end")
	}
	samples := s.samples(topic)
	want := closed(windows(samples, 2*time.Second), samples, 2*time.Second, 300*time.Millisecond)
	s.checkResults(topic+"-aggregated", topic, want, 2*time.Second, map[string]string{"value0": "value0"}, seven)
}

// A record that comes after its window was written is counted and kept aside, and
// the window stays as it is.
func TestEndToEndLate(t *testing.T) {
	s := newStage(t)
	topic := s.history("mount", 1, "1", "--start", "2024-01-01T00:00:00Z", "--rate", "max", "--frequency", "10", "--max-messages", "200")[0]
	spec := s.spec(refusalSpec + "    late: dead_letter\n")
	s.must("run", "-f", spec, "--until-end")
	results := s.written()
	old := s.records(topic)[0]
	s.produce(&kgo.Record{Topic: topic, Timestamp: old.Timestamp, Key: []byte("late"), Value: old.Value})
	o := s.must("run", "-f", spec, "--until-end")
	if got := summaryOf(o.stderr, s.Prefix+"p"); got != "0 1 0 0 0 0" {
		t.Errorf("the summary says %s, want one late record", got)
	}
	letters := s.records(s.Prefix + "p-dead-letter")
	if len(letters) != 1 || string(letters[0].Key) != "late" || !strings.HasPrefix(headers(letters[0])["aggrun-error"], "late: ") {
		t.Errorf("dead letters: %v", letters)
	}
	if n := s.written(); n != results {
		t.Errorf("%d results, %d before the late record", n, results)
	}
}

// A worker takes up a topic that is made while it runs, and closes windows when
// all is silent.
func TestEndToEndDiscovery(t *testing.T) {
	s := newStage(t)
	produce := func(n int) []string {
		return s.history("mount", n, "1", "--start", "-1m", "--rate", "max", "--frequency", "10", "--max-messages", "100", "--seed", fmt.Sprint(n))
	}
	produce(1)
	w := s.start("run", "-f", s.spec(`
pipelines:
  MY-p: {source: "MY-mount-*", window: 2s, idle: 1s, operations: [mean, max]}
`))
	defer w.stop()
	s.awaitResults(s.Prefix+"mount-000-aggregated", 5)
	for _, topic := range produce(3)[1:] {
		want := windows(s.samples(topic), 2*time.Second)
		s.awaitResults(topic+"-aggregated", len(want))
		s.checkResults(topic+"-aggregated", topic, want, 2*time.Second,
			map[string]string{"value0": "value0"}, []string{"mean", "max"})
	}
	if o := w.end(); o.code != 0 {
		t.Errorf("the worker ended with %d:\n%s", o.code, o.stderr)
	}
}

// awaitResults waits until a sink has n results.
func (s *stage) awaitResults(sink string, n int) {
	s.t.Helper()
	ctx := s.context()
	for {
		topics, err := s.admin.ListTopics(ctx, sink)
		if err == nil && topics.Error() == nil && len(s.records(sink)) >= n {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("%s has not got %d results", sink, n)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
