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
		return append([]byte{0, 0, 0, 0, id}, append(make([]byte, 16), 0x90, 0x03, 0xff)...) // 200
	}
	r := &kgo.Record{Topic: "t-aggregated", Key: []byte("t"), Value: value(1), Timestamp: time.UnixMilli(500),
		Headers: []kgo.RecordHeader{{Key: headerWindowEnd, Value: []byte("1000")}}}
	a, err := newResult("t", r)
	if err != nil || a.count != 200 || a.window != (window{"t", "t", 1000}) || a.time != 500 {
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
