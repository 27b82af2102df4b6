package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// takeoverSpec is what is rolled out in place of what.
const (
	takeoverSpec = `
pipelines:
  MY-p:
    source: {topics: ["MY-mount-*"]}
    window: {size: 500ms, grace: 300ms}
    idle: off
    late: dead_letter
    operations: [mean, max]
`
	takenOverSpec = `
pipelines:
  MY-p:
    source: {topics: ["MY-mount-*"], where: "value0 > 0"}
    window: {size: 2s, grace: 300ms}
    idle: off
    late: dead_letter
    operations: [mean, max]
`
)

// Two workers are replaced, one by one, by two with a changed spec, while records come:
// windows up to some time are written by the old spec, and all that end later by the
// new one, whole; each once.
func TestEndToEndTakeover(t *testing.T) {
	s := newStage(t)
	name := []string{"--name", s.Prefix + "mount", "--topics", "2"}
	s.must(append([]string{"init-example", "--fields", "1"}, name...)...)
	specs := []string{s.spec(takeoverSpec), s.spec(takenOverSpec)}
	worker := func(spec, i int) *work {
		return s.start("run", "-f", specs[spec], "--instance", fmt.Sprintf("v%d-%d", spec, i))
	}
	old := []*work{worker(0, 0), worker(0, 1)}
	producer := s.start(append([]string{"produce", "--frequency", "300", "--max-messages", "6000", "--disorder", "20", "--disorder-by", "300ms"}, name...)...)
	s.awaitResults(s.Prefix+"mount-000-aggregated", 4)
	fresh := []*work{worker(1, 0)}
	s.awaitTakeover(s.Prefix + "mount-000-aggregated")
	logs := s.endsWell(old[0])
	fresh = append(fresh, worker(1, 1))
	s.endsWithin(producer, time.Second)
	logs += s.endsWell(old[1])
	for !s.endsWithin(producer, time.Second) {
	}
	for _, w := range fresh {
		logs += s.endsWell(w)
	}
	o := s.must("run", "-f", specs[1], "--until-end", "--close-open")
	if got := summaryOf(o.stderr, s.Prefix+"p"); strings.Fields(got)[1] != "0" {
		t.Errorf("the last worker counted late records: %s", got)
	}
	for i := range 2 {
		s.checkTakeover(fmt.Sprintf("%smount-%03d", s.Prefix, i))
	}
	for _, want := range []string{"taking over from another version", "standing by", "where window"} {
		if !strings.Contains(logs, want) {
			t.Errorf("the workers do not log %q:\n%s", want, logs)
		}
	}
}

// awaitTakeover waits until a sink has a result of the new spec.
func (s *stage) awaitTakeover(sink string) {
	s.t.Helper()
	for ctx := s.context(); ; {
		for _, r := range s.records(sink) {
			if s.decode(s.SinkRegistry, r)["window_size"] == 2.0 {
				return
			}
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("%s has no result of the new spec", sink)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (s *stage) endsWell(w *work) (log string) {
	s.t.Helper()
	o := w.end()
	if o.code != 0 {
		s.t.Fatalf("a worker ended with %d:\n%s", o.code, o.stderr)
	}
	return o.stderr
}

// checkTakeover finds the C at which a sink's results are those of the other spec, and
// holds each side against what it has to be.
func (s *stage) checkTakeover(topic string) {
	s.t.Helper()
	samples, sink := s.samples(topic), topic+"-aggregated"
	var positive []sample
	for _, x := range samples {
		if v, ok := number(x.fields["value0"]); ok && v > 0 {
			positive = append(positive, x)
		}
	}
	sides := []struct {
		size time.Duration
		want map[int64][]sample
		seen map[int64]bool
	}{
		{500 * time.Millisecond, windows(samples, 500*time.Millisecond), map[int64]bool{}},
		{2 * time.Second, windows(positive, 2*time.Second), map[int64]bool{}},
	}
	for _, r := range s.records(sink) {
		got := s.decode(s.SinkRegistry, r)
		side := sides[0]
		if got["window_size"] == 2.0 {
			side = sides[1]
		}
		start := r.Timestamp.UnixMilli() - side.size.Milliseconds()/2
		in, ok := side.want[start]
		if !ok || side.seen[start] || got["count"] != int64(len(in)) {
			s.t.Fatalf("%s: window %s of %v: there %v, again %v, count %v of %d", sink, at(start), side.size, ok, side.seen[start], got["count"], len(in))
		}
		side.seen[start] = true
		for name, v := range naive(in, map[string]string{"value0": "value0"}, []string{"mean", "max"}) {
			if !near(got[name], v) {
				s.t.Errorf("%s: window %s: %s is %v, want %v", sink, at(start), name, got[name], v)
			}
		}
	}
	// C is at or after each end that the old spec wrote, or that the new one did not; it
	// is before each that the new one wrote, or that the old one did not.
	least, most := int64(math.MinInt64), int64(math.MaxInt64)
	for i, side := range sides {
		for start := range side.want {
			if end := start + side.size.Milliseconds(); side.seen[start] == (i == 0) {
				least = max(least, end)
			} else {
				most = min(most, end)
			}
		}
	}
	if least >= most || len(sides[0].seen) == 0 || len(sides[1].seen) == 0 {
		s.t.Errorf("%s: %d windows of the old spec, %d of the new one; C would be at or after %s, and before %s", sink, len(sides[0].seen), len(sides[1].seen), at(least), at(most))
	}
}

// The offsets of a group are gone, and its sinks are not: the pipeline goes on after
// what they have, once it is told to.
func TestEndToEndResumeFromSink(t *testing.T) {
	s := newStage(t)
	spec := s.spec(`
pipelines:
  MY-p:
    source: "MY-mount-*"
    window: {size: 2s, grace: 300ms}
    late: dead_letter
    operations: [mean, max]
    sink: {config: {retention.ms: -1}}
`)
	var topics []string
	for _, second := range []string{"00.000", "07.300"} {
		topics = s.history("mount", 2, "1", "--start", "2024-01-01T00:00:"+second+"Z", "--rate", "max",
			"--frequency", "100", "--max-messages", "730", "--disorder", "20", "--disorder-by", "300ms", "--seed", second[:2])
		if second == "00.000" {
			s.must("run", "-f", spec, "--until-end")
			s.forget()
		}
	}
	if o := s.run("run", "-f", spec, "--until-end"); o.code == 0 || !strings.Contains(o.stderr, "--resume-from-sink to go on after them") {
		t.Fatalf("exit code %d, want a refusal that names the flag:\n%s", o.code, o.stderr)
	}
	o := s.must("run", "-f", spec, "--until-end", "--resume-from-sink")
	if got := strings.Fields(summaryOf(o.stderr, s.Prefix+"p")); got[1] != "0" || got[3] != "0" {
		t.Errorf("the summary says %q, want no late record and no dead letter", got)
	}
	for _, topic := range topics {
		samples := s.samples(topic)
		want := closed(windows(samples, 2*time.Second), samples, 2*time.Second, 300*time.Millisecond)
		s.checkResults(topic+"-aggregated", topic, want, 2*time.Second, map[string]string{"value0": "value0"}, []string{"mean", "max"})
	}
	s.must("run", "-f", spec, "--until-end") // has commits by now
}
