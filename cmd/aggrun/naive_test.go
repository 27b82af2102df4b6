package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// This file is the dumb twin of a whole pipeline: it sorts a topic's records into
// windows and computes each operation by its definition.

// sample is one source record.
type sample struct {
	record *kgo.Record
	ms     int64
	fields map[string]any
}

// samples decodes a source topic.
func (s *stage) samples(topic string) []sample {
	s.t.Helper()
	var found []sample
	for _, r := range s.records(topic) {
		found = append(found, sample{r, r.Timestamp.UnixMilli(), s.decode(s.SourceRegistry, r)})
	}
	slices.SortStableFunc(found, func(a, b sample) int {
		return cmp.Or(cmp.Compare(a.ms, b.ms), cmp.Compare(a.record.Partition, b.record.Partition), cmp.Compare(a.record.Offset, b.record.Offset))
	})
	return found
}

// windows sorts samples by the start of their window, ms.
func windows(samples []sample, size time.Duration) map[int64][]sample {
	of := map[int64][]sample{}
	for _, x := range samples {
		start := x.ms - x.ms%size.Milliseconds()
		of[start] = append(of[start], x)
	}
	return of
}

// closed drops the windows that a run to the end leaves open.
func closed(of map[int64][]sample, samples []sample, size, grace time.Duration) map[int64][]sample {
	largest := samples[len(samples)-1].ms
	kept := map[int64][]sample{}
	for start, in := range of {
		if start+size.Milliseconds()+grace.Milliseconds() <= largest {
			kept[start] = in
		}
	}
	return kept
}

// naive is what a result should hold: <operation>_<name> for each field, by its
// name in the source.
func naive(in []sample, fields map[string]string, operations []string) map[string]any {
	want := map[string]any{}
	for field, name := range fields {
		var values []float64
		for _, x := range in {
			if v, ok := number(x.fields[field]); ok {
				values = append(values, v)
			}
		}
		for _, op := range operations {
			want[op+"_"+name] = operation(op, values)
		}
	}
	return want
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v)
	case float32:
		return float64(v), !math.IsNaN(float64(v))
	case int64:
		return float64(v), true
	case int32:
		return float64(v), true
	}
	return 0, false
}

// operation computes one by its definition; nil is no value. Fewer than two
// values give the first.
func operation(op string, values []float64) any {
	n := len(values)
	switch {
	case op == "count":
		return float64(n)
	case n == 0:
		return nil
	case n < 2:
		return values[0]
	}
	sorted := slices.Sorted(slices.Values(values))
	switch op {
	case "min":
		return sorted[0]
	case "max":
		return sorted[n-1]
	case "median":
		return (sorted[(n-1)/2] + sorted[n/2]) / 2
	case "q1":
		return quartile(sorted, 1)
	case "q3":
		return quartile(sorted, 3)
	case "mean":
		return mean(values)
	case "stdev":
		return stdev(values)
	case "first":
		return values[0]
	case "last":
		return values[n-1]
	}
	panic("no definition of " + op)
}

// quartile is Python's statistics.quantiles(n=4), exclusive.
func quartile(sorted []float64, i int) float64 {
	n := len(sorted)
	j := min(max(i*(n+1)/4, 1), n-1)
	delta := i*(n+1) - 4*j
	return (sorted[j-1]*float64(4-delta) + sorted[j]*float64(delta)) / 4
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func stdev(values []float64) float64 {
	m, sum := mean(values), 0.0
	for _, v := range values {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// near compares a value that was read with a wanted one.
func near(got, want any) bool {
	if want == nil {
		return got == nil
	}
	g, ok := got.(float64)
	w := want.(float64)
	return ok && (g == w || math.Abs(g-w) <= 1e-12*math.Max(math.Abs(w), 1))
}

// checkResults compares a sink with the windows that it should hold: each once,
// with the right key, timestamp, times, count and values, and nothing else.
func (s *stage) checkResults(sink, key string, want map[int64][]sample, size time.Duration, fields map[string]string, operations []string) {
	s.t.Helper()
	seen := map[int64]int{}
	for _, r := range s.records(sink) {
		got := s.decode(s.SinkRegistry, r)
		start := r.Timestamp.UnixMilli() - size.Milliseconds()/2
		seen[start]++
		in, ok := want[start]
		if !ok || seen[start] > 1 {
			s.t.Errorf("%s: window %s is there, %d times, and should not be", sink, at(start), seen[start])
			continue
		}
		middle := float64(start)/1e3 + size.Seconds()/2
		if string(r.Key) != key || got["time"] != middle || got["window_size"] != size.Seconds() || got["count"] != int64(len(in)) {
			s.t.Errorf("%s: window %s has key %s, time %v, window_size %v, count %v; want %s, %v, %v, %d",
				sink, at(start), r.Key, got["time"], got["window_size"], got["count"], key, middle, size.Seconds(), len(in))
		}
		expect := naive(in, fields, operations)
		if len(got) != 3+len(expect) {
			s.t.Errorf("%s: %d fields, want %d: %v", sink, len(got), 3+len(expect), names(got))
		}
		for name, v := range expect {
			if !near(got[name], v) {
				s.t.Errorf("%s: window %s: %s is %v, want %v", sink, at(start), name, got[name], v)
			}
		}
	}
	for start := range want {
		if seen[start] == 0 {
			s.t.Errorf("%s: window %s is missing", sink, at(start))
		}
	}
	if s.t.Failed() {
		s.t.Fatalf("%s: %d windows, want %d", sink, len(seen), len(want))
	}
}

func at(ms int64) string { return time.UnixMilli(ms).UTC().Format("15:04:05.000") }

func names(fields map[string]any) string {
	var list []string
	for name := range fields {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// summaryOf is the line of run's summary about a pipeline, its columns.
func summaryOf(stderr, pipeline string) string {
	for line := range strings.Lines(stderr) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == pipeline {
			return strings.Join(fields[1:], " ")
		}
	}
	return fmt.Sprintf("no line of %s in:\n%s", pipeline, stderr)
}
