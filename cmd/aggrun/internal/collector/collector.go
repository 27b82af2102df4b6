// Package collector tells Go's garbage collector how much memory it may take while a
// backlog is read.
//
//	each collection -> what is in use, how long since the one before -> percent
//
// By default a heap is collected whenever it has doubled. While a backlog is read
// little is held, and the answers to fetches are allocated at hundreds of MB/s: the
// heap doubles dozens of times a second, and each time all that is held is looked
// through, and pointers cost more to write meanwhile.
package collector

import (
	"os"
	"runtime"
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
	most  = 400 // percent: what is in use may have grown before this is called
	step  = 10  // small changes make none
)

// MakeRoom gives the heap Room for the rest of the process. It does nothing where
// the environment has GOGC or GOMEMLIMIT: who sets them has said what memory there is.
func MakeRoom() {
	if !told() {
		(&tuner{set: usual}).tune()
	}
}

func told() bool { return os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" }

// tuner sets the percentage anew after each collection. Of several calls one comes
// after the other, since each is made by what the one before left to be collected.
type tuner struct {
	last time.Time // when it was called
	set  int
}

// sentinel is garbage from the start: the next collection finds it. It has a pointer,
// since small objects without may be kept by others beside them.
type sentinel struct{ _ *int }

func (t *tuner) tune() {
	now := time.Now()
	if p := percent(inUse(), now.Sub(t.last)); p != t.set {
		t.set = p
		debug.SetGCPercent(p)
	}
	t.last = now
	runtime.AddCleanup(&sentinel{}, (*tuner).tune, t)
}

// inUse is what the runtime takes the percentage of, bytes.
func inUse() (n uint64) {
	parts := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(parts)
	for _, p := range parts {
		n += p.Value.Uint64()
	}
	return n
}

// percent is that of a heap with so many bytes in use, so long after the collection
// before.
func percent(used uint64, since time.Duration) int {
	if since >= often {
		return usual
	}
	used = max(used, 1)
	if used >= Room/2 {
		return usual
	}
	return int(min((Room-used)*100/used, most)) / step * step
}
