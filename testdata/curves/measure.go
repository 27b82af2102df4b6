package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// report is what aggrun bench --json tells.
type report struct {
	on
	Works []struct {
		Work string  `json:"work"`
		Goal float64 `json:"goal"`
		Idle int     `json:"idle_pipelines"`
		Load struct {
			Records int64 `json:"records"`
		} `json:"load"`
		Runs    []json.RawMessage `json:"runs"`
		Summary map[string]spread `json:"summary"`
	} `json:"works"`
}

// kept are the measures that pictures and tables are made of.
func kept() []string {
	return []string{"ratio", runCPU, floorCPU, runSpeed, floorSpeed, runPeak, floorPeak, results}
}

// Measures of aggrun bench.
const (
	runCPU, floorCPU     = "run_cpu_seconds_per_million_records", "floor_cpu_seconds_per_million_records"
	runSpeed, floorSpeed = "run_records_per_second", "floor_records_per_second"
	runPeak, floorPeak   = "run_peak_resident_megabytes", "floor_peak_resident_megabytes"
	results              = "results"
)

// curve measures one point after another.
func (o *options) curve(ctx context.Context, c curve, n *numbers) error {
	m := measured{Name: c.name, Runs: o.runs}
	for _, p := range c.points {
		r, err := o.bench(ctx, p)
		if err != nil {
			return err
		}
		w := r.Works[0]
		s := sample{X: p.x, Records: w.Load.Records, Summary: map[string]spread{}}
		for _, measure := range kept() {
			s.Summary[measure] = w.Summary[measure].rounded()
		}
		m.on, m.Points = r.on, append(m.Points, s)
		fmt.Fprintf(o.progress, "%s, %s %s: %.0f ns a record, ratio %.3f\n",
			c.name, p.name(), c.axis, 1e3*s.Summary[runCPU].Median, s.Summary["ratio"].Median)
	}
	n.put(m)
	return nil
}

// name is how a point is called on the axis and in tables.
func (p point) name() string {
	if p.label != "" {
		return p.label
	}
	return number(p.x)
}

// bench has a point measured. Only the first warms the broker up: an embedded one is a new one each time, but needs it
// no more than this program does.
func (o *options) bench(ctx context.Context, p point) (report, error) {
	path := filepath.Join(o.binaries, "spec.yaml")
	if err := os.WriteFile(path, []byte(p.spec), 0o600); err != nil {
		return report{}, err
	}
	var out, log bytes.Buffer
	cmd := exec.CommandContext(ctx, o.binary, o.args(p, path)...)
	cmd.Stdout, cmd.Stderr = &out, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it removes what it made
	if err := cmd.Run(); err != nil {
		return report{}, fmt.Errorf("%s: %w\n%s", p.name(), err, log.Bytes())
	}
	o.warm = true
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || len(r.Works) != 1 {
		return r, fmt.Errorf("%s: %d works in what bench tells, %w", p.name(), len(r.Works), err)
	}
	return r, nil
}

func (o *options) args(p point, path string) []string {
	records := o.records
	if p.share > 0 {
		records *= p.share
	}
	args := []string{"bench", "--json", "-f", path, "--records", strconv.FormatInt(int64(records), 10), "--runs", strconv.Itoa(o.runs)}
	if o.warm {
		args = append(args, "--warm-up", "0")
	}
	if o.brokers != "" {
		args = append(args, "--brokers", o.brokers, "--source-registry", o.source, "--sink-registry", o.sink)
	}
	return append(args, p.flags...)
}
