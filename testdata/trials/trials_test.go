package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestDifferences tells apart every way in which two sets may differ.
func TestDifferences(t *testing.T) {
	first, second := &set{windows: map[window]result{}}, &set{windows: map[window]result{}}
	row := func(end, count int64, body string) result {
		return result{window: window{"t", "k", end}, body: []byte(body), count: count}
	}
	for _, r := range []result{row(1, 5, "same"), row(2, 5, "alone"), row(3, 5, "fewer"), row(4, 5, "bits"), row(6, 5, "excused")} {
		first.add(r)
	}
	for _, r := range []result{row(1, 5, "same"), row(3, 6, "fewer"), row(4, 5, "bitz"), row(5, 5, "alone"), row(6, 6, "excused")} {
		second.add(r)
	}
	want := []string{
		"t k to 2: in the first set alone, with 5 records",
		"t k to 3: 5 records in the first set, 6 in the second",
		"t k to 4: other bits of 5 records",
		"t k to 5: in the second set alone, with 5 records",
	}
	if got := differences(first, second, func(w window) bool { return w.end == 6 }); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(first.twice) > 0 || first.counted != 25 {
		t.Errorf("%d twice, %d counted", len(first.twice), first.counted)
	}
	if first.add(row(1, 5, "same")); len(first.twice) != 1 {
		t.Error("a repeated window is not found")
	}
}

// TestNewResult reads the head of a result, whatever its schema's id.
func TestNewResult(t *testing.T) {
	value := func(id byte) []byte {
		return append([]byte{0, 0, 0, 0, id}, append(make([]byte, 14), 0x14, 0x40, 0x90, 0x03, 0xff)...) // of 5 s, 200
	}
	r := &kgo.Record{Topic: "t-aggregated", Key: []byte("t"), Value: value(1), Timestamp: time.UnixMilli(500),
		Headers: []kgo.RecordHeader{{Key: headerWindowEnd, Value: []byte("1000")}}}
	a, err := newResult("t", r)
	if err != nil || a.count != 200 || a.size != 5000 || a.window != (window{"t", "t", 1000}) || a.time != 500 {
		t.Errorf("got %+v, %v", a, err)
	}
	r.Value = value(2)
	if b, _ := newResult("t", r); !slices.Equal(a.body, b.body) {
		t.Error("the schema's id is part of the body")
	}
	r.Headers = nil
	if _, err := newResult("t", r); err == nil {
		t.Error("a record without the header is taken for a result")
	}
}

// TestSchedule visits every point in each round, in another order, and begins with a kill by chance.
func TestSchedule(t *testing.T) {
	points := strings.Fields("a b c d e f g h i j k l m n o")
	for seed := range uint64(200) {
		kills := schedule(rand.New(rand.NewPCG(seed, 0)), points, 20)
		if len(kills) != 20 || kills[0] != "" {
			t.Fatalf("seed %d: %q", seed, kills)
		}
		for _, point := range points {
			if !slices.Contains(kills, point) {
				t.Fatalf("seed %d: no kill at %s: %q", seed, point, kills)
			}
		}
	}
}

// TestCheckLocal keeps the trials on this machine.
func TestCheckLocal(t *testing.T) {
	for brokers, ok := range map[string]bool{
		"127.0.0.1:9092": true, "localhost:9092": true, "[::1]:9092": true,
		"": false, "kafka.example:9092": false, "127.0.0.1:9092,10.0.0.1:9092": false, "127.0.0.1": false,
	} {
		t.Run(fmt.Sprintf("%q", brokers), func(t *testing.T) {
			s := &stage{brokers: brokers, sourceRegistry: "http://127.0.0.1:1/x", sinkRegistry: "http://127.0.0.1:2"}
			if err := s.checkLocal(); (err == nil) != ok {
				t.Errorf("got %v", err)
			}
		})
	}
	s := &stage{brokers: "127.0.0.1:1", sourceRegistry: "http://registry.example:1", sinkRegistry: "http://127.0.0.1:2"}
	if s.checkLocal() == nil {
		t.Error("a registry elsewhere is taken")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{5, 1}, 3}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.of, got, c.want)
		}
	}
}

// TestTimeline takes a change from windows of 10 ms to 25 ms and back, and finds what may be wrong with it.
func TestTimeline(t *testing.T) {
	var times []int64
	for at := int64(1); at < 200; at += 2 {
		times = append(times, at)
	}
	// C is 60 and 125 when the other version takes over.
	ends := map[int64][]int64{10: {10, 20, 30, 40, 50, 60, 130, 140, 150, 160, 170, 180, 190, 200}, 25: {75, 100, 125}}
	line := func(leave, add [2]int64) *timeline {
		all := &set{windows: map[window]result{}}
		put := func(size, end int64) {
			r := result{window: window{"t", "k", end}, size: size}
			for _, at := range times {
				if endOf(at, size) == end {
					r.count++
				}
			}
			all.add(r)
		}
		for size, of := range ends {
			for _, end := range of {
				if leave != [2]int64{size, end} {
					put(size, end)
				}
			}
		}
		if add[0] > 0 {
			put(add[0], add[1])
		}
		return newTimeline("t", all, times)
	}
	good := line([2]int64{}, [2]int64{})
	lost, several := good.cover(times)
	if wrong := good.wrong([]int64{10, 25, 10}); len(wrong)+len(lost) > 0 || several != 5+2 {
		t.Errorf("good: wrong %q, lost %q, %d in several", wrong, lost, several)
	}
	if good.wrong([]int64{10, 25}) == nil || good.wrong([]int64{10, 25, 10, 25}) == nil {
		t.Error("another order of versions is taken")
	}
	for size, of := range ends {
		for _, end := range of {
			if size == 10 && end == 60 {
				continue // as if C had been 50
			}
			tl := line([2]int64{size, end}, [2]int64{})
			if lost, _ := tl.cover(times); tl.wrong([]int64{10, 25, 10}) == nil && lost == nil {
				t.Errorf("the window of %d ms to %d is missing, and nothing is told", size, end)
			}
		}
	}
	for _, more := range [][2]int64{{10, 80}, {10, 110}, {25, 50}, {25, 150}} {
		if line([2]int64{}, more).wrong([]int64{10, 25, 10}) == nil {
			t.Errorf("a window of %v too many is taken", more)
		}
	}
	short := line([2]int64{}, [2]int64{})
	short.written[3].count--
	if short.wrong([]int64{10, 25, 10}) == nil {
		t.Error("a window that lacks a record is taken")
	}
	alone := map[int64]*set{10: {windows: map[window]result{}}, 25: {windows: map[window]result{}}}
	for _, r := range good.written {
		alone[r.size].add(r)
	}
	if d := good.differences(alone); d != nil {
		t.Errorf("equal ones differ: %q", d)
	}
	good.written[0].body = []byte("other")
	if len(good.differences(alone)) != 1 {
		t.Error("other bits are not seen")
	}
}
