package simulation

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

// TestSilence holds that a silence of all sources makes nothing late but what
// silence had closed: ten minutes of records come at once after ten minutes
// without any, and 1,000 orders of fetching them are tried.
func TestSilence(t *testing.T) {
	const orders = 1000
	var late, failed atomic.Int64
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := next.Add(1); seed <= orders && failed.Load() == 0; seed = next.Add(1) {
				w := newWorld(silence(seed), seed, nil)
				w.play()
				late.Add(int64(w.late))
				if w.tardy > 0 || len(w.judge.violations) > 0 || w.reached[allIdle] == 0 || w.reached[woken] == 0 {
					failed.Add(1)
					t.Errorf("seed %d: %d records late in windows that silence had not closed; %v", seed, w.tardy, w.judge.violations)
				}
			}
		})
	}
	wg.Wait()
	fmt.Printf("%d orders, %d records late, all in windows that silence had closed\n", orders, late.Load())
}

// silence is a schedule of four partitions whose link is down for ten minutes.
// In some, one of two processes is killed while the records come.
func silence(seed uint64) *script {
	const down = 600 * sec
	d := newDice(seed, 3)
	s := &script{t0: 1_700_000_000*sec + d.between(0, 3600*sec), polls: pick(d, 5, 20, 100), doze: 4 * sec, tidy: true}
	s.drawSpec(d)
	s.spec.Window.Size, s.spec.Window.Grace = 10*time.Second, pick[time.Duration](d, 0, 2, 10)*time.Second
	s.spec.Window.Advance = s.spec.Window.Size / pick[time.Duration](newDice(seed, 5), 1, 1, 2, 5)
	idle := pick(d, 2*sec, 10*sec, 10*sec, 10*sec) // no partition is, but for the silence
	s.spec.Idle = time.Duration(idle)
	s.spec.Start.Kind = "earliest"
	link := span{s.t0 + 20*sec, s.t0 + 20*sec + down}
	for i := range int32(4) {
		src := &source{id: pipeline.Partition{Topic: "t0", ID: i}}
		s.write(d, src, feed{
			from: s.t0 - 5*sec, until: link.until + 10*sec, gap: idle * d.between(30, 60) / 100, steady: true,
			disorder: int64(s.spec.Window.Grace), held: []span{link},
		})
		s.sources = append(s.sources, src)
	}
	s.lives = []life{{start: s.t0, leave: never}}
	if d.chance(30) {
		s.lives = append(s.lives, life{start: s.t0, leave: never})
		s.faults = []fault{{what: kill, process: d.IntN(2), at: link.until + d.between(0, 3*sec)}}
	}
	s.settleQuiet()
	return s
}
