package spec

// This file bounds what an evaluation may cost. CUE's evaluator has no bound of its own
// and cannot be stopped: a few hundred bytes keep it busy for ever, or fill a machine's
// memory in a minute. What outlives a bound goes on until the process ends, which is
// for the caller to bring about at once.

import (
	"fmt"
	"runtime/metrics"
	"time"
)

// limits are bounds of an evaluation.
type limits struct {
	time   time.Duration
	memory uint64 // bytes
}

// watchEvery is how often memory is looked at: the evaluator makes some MB meanwhile,
// and asking takes microseconds.
const watchEvery = 5 * time.Millisecond

// manyValues is what costs an evaluation much.
const manyValues = "look for a comprehension, a list.Range or lists of lists over very many values"

// bounded is f within the limits, and with its panics as errors: what CUE's evaluator
// is given to do comes from users.
func (l limits) bounded(files string, f func() (*Spec, Errors)) (*Spec, error) {
	type answer struct {
		spec *Spec
		errs Errors
	}
	done := make(chan answer, 1)
	least := memory()
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a = answer{errs: Errors{{Msg: fmt.Sprintf("cannot evaluate %s: %v", files, p)}}}
			}
			done <- a
		}()
		a.spec, a.errs = f()
	}()
	timer, watch := time.NewTimer(l.time), time.NewTicker(watchEvery)
	defer timer.Stop()
	defer watch.Stop()
	for {
		select {
		case a := <-done:
			return a.spec, a.errs.Err()
		case <-timer.C:
			return nil, Errors{{Msg: fmt.Sprintf("evaluating %s took longer than %v: %s", files, l.time, manyValues)}}
		case <-watch.C:
			now := memory()
			if least = min(least, now); now-least > l.memory {
				return nil, Errors{{Msg: fmt.Sprintf("evaluating %s took more than %d MiB of memory: %s", files, l.memory>>20, manyValues)}}
			}
		}
	}
}

// memory is what the process's objects take, those included that nothing holds any
// more but that were not collected yet, bytes.
func memory() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
