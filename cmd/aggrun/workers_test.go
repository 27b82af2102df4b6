package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Two workers of one group, each stopped and started again while records come:
// every window is written once, and no record is lost or counted twice.
func TestEndToEndWorkers(t *testing.T) {
	s := newStage(t)
	name := []string{"--name", s.Prefix + "mount", "--topics", "3"}
	s.must(append([]string{"init-example", "--fields", "2"}, name...)...)
	spec := s.spec(`
pipelines:
  MY-p:
    source: "MY-mount-*"
    window: {size: 500ms, grace: 300ms}
    idle: off
    late: dead_letter
    operations: [min, q1, mean, median, stdev, q3, max]
`)
	worker := func(i int) *work {
		return s.start("run", "-f", spec, "--instance", fmt.Sprintf("w%d", i))
	}
	workers := []*work{worker(0), worker(1)}
	producer := s.start(append([]string{"produce", "--frequency", "500", "--max-messages", "4000", "--disorder", "20", "--disorder-by", "300ms"}, name...)...)
	for i := 0; ; i = 1 - i {
		if s.endsWithin(producer, 1500*time.Millisecond) {
			break
		}
		if o := workers[i].end(); o.code != 0 {
			t.Fatalf("a worker ended with %d:\n%s", o.code, o.stderr)
		}
		workers[i] = worker(i)
	}
	for _, w := range workers {
		if o := w.end(); o.code != 0 {
			t.Fatalf("a worker ended with %d:\n%s", o.code, o.stderr)
		}
	}
	o := s.must("run", "-f", spec, "--until-end", "--close-open")
	if got := summaryOf(o.stderr, s.Prefix+"p"); strings.Fields(got)[1] != "0" {
		t.Errorf("the last worker counted late records: %s", got)
	}
	for i := range 3 {
		topic := fmt.Sprintf("%smount-%03d", s.Prefix, i)
		samples := s.samples(topic)
		if len(samples) != 4000 {
			t.Errorf("%d records in %s, want 4000", len(samples), topic)
		}
		s.checkResults(topic+"-aggregated", topic, windows(samples, 500*time.Millisecond), 500*time.Millisecond,
			map[string]string{"value0": "value0", "value1": "value1"}, seven)
	}
	if letters := s.records(s.Prefix + "p-dead-letter"); len(letters) > 0 {
		t.Errorf("%d dead letters: %v", len(letters), headers(letters[0]))
	}
}

// endsWithin waits for a command to end well, no longer than d.
func (s *stage) endsWithin(w *work, d time.Duration) (ended bool) {
	s.t.Helper()
	select {
	case o := <-w.done:
		if o.code != 0 {
			s.t.Fatalf("exit code %d\n%s", o.code, o.stderr)
		}
		return true
	case <-time.After(d):
		return false
	}
}
