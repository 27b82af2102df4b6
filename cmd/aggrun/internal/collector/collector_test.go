package collector

import (
	"runtime"
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

// After collections one upon the other the heap has room. How soon the tuner is called
// after each is the runtime's affair.
func TestMakeRoom(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	MakeRoom()
	goal := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	for range 1000 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if metrics.Read(goal); goal[0].Value.Uint64() >= 4<<20*most/100 {
			return
		}
	}
	t.Errorf("the heap is collected at %d bytes", goal[0].Value.Uint64())
}

// Who sets the environment's variables is left alone.
func TestTold(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	if told() {
		t.Error("told nothing")
	}
	for name, value := range map[string]string{"GOGC": "off", "GOMEMLIMIT": "100MiB"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if !told() {
				t.Error("not told")
			}
		})
	}
}
