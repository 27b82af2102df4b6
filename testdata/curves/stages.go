package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// stagesName is what --only calls the micro-benchmarks.
const stagesName = "stages"

// stage is a step of the flow and the micro-benchmark that tells what it costs.
type stage struct {
	name      string
	what      string // one of which is counted
	pkg       string
	benchmark string // as go test calls it
	unit      string // of the metric
}

// stages are in the flow's order.
func stages() []stage {
	const codec, expression, core, functions = "./pipeline/codec", "./pipeline/expression", "./pipeline", "./functions"
	all := []stage{
		{"decode a poll: 10 doubles, wire format and time included", "record", "./pipeline/kafka", "DecodePieces", "ns/record"},
		{"decode 3 of 13 fields", "record", codec, "Decode/13_fields_3_selected", "ns/op"},
		{"decode 11 of 13 fields", "record", codec, "Decode/13_fields_11_selected", "ns/op"},
		{"decode 3 of 50 fields of mixed types", "record", codec, "Decode/50_mixed_fields_3_selected", "ns/op"},
		{"`where: value0 > 3 && value1 < 2`", "record", expression, "Rows/value0_>_3_&&_value1_<_2/full/columns", "ns/row"},
		{"derive `hypot(value0, value1)`", "record", expression, "Rows/hypot(value0,_value1)/full/columns", "ns/row"},
		{"derive `sqrt(value0^2 + value1^2)` by the machine, `--vm`", "record", expression, "Rows/sqrt(value0^2_+_value1^2)/full/vm", "ns/row"},
		{"assign, accumulate and close: 10 fields, 5 operations, 1 s at 1 kHz", "record", core, "Apply/first", "ns/record"},
		{"the same, seven operations with exact quartiles", "record", core, "Apply/quartiles", "ns/record"},
		{"the same, 100 groups at 10 kHz", "record", core, "Apply/groups", "ns/record"},
		{"the same, windows of 10 s every 1 s", "record", core, "Apply/hopping", "ns/record"},
		{"the same, with where, derive and an aggregate", "record", core, "Apply/where", "ns/record"},
	}
	for _, k := range []struct{ kind, of string }{
		{"tally", "count"}, {"moments", "sum, mean, rms, deviations and variances"}, {"extent", "min, max, range"},
		{"samples", "median, quartiles, quantiles"}, {"distinct", "count_distinct, mode"}, {"ends", "first, last and their times"},
		{"sketch", "approx_quantile"},
	} {
		all = append(all, stage{"accumulate for " + k.of, "value", functions, "Add/" + k.kind + "/offset/1000", "ns/value"})
	}
	return append(all,
		stage{"accumulate and take the median, 100 values a window", "value", functions, "Value/median/100", "ns/value"},
		stage{"accumulate and take the median, 1,000 values a window", "value", functions, "Value/median/1000", "ns/value"},
		stage{"close: merge one partition's moments", "field and partition", functions, "Merge/moments", "ns/merge"},
		stage{"close: an expression over aggregates", "window and group", expression, "Window", "ns/op"},
		stage{"encode 10 fields of 7 operations", "result", codec, "Encode/plain", "ns/op"},
	)
}

// stages runs the micro-benchmarks, each five times.
func (o *options) stages(ctx context.Context) (costs []cost, err error) {
	for _, s := range stages() {
		cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench="+s.pattern(), "-count=5", "-benchtime="+o.benchtime, s.pkg)
		var log bytes.Buffer
		cmd.Dir, cmd.Stderr = o.root, &log
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s%s", s.command(), err, out, log.Bytes())
		}
		found := s.metrics(string(out))
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: no benchmark %s with %s", s.pkg, s.benchmark, s.unit)
		}
		c := cost{s.name, spreadOf(found).rounded()}
		fmt.Fprintf(o.progress, "%s: %g ns a %s\n", s.name, c.Median, s.what)
		costs = append(costs, c)
	}
	return costs, nil
}

// pattern is that of go test's -bench for the one benchmark.
func (s stage) pattern() string {
	parts := strings.Split("Benchmark"+s.benchmark, "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	return strings.Join(parts, "/")
}

// command is how to measure the stage by hand.
func (s stage) command() string {
	name, _, _ := strings.Cut(s.benchmark, "/")
	return fmt.Sprintf("go test -run '^$' -bench '^Benchmark%s$' %s", name, s.pkg)
}

// metrics finds the stage's metric in what go test prints.
func (s stage) metrics(out string) (found []float64) {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) == 0 || processors.ReplaceAllString(f[0], "") != "Benchmark"+s.benchmark {
			continue
		}
		for i, unit := range f {
			if x, err := strconv.ParseFloat(f[max(i-1, 0)], 64); unit == s.unit && err == nil {
				found = append(found, x)
			}
		}
	}
	return found
}

// processors is what go test puts after a benchmark's name.
var processors = regexp.MustCompile(`-\d+$`)
