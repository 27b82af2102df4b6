package collector

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		used  uint64
		since time.Duration
		want  int
	}{
		{0, 0, 400},
		{1 << 20, time.Millisecond, 400},
		{Room / 4, time.Millisecond, 300},
		{Room / 16 * 7, time.Millisecond, 120}, // 128, in steps
		{Room / 2, time.Millisecond, 100},
		{Room, time.Millisecond, 100},
		{1 << 60, time.Millisecond, 100},
		{1 << 20, time.Second, 100}, // nothing happens: no memory is taken for that
		{1 << 20, time.Hour, 100},
	} {
		if got := percent(c.used, c.since); got != c.want {
			t.Errorf("%d bytes, %v: %d %%, want %d", c.used, c.since, got, c.want)
		}
	}
}

// What the tuner sees from look to look, and sets.
func TestNext(t *testing.T) {
	now := time.Unix(1, 0)
	tuner := tuner{set: usual, collections: 7, last: now.Add(-often)}
	for i, c := range []struct {
		pass        time.Duration
		collections uint64
		used        uint64
		want        int
	}{
		{calm, 7, 1 << 20, 100},
		{calm, 8, 1 << 20, 100}, // the first for long
		{calm, 9, 1 << 20, 400},
		{alert, 9, 1 << 20, 400},
		{alert, 10, Room / 4, 300},
		{alert, 10, Room / 4, 300},
		{alert, 11, Room, 100}, // more is in use
		{calm, 13, Room / 4, 300},
		{often - alert, 13, Room / 4, 300},
		{alert, 13, Room / 4, 100}, // quiet
		{calm, 14, Room / 4, 100},  // and slow
		{calm, 15, Room / 4, 300},
		{2 * often, 19, Room / 4, 300}, // looked late: every half second there was one
	} {
		now = now.Add(c.pass)
		if tuner.next(now, c.collections, c.used); tuner.set != c.want {
			t.Errorf("look %d: %d %%, want %d", i, tuner.set, c.want)
		}
	}
}

// held is what a test has in use.
var held []byte

// The heap has room after collections one upon the other, none when much is in use, has
// it again, and has none when all is over.
func TestMakeRoom(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	MakeRoom(ctx)
	until(t, "room", func(goal, used uint64) bool { return goal > 3*used })
	held = make([]byte, Room)
	until(t, "no room", func(goal, used uint64) bool { return used > Room && goal < 3*used })
	held = nil
	until(t, "room again", func(goal, used uint64) bool { return used < Room/8 && goal > 3*used })
	cancel()
	until(t, "no room at the end", func(goal, used uint64) bool { return used < Room/8 && goal < 3*used })
}

// until collects until so much is allowed.
func until(t *testing.T, what string, ok func(goal, used uint64) bool) {
	t.Helper()
	goal := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(calm / 5) {
		runtime.GC()
		metrics.Read(goal)
		if _, used := look(); ok(goal[0].Value.Uint64(), max(used, 2<<20)) { // the runtime has a least heap
			return
		}
	}
	t.Fatalf("%s: never", what)
}

// Who sets the environment's variables is left alone.
func TestEnvironment(t *testing.T) {
	const other = 150
	defer debug.SetGCPercent(debug.SetGCPercent(other))
	for name, value := range map[string]string{"GOGC": "150", "GOMEMLIMIT": "1GiB"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv("GOMEMLIMIT", "")
			t.Setenv(name, value)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			MakeRoom(ctx)
			for range 12 {
				runtime.GC()
				time.Sleep(calm)
			}
			if p := debug.SetGCPercent(other); p != other {
				t.Errorf("%d %%", p)
			}
		})
	}
}
