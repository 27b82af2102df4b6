package pipeline

import (
	"math/rand/v2"
	"testing"
)

// TestWindowsTwin compares with windows that are looked for one by one.
func TestWindowsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		advance := 1 + r.Int64N(9)
		w := windows{size: advance * (1 + r.Int64N(5)), advance: advance, offset: r.Int64N(advance)}
		at := r.Int64N(200) - 100
		// All windows that can matter, ascending.
		var ends []int64
		for start := w.offset - 200*advance; start < 400; start += advance {
			ends = append(ends, start+w.size)
		}
		first, last, undecided, lacking := int64(None), int64(None), int64(None), int64(None)
		for _, end := range ends {
			if end-w.size <= at && at < end {
				if first == None {
					first = end
				}
				last = end
			}
			if end > at && undecided == None {
				undecided = end - w.size
			}
			if end-w.size < at {
				lacking = end
			}
		}
		pane := w.pane(at)
		if pane > at || at >= pane+advance {
			t.Fatalf("%+v: pane of %d is %d", w, at, pane)
		}
		if w.first(pane) != first || w.last(pane) != last || w.undecided(at) != undecided || w.lacking(at) != lacking {
			t.Fatalf("%+v at %d: first %d last %d undecided %d lacking %d, want %d %d %d %d", w, at,
				w.first(pane), w.last(pane), w.undecided(at), w.lacking(at), first, last, undecided, lacking)
		}
	}
}

// The first window of a pane that ends after a time is the one found one by one.
func TestNext(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 10_000 {
		advance := 1 + r.Int64N(10)
		w := windows{advance * (1 + r.Int64N(5)), advance, r.Int64N(advance)}
		pane, from := w.pane(r.Int64N(100)-50), r.Int64N(120)-60
		if r.IntN(5) == 0 {
			from = None
		}
		want := w.first(pane)
		for want <= from {
			want += advance
		}
		if got := w.next(pane, from); got != want {
			t.Fatalf("%+v, pane %d: the first window after %d ends at %d, want %d", w, pane, from, got, want)
		}
	}
}
