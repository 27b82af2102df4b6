package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// shown is what was printed.
type shown struct{ windows, records int64 }

// shownColumns is how many of a result's values fit on a line.
const shownColumns = 4

// show prints results as lines of a table, as they come, until ctx ends.
func show(ctx context.Context, r *reader, w io.Writer) (shown, error) {
	var sum shown
	var last string
	err := r.read(ctx, func(found result) {
		sum.windows++
		sum.records += found.count
		if head := found.schema.heading(); head != last {
			last = head
			fmt.Fprintln(w, head)
		}
		fmt.Fprintln(w, found.line())
	})
	return sum, err
}

func (s *sinkSchema) heading() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s  %-24s  %5s", "TOPIC", "TIME", "COUNT")
	for _, c := range slices.Concat(s.groups, s.columns[:min(shownColumns, len(s.columns))]) {
		fmt.Fprintf(&b, "  %14s", strings.ToUpper(c))
	}
	return b.String()
}

func (r result) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s  %-24s  %5d", r.topic, r.time.Format("2006-01-02T15:04:05.000Z"), r.count)
	for _, v := range r.group {
		fmt.Fprintf(&b, "  %14s", groupText(v))
	}
	for _, v := range r.values[:min(shownColumns, len(r.values))] {
		if math.IsNaN(v) {
			fmt.Fprintf(&b, "  %14s", "null")
			continue
		}
		fmt.Fprintf(&b, "  %14.6g", v)
	}
	return b.String()
}

// groupText is a group's value as the key has it, a text without its quotes.
func groupText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, _ := json.Marshal(v) // it came from JSON
	return string(text)
}
