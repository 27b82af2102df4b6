package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// timeline is what versions of a spec, one after another, wrote of one topic, in order of event time.
type timeline struct {
	topic   string
	written []result
	due     map[int64]map[int64]int64 // by size: end to number of records of each window that has some; ms
}

func newTimeline(topic string, all *set, times []int64) *timeline {
	t := &timeline{topic: topic, due: map[int64]map[int64]int64{}}
	for _, r := range all.windows {
		if r.topic != topic {
			continue
		}
		t.written = append(t.written, r)
		if t.due[r.size] == nil {
			t.due[r.size] = map[int64]int64{}
			for _, at := range times {
				t.due[r.size][endOf(at, r.size)]++
			}
		}
	}
	slices.SortFunc(t.written, func(a, b result) int { return cmp.Compare(a.end, b.end) })
	return t
}

// endOf is the end of the window of so many ms that a time lies in; times are after 1970.
func endOf(at, size int64) int64 { return at - at%size + size }

// seam is a take-over: the version before, the one after, and the least C that agrees with what both wrote.
type seam struct{ before, after, closed int64 }

// seams finds the take-overs. Up to C the old version has written what it had to, and the new one has not, by one
// window at least: so C is no less than the last end of the old one, nor than the last end before the new one's first.
func (t *timeline) seams() (all []seam) {
	for i := 1; i < len(t.written); i++ {
		a, b := t.written[i-1], t.written[i]
		if a.size == b.size {
			continue
		}
		closed := a.end
		for end := range t.due[b.size] {
			if end < b.end {
				closed = max(closed, end)
			}
		}
		all = append(all, seam{a.size, b.size, closed})
	}
	return all
}

// wrong lists what is not as the order of versions wants it: each has written the windows between the take-overs'
// Cs that hold records, with all their records, and no other.
func (t *timeline) wrong(order []int64) (lines []string) {
	want, from, size := map[window]int64{}, int64(0), order[0]
	var found []int64
	take := func(closed int64) {
		found = append(found, size)
		for end, n := range t.due[size] {
			if end > from && end <= closed {
				want[window{topic: fmt.Sprint(size), end: end}] = n
			}
		}
		from = closed
	}
	for _, s := range t.seams() {
		size = s.before
		take(s.closed)
		size = s.after
	}
	take(1 << 62)
	if !slices.Equal(found, order) {
		lines = append(lines, fmt.Sprintf("%s: windows of %v ms follow one another, not of %v", t.topic, found, order))
	}
	for _, r := range t.written {
		w := window{topic: fmt.Sprint(r.size), end: r.end}
		n, ok := want[w]
		if delete(want, w); !ok || n != r.count {
			lines = append(lines, fmt.Sprintf("%s: the window of %d ms to %d has %d records, not %d of its time and version", t.topic, r.size, r.end, r.count, n))
		}
	}
	for w, n := range want {
		lines = append(lines, fmt.Sprintf("%s: the window of %s ms to %d is missing, with %d records", t.topic, w.topic, w.end, n))
	}
	return lines
}

// cover lists the times of records that are in no window that was written, and counts those that are in several: of
// one version they cannot be.
func (t *timeline) cover(times []int64) (lost []string, several int) {
	in := map[[2]int64]bool{}
	for _, r := range t.written {
		in[[2]int64{r.size, r.end}] = true
	}
	for _, at := range times {
		n := 0
		for size := range t.due {
			if in[[2]int64{size, endOf(at, size)}] {
				n++
			}
		}
		if n == 0 {
			lost = append(lost, fmt.Sprintf("%s: the record of %d is in no window", t.topic, at))
		}
		if n > 1 {
			several++
		}
	}
	return lost, several
}

// differences lists windows that have other bits than those of the same version undisturbed.
func (t *timeline) differences(alone map[int64]*set) (lines []string) {
	for _, r := range t.written {
		other, ok := alone[r.size].windows[r.window]
		if !ok || other.time != r.time || other.size != r.size || !bytes.Equal(other.body, r.body) {
			lines = append(lines, fmt.Sprintf("%v, of %d ms: not as undisturbed", r.window, r.size))
		}
	}
	return lines
}

func (t *timeline) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d windows", len(t.written))
	for _, s := range t.seams() {
		fmt.Fprintf(&text, "; %d ms to %d, %d ms from there", s.before, s.closed, s.after)
	}
	return text.String()
}
