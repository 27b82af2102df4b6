//go:build failpoints

package main

import (
	"strings"
	"testing"

	"github.com/aggrun/aggrun/pipeline"
)

// TestParseFailure takes what names a point, a passing and a mode, and lists the points where it does not.
func TestParseFailure(t *testing.T) {
	for text, left := range map[string]int64{"ended": 1, "ended:3": 3, "begin:2:stop": 2, "polled:1:kill": 1} {
		f, err := parseFailure(text)
		if err != nil || f.left.Load() != left {
			t.Errorf("%s: %v, %v", text, f, err)
		}
	}
	for text, want := range map[string]string{"": "fenced, joining", "ende:1": "offsets-sent", "ended:0": "1 or more", "ended:x": "1 or more", "ended:1:nap": "kill or stop"} {
		if _, err := parseFailure(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestFailingClient fails at the n-th passing, and tells replaying from reading.
func TestFailingClient(t *testing.T) {
	id := pipeline.Partition{Topic: "t"}
	fetches := []pipeline.Fetch{
		{Events: []pipeline.Event{pipeline.Assigned{Positions: []pipeline.Position{{Partition: id, Offset: 10}}}}},
		{Batches: []pipeline.Batch{{Partition: id, Next: 10}}},
		{Batches: []pipeline.Batch{{Partition: id, Next: 20}}},
		{Batches: []pipeline.Batch{{Partition: id, Next: 30}}},
	}
	for point, at := range map[string]int{"replaying:1": 2, "polled:1": 3, "polled:2": 4, "polled:3": 0} {
		f, _ := parseFailure(point)
		failed := 0
		f.fail = func() { failed++ }
		script := scripted(fetches)
		c := newFailingClient(&script, f)
		when := 0
		for i := range fetches {
			if _, _ = c.Poll(pipeline.Request{}); failed > 0 && when == 0 {
				when = i + 1
			}
		}
		if when != at || failed > 1 {
			t.Errorf("%s fails %d times, first at poll %d, want %d", point, failed, when, at)
		}
	}
}

// scripted is a client that brings what it was given.
type scripted []pipeline.Fetch

func (s *scripted) Poll(pipeline.Request) (pipeline.Fetch, error) {
	f := (*s)[0]
	*s = (*s)[1:]
	return f, nil
}

func (s *scripted) Commit(*pipeline.Commit) (bool, error) { return true, nil }
