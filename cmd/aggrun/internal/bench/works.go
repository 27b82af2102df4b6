package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Work is something to measure: a load, and the pipeline that aggregates it. Its
// text is a spec of one pipeline, whose source is replaced by the bench's topics.
type Work struct {
	Name string
	Doc  string
	Goal float64 // the ratio to the floor that aggrun is held to on two cores; 0: none
	Load Load
	Text string
}

// standard is the load that works differ from.
var standard = Load{Records: 3_000_000, Fields: 10, Partitions: 4, Topics: 1, Rate: 1000}

// Works are those that have names. The first is what is measured by default.
func Works() []Work {
	return []Work{
		{"first", "count, min, max, mean and stdev of 10 fields, 1 kHz, windows of 1 s", 0.90, standard,
			text(`source: {topics: [bench], fields: ["value*"]}`, "window: 1s", basic)},
		{"quartiles", "all seven operations of kafka-aggregator, exact quartiles among them", 0.60, standard,
			text(`source: {topics: [bench], fields: ["value*"]}`, "window: 1s", "operations: [min, q1, mean, median, stdev, q3, max]")},
		{"groups", "the first, group_by of 100 keys, 10 kHz", 0.75, standard.with(func(l *Load) { l.Keys, l.Rate = 100, 10_000 }),
			text(`source: {topics: [bench], fields: ["value*"]}`, "group_by: [salIndex]", "window: 1s", basic)},
		{"topics", "the first, spread over 100 topics by a glob", 0.80, standard.with(func(l *Load) { l.Topics = 100 }),
			text(`source: {topics: [bench], fields: ["value*"]}`, "window: 1s", basic)},
		{"batches", "the first, 10 records a batch", 0.80, standard.with(func(l *Load) { l.Batch = 10 }),
			text(`source: {topics: [bench], fields: ["value*"]}`, "window: 1s", basic)},
		{"hopping", "the first, windows of 10 s every 1 s", 0.75, standard,
			text(`source: {topics: [bench], fields: ["value*"]}`, "window: {size: 10s, advance: 1s}", basic)},
		{"mixed", "the first, 3 of 50 fields of mixed types", 0.80, standard.with(func(l *Load) { l.Fields, l.Mixed = 50, true }),
			text("source: {topics: [bench], fields: [double3, nullable25, long46]}", "window: 1s", basic)},
		{"expressions", "the first, with where (9 of 10 records), a derived field and an aggregate", 0.75, standard,
			text(`source: {topics: [bench], fields: ["value*"], where: value0 > -0.8, derive: {product: value1 * value2}}`,
				"window: 1s", basic, "aggregates: {swing: max(product) - min(value0)}")},
	}
}

const basic = "operations: [count, min, max, mean, stdev]"

// text is that of a spec of one pipeline.
func text(lines ...string) string {
	return "pipelines:\n  bench:\n    " + strings.Join(lines, "\n    ") + "\n"
}

// Lookup finds a work by its name.
func Lookup(name string) (Work, bool) {
	for _, w := range Works() {
		if w.Name == name {
			return w, true
		}
	}
	return Work{}, false
}

// List prints the works with their goals.
func List(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORK\tGOAL\tWHAT")
	for _, work := range Works() {
		fmt.Fprintf(t, "%s\t%.2f\t%s\n", work.Name, work.Goal, work.Doc)
	}
	_ = t.Flush() // nobody could be told
}
