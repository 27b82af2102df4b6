// Package faults plays the real client against the embedded broker while that, the
// connections, the registries and the workers themselves fail, and holds what comes
// out against an oracle:
//
//	seed -> script -> storm (faults, kills, records) -> settle -> judge
//
// What happens is drawn from the seed alone; when it happens within a request is not,
// so that a seed that failed may pass the next time. Once the faults have stopped,
// everything has to be written within a bound.
//
//	AGGRUN_SEEDS=2000 AGGRUN_FIRST_SEED=1 go test -run TestFaults ./pipeline/kafka/faults
package faults

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// regression are seeds that found something, and are always played.
var regression = []uint64{
	27, // a topic that could not be described seemed to have no commits
}

// atOnce is how many seeds are played side by side: most of a run is waiting.
const atOnce = 32

// every is after how many seeds a long run tells of itself.
const every = 250

func TestFaults(t *testing.T) {
	began, all, failed := time.Now(), newTally(), 0
	seeds := append(regression, seedsFrom(number("AGGRUN_FIRST_SEED", 1), number("AGGRUN_SEEDS", 10))...)
	for o := range played(seeds) {
		all.add(o.count)
		if all.numbers["seeds"]++; all.numbers["seeds"]%every == 0 {
			fmt.Printf("%d of %d seeds in %v, %d with violations\n", all.numbers["seeds"], len(seeds), time.Since(began).Round(time.Second), failed)
		}
		if len(o.violations) == 0 {
			continue
		}
		failed++
		t.Errorf("seed %d: %d violations\n  %s\n%s  again: AGGRUN_FIRST_SEED=%[1]d AGGRUN_SEEDS=1 go test -count=1 -run TestFaults ./pipeline/kafka/faults\n  log: %[5]s",
			o.script.seed, len(o.violations), list(o.violations), o.script, o.log)
	}
	all.numbers["seeds with violations"] = failed
	fmt.Printf("%d seeds in %v\n%s", len(seeds), time.Since(began).Round(time.Second), all.String())
}

func number(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

func seedsFrom(first, n uint64) (seeds []uint64) {
	for i := range n {
		seeds = append(seeds, first+i)
	}
	return slices.Repeat(seeds, int(number("AGGRUN_TIMES", 1)))
}

// played gives the outcomes as they come.
func played(seeds []uint64) <-chan outcome {
	todo, outcomes := make(chan uint64), make(chan outcome)
	var wg sync.WaitGroup
	for range min(int(number("AGGRUN_AT_ONCE", atOnce)), len(seeds)) {
		wg.Go(func() {
			for seed := range todo {
				outcomes <- play(seed)
			}
		})
	}
	go func() {
		for _, seed := range seeds {
			todo <- seed
		}
		close(todo)
		wg.Wait()
		close(outcomes)
	}()
	return outcomes
}

// list shows the first of many violations.
func list(violations []string) string {
	const most = 8
	text := ""
	for i, v := range violations {
		if i == most {
			return text + "..."
		}
		text += v + "\n  "
	}
	return text
}
