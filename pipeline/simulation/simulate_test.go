package simulation

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// found are schedules that showed a bug, and are always played. They are bound to
// how schedules are drawn: where that changes, look for others with the mutant.
var found = []uint64{
	6878, 9931, // join-without-c
	1361686, 1054100, // ended under --until-end, though a full commit had left windows over
	1328628, 1243404, // gave up for a refusing sink, though a commit had waited while another member let go of a shard
}

// TestSimulate plays AGGRUN_SCHEDULES schedules and those of found, or the one of
// AGGRUN_SEED, telling all of it.
func TestSimulate(t *testing.T) {
	if seed, err := strconv.ParseUint(os.Getenv("AGGRUN_SEED"), 10, 64); err == nil {
		if o := Run(seed, os.Stdout); len(o.Violations) > 0 {
			t.Fatal(o.Violations)
		}
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	n := 300
	if v, err := strconv.Atoi(os.Getenv("AGGRUN_SCHEDULES")); err == nil {
		n = v
	}
	first, _ := strconv.ParseUint(os.Getenv("AGGRUN_FIRST_SEED"), 10, 64)
	start := time.Now()
	sum := simulate(first, n)
	fmt.Printf("%d schedules in %.1f s, %d records in the median, %d failed\n%s", len(sum.records), time.Since(start).Seconds(), sum.median(), len(sum.failed), &sum.reached)
	for _, o := range sum.failed[:min(len(sum.failed), 5)] {
		t.Errorf("seed %d: %v\nagain: AGGRUN_SEED=%[1]d go test -count=1 -v -run TestSimulate ./pipeline/simulation/", o.Seed, o.Violations)
	}
	if missed := sum.reached.Missed(); n >= 5000 && len(missed) > 0 && !sum.stop {
		t.Errorf("never reached: %q", missed)
	}
}

// summary is what many schedules came to.
type summary struct {
	mu      sync.Mutex
	reached Tally
	records []int
	failed  []Outcome
	stop    bool // at the first that fails
}

func (s *summary) add(o Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached.Add(&o.Reached)
	s.records = append(s.records, o.Records)
	if len(o.Violations) > 0 {
		s.failed = append(s.failed, o)
	}
}

// enough tells, under AGGRUN_STOP, that a schedule has failed.
func (s *summary) enough() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop && len(s.failed) > 0
}

func (s *summary) median() int {
	slices.Sort(s.records)
	return s.records[len(s.records)/2]
}

// simulate plays n schedules from a seed on, on all processors.
func simulate(first uint64, n int) *summary {
	s := &summary{stop: os.Getenv("AGGRUN_STOP") != ""}
	for _, seed := range found {
		s.add(Run(seed, nil))
	}
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < uint64(n) && !s.enough(); i = next.Add(1) - 1 {
				s.add(Run(first+i, nil))
			}
		})
	}
	wg.Wait()
	slices.SortFunc(s.failed, func(a, b Outcome) int { return int(a.Seed) - int(b.Seed) })
	return s
}
