package simulation

import (
	"testing"

	"github.com/aggrun/aggrun/pipeline"
)

// TestUntilEnd holds that sources which end in the markers of transactions are
// read to their ends, that the processes end then, and that every window is
// emitted which the largest event time less grace has passed.
func TestUntilEnd(t *testing.T) {
	for seed := range uint64(200) {
		s := transactional(seed)
		w := newWorld(s, seed, nil)
		w.play()
		if len(w.judge.violations) > 0 {
			t.Fatalf("seed %d: %v", seed, w.judge.violations)
		}
		if w.reached[untilEnd] != len(w.processes) {
			t.Fatalf("seed %d: %d of %d processes ended", seed, w.reached[untilEnd], len(w.processes))
		}
		for _, l := range w.judge.ledgers {
			for _, b := range l.books {
				if b.done != int64(len(b.entries)) {
					t.Errorf("seed %d: %v is read to %d of %d", seed, b.id, b.done, len(b.entries))
				}
				for _, left := range l.windows {
					if left.start+w.judge.size() <= w.judge.less(b.largest) {
						t.Errorf("seed %d: window %s is still open", seed, w.clockTime(left.start))
					}
				}
			}
		}
	}
}

// transactional is a schedule whose sources are written in transactions alone,
// all before the first of two processes starts.
func transactional(seed uint64) *script {
	d := newDice(seed, 4)
	s := &script{t0: 1_700_000_000 * sec, polls: pick(d, 3, 20, 200), doze: 300 * ms, tidy: true, untilEnd: true}
	s.drawSpec(d)
	s.drawLanguage(newDice(seed, 5))
	s.spec.Start.Kind = "earliest"
	for i := range int32(1 + d.IntN(4)) {
		src := &source{id: pipeline.Partition{Topic: "t0", ID: i}}
		s.write(d, src, feed{from: s.t0 - 60*sec, until: s.t0 - 10*sec, gap: sec, disorder: int64(s.spec.Window.Grace), transactional: true})
		p := &producer{dice: d, s: s, to: src}
		p.open = transaction{is: true, first: len(src.entries)}
		src.holds = append(src.holds, hold{offset: int64(len(src.entries)), from: never, until: never})
		p.mark(s.t0 - 2*sec)
		s.sources = append(s.sources, src)
	}
	for range 2 {
		s.lives = append(s.lives, life{start: s.t0 + d.between(0, 3*sec), leave: never})
	}
	s.settleQuiet()
	return s
}
