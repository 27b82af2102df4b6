// Package collector tells Go's garbage collector how much memory it may take while a
// backlog is read.
//
//	collections since the last look, what is in use -> percent
//
// By default a heap is collected whenever it has doubled. While a backlog is read
// little is held, and the answers to fetches are allocated at hundreds of MB/s: the
// heap doubles dozens of times a second, and each time all that is held is looked
// through, and pointers cost more to write meanwhile.
package collector

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Room is how large a heap may grow before it is collected that was collected just
// before, bytes. One of which more than half is in use is collected as by default, and
// so is one that takes its time.
const Room = 136 << 20

const (
	often = time.Second
	usual = 100 // percent of what is in use, the runtime's default
	most  = 400 // percent
	step  = 10  // small changes make none
)

// How often the tuner looks. The runtime takes the percentage that it has of what is
// in use after a collection, which may be several times what it was before: until the
// tuner has looked, the heap grows towards too much. So it looks often while the
// percentage is more than the usual. A cleanup would be late: the runtime makes those
// of a collection known once all is swept, which busy processors put off.
const (
	alert = 10 * time.Millisecond
	calm  = 50 * time.Millisecond
)

// MakeRoom gives the heap Room until ctx ends. It does nothing where the environment
// has GOGC or GOMEMLIMIT: who sets them has said what memory there is.
func MakeRoom(ctx context.Context) {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		go tune(ctx)
	}
}

func tune(ctx context.Context) {
	tick := time.NewTicker(calm)
	defer tick.Stop()
	defer debug.SetGCPercent(usual)
	t := tuner{set: usual, last: time.Now()}
	t.collections, _ = look()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			collections, used := look()
			had := t.set
			switch t.next(now, collections, used); {
			case t.set == had:
				continue
			case t.set == usual:
				tick.Reset(calm)
			case had == usual:
				tick.Reset(alert)
			}
			debug.SetGCPercent(t.set)
		}
	}
}

// look gives how many collections there were, and of how many bytes the runtime takes
// the percentage.
func look() (collections, used uint64) {
	parts := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(parts)
	for _, p := range parts[1:] {
		used += p.Value.Uint64()
	}
	return parts[0].Value.Uint64(), used
}

// tuner finds the percentage.
type tuner struct {
	collections uint64
	last        time.Time // when it found some, or began
	set         int
}

// next sets the percentage by what is seen now.
func (t *tuner) next(now time.Time, collections, used uint64) {
	since := now.Sub(t.last)
	switch n := collections - t.collections; {
	case n > 0:
		t.collections, t.last = collections, now
		t.set = percent(used, since/time.Duration(n))
	case since >= often:
		t.set = usual
	}
}

// percent is that of a heap with so many bytes in use, so long after the collection
// before.
func percent(used uint64, since time.Duration) int {
	if since >= often || used >= Room/2 {
		return usual
	}
	used = max(used, 1)
	return int(min((Room-used)*100/used, most)) / step * step
}
