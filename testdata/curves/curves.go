package main

import (
	"fmt"
	"slices"
	"strings"
)

// curve is how cost depends on one thing, the others as they are in the work that aggrun bench calls the first.
type curve struct {
	name, title, axis string
	log               bool     // of the axis
	panels            []string // of the picture; none: those of most
	points            []point
}

// point is one load and pipeline on a curve.
type point struct {
	x     float64
	label string  // of x, where the number alone would not tell
	share float64 // of the records, where all would take too long; 0: all of them
	flags []string
	spec  string
}

const (
	basic = "count, min, max, mean, stdev"
	seven = "min, q1, mean, median, stdev, q3, max"
	more  = seven + ", count, sum, rms, range, var_samp"
)

// standard is the first work's pipeline with some lines in place of its own.
func standard(lines ...string) string {
	all := []string{`source: {topics: [bench], fields: ["value*"]}`, "window: 1s", "operations: [" + basic + "]"}
	for _, line := range lines {
		key, _, _ := strings.Cut(line, ":")
		at := slices.IndexFunc(all, func(l string) bool { return strings.HasPrefix(l, key+":") })
		if at < 0 {
			all = append(all, line)
			continue
		}
		all[at] = line
	}
	return "pipelines:\n  bench:\n    " + strings.Join(all, "\n    ") + "\n"
}

// curves are all of them, in the document's order.
func curves() []curve {
	return []curve{
		{name: "fields", title: "Fields selected, of 30 in the record", axis: "fields selected", log: true, points: over(fieldsPoint, 1, 3, 10, 30)},
		{name: "width", title: "Fields in the record, 3 of them selected", axis: "fields in the record", points: over(widthPoint, 3, 10, 30, 50)},
		{name: "operations", title: "Operations on each of 10 fields", axis: "operations", points: []point{
			{x: 1, spec: standard("operations: [mean]")},
			{x: 5, spec: standard()},
			{x: 7, spec: standard("operations: [" + seven + "]")},
			{x: 12, spec: standard("operations: [" + more + "]")},
		}},
		{name: "groups", title: "Groups, at 10 kHz", axis: "keys of group_by", log: true, points: over(groupsPoint, 1, 10, 100, 1000)},
		{name: "topics", title: "Topics that one pipeline reads", axis: "topics", log: true, points: over(topicsPoint, 1, 10, 100)},
		{name: "window", title: "Window length, at 1 kHz", axis: "window", log: true, points: windowPoints(basic, "100ms", "1s", "10s", "1m", "1h")},
		{name: "samples", title: "Window length with exact quartiles, at 1 kHz", axis: "window", log: true, panels: []string{"cost", "speed", "memory"},
			points: windowPoints(seven, "1s", "10s", "1m", "10m")},
		{name: "hop", title: "Windows that a record is in: size / advance, of 1 s", axis: "size / advance", log: true, points: over(hopPoint, 1, 2, 10, 60)},
		{name: "batch", title: "Records in a batch of the producer's", axis: "records a batch", log: true, points: []point{
			{x: 1, share: 0.2, flags: []string{"--batch", "1"}, spec: standard()},
			{x: 10, flags: []string{"--batch", "10"}, spec: standard()},
			{x: 100, flags: []string{"--batch", "100"}, spec: standard()},
			{x: 1000, flags: []string{"--batch", "1000"}, spec: standard()},
		}},
		{name: "where", title: "Records that where lets pass", axis: "% that pass", points: over(wherePoint, 1, 10, 50, 90, 100)},
		{name: sizing, title: "200 topics at 100 Hz, 20 fields, each record a batch", axis: "topics", points: []point{
			{x: 200, share: 0.2, flags: []string{"--topics", "200", "--partitions", "1", "--rate", "100", "--fields", "20", "--batch", "1"}, spec: standard()},
		}},
	}
}

// sizing is the name of the worked example, which is no curve but a point.
const sizing = "sizing"

func over(of func(x float64) point, xs ...float64) (all []point) {
	for _, x := range xs {
		p := of(x)
		p.x = x
		all = append(all, p)
	}
	return all
}

func fieldsPoint(n float64) point {
	return point{flags: []string{"--fields", "30"}, spec: standard("source: {topics: [bench], fields: [" + values(int(n)) + "]}")}
}

func widthPoint(n float64) point {
	return point{flags: []string{"--fields", number(n)}, spec: standard("source: {topics: [bench], fields: [" + values(3) + "]}")}
}

// values are the names of the first n fields.
func values(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("value%d", i))
	}
	return strings.Join(names, ", ")
}

func groupsPoint(n float64) point {
	return point{flags: []string{"--keys", number(n), "--rate", "10000"}, spec: standard("group_by: [salIndex]")}
}

func topicsPoint(n float64) point {
	return point{flags: []string{"--topics", number(n)}, spec: standard()}
}

func hopPoint(n float64) point {
	return point{spec: standard(fmt.Sprintf("window: {size: %ss, advance: 1s}", number(n)))}
}

// wherePoint lets a share of records pass: value0 is spread evenly from -1 to 1.
func wherePoint(percent float64) point {
	return point{spec: standard(fmt.Sprintf(`source: {topics: [bench], fields: ["value*"], where: value0 < %g}`, percent/50-1))}
}

func windowPoints(operations string, lengths ...string) (all []point) {
	for _, length := range lengths {
		all = append(all, point{x: seconds(length), label: length, spec: standard("window: "+length, "operations: ["+operations+"]")})
	}
	return all
}

func curveNamed(name string) curve {
	all := curves()
	return all[slices.IndexFunc(all, func(c curve) bool { return c.name == name })]
}
