package simulation

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The bounds within which everything is tried: by default, and under
// AGGRUN_EXHAUSTIVE=1, where AGGRUN_SWITCHES is how many there may be with two faults.
var (
	someRuns = []Bound{{Faults: 1, Switches: 0}}
	allRuns  = []Bound{{Faults: 1, Switches: Any}, {Faults: 2, Switches: 0}}
)

// askedFor gives the bounds that the environment asks for.
func askedFor(t *testing.T) []Bound {
	if os.Getenv("AGGRUN_EXHAUSTIVE") != "1" {
		return someRuns
	}
	all := slices.Clone(allRuns)
	if text := os.Getenv("AGGRUN_SWITCHES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > Any {
			t.Fatalf("AGGRUN_SWITCHES=%s: should be 0 to %d", text, Any)
		}
		all[1].Switches = n
	}
	return all
}

// TestExhaustive plays every run of the small schedules, or the one that
// AGGRUN_CHOICES names, telling all of it.
func TestExhaustive(t *testing.T) {
	if choices := os.Getenv("AGGRUN_CHOICES"); choices != "" {
		playAgain(t, choices)
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(1000))
	asked := askedFor(t)
	start := time.Now()
	var all Tried
	for _, o := range exhaustAll(asked) {
		fmt.Printf("%-24s %9d runs %7d to the end %9d states, longest %3d events\n", o.Name, o.Runs, o.Ended, o.States, o.Longest)
		all.Runs, all.Ended, all.States, all.Longest = all.Runs+o.Runs, all.Ended+o.Ended, all.States+o.States, max(all.Longest, o.Longest)
		all.Reached.Add(&o.Reached)
		if o.Violation != "" {
			t.Errorf("%s, after %d runs and %d states: %s", o.Name, o.Runs, o.States, o.Violation)
		}
	}
	fmt.Printf("%-24s %9d runs %7d to the end %9d states, longest %3d events, %.1f s\n", "all", all.Runs, all.Ended, all.States, all.Longest, time.Since(start).Seconds())
	for _, m := range tried {
		fmt.Printf("%10d  %s\n", all.Reached[m], names[m])
		if len(asked) == len(allRuns) && all.Reached[m] == 0 && !t.Failed() {
			t.Errorf("never reached: %s", names[m])
		}
	}
}

// tried are the marks that the small schedules have to reach: the crash points of
// PROTOCOL section 5 that a pipeline outlives, and what follows from them.
var tried = []mark{
	point1, point2, point3, point4, point5, point6, point7, point8, point9, point10, point13, point14, point17, point18,
	confirmed, pollFailed, lookFailed, joinedLate, committed, allIdle, lateRecord, badRecord, controlRecord, upstreamOpen, unstableFetch,
	tornHold, replayed, movedShard, changedRefused, brokerRefused, fellBack, retried, untilEnd, expelled, swallowed, fenced, joinTimeout, hopped, partialReplayed,
	rolledOut, straddled, stoodBy, handedOver, sinkRefused, sinkRefusedAgain, sinkHealed, othersCommitted,
}

// exhaustAll plays the schedules, on all processors.
func exhaustAll(within []Bound) []Tried {
	out := make([]Tried, len(smalls))
	var wg sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range smalls {
		wg.Go(func() {
			free <- struct{}{}
			out[i] = smalls[i].exhaust(within)
			<-free
		})
	}
	wg.Wait()
	return out
}

// playAgain plays a run by its schedule, its bound and its choices.
func playAgain(t *testing.T, choices string) {
	parts := strings.Split(choices, "/")
	i := slices.IndexFunc(smalls, func(m small) bool { return m.name == parts[0] })
	if len(parts) != 4 || i < 0 {
		t.Fatalf("AGGRUN_CHOICES=%s: should be schedule/faults/switches/choices", choices)
	}
	faults, _ := strconv.Atoi(parts[1])
	switches, _ := strconv.Atoi(parts[2])
	if o := smalls[i].again(Bound{faults, switches}, parts[3], os.Stdout); o.Violation != "" {
		t.Fatal(o.Violation)
	}
}
