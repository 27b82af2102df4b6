package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// block is what stands between the markers of a table in the document.
var block = regexp.MustCompile(`(?s)(<!-- table: ([a-z]+) -->\n).*?(<!-- end of table -->)`)

// writeTables writes every table of the document anew.
func writeTables(document, dir string, n numbers) error {
	old, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	works, err := readReports(dir)
	if err != nil {
		return err
	}
	text, err := replaceTables(string(old), n, works)
	if err != nil || text == string(old) {
		return err
	}
	return os.WriteFile(document, []byte(text), 0o644)
}

func replaceTables(document string, n numbers, works []report) (text string, err error) {
	text = block.ReplaceAllStringFunc(document, func(found string) string {
		parts := block.FindStringSubmatch(found)
		table, e := tableOf(parts[2], n, works)
		if e != nil {
			err = e
		}
		return parts[1] + table + parts[3]
	})
	return text, err
}

// notYet stands where nothing was measured.
const notYet = "*Not measured yet: `go run ./testdata/curves` measures it.*\n"

func tableOf(name string, n numbers, works []report) (string, error) {
	switch name {
	case stagesName:
		return stagesTable(n), nil
	case "memory":
		return memoryTable(n), nil
	case "results":
		return resultsTable(n.of("window")), nil
	case "works":
		return worksTable(works), nil
	case sizing:
		return sizingTable(n.of(sizing)), nil
	}
	for _, c := range curves() {
		if c.name == name {
			return curveTable(c, n.of(name)), nil
		}
	}
	return "", fmt.Errorf("the document has a table %s, and nothing is called so", name)
}

// rows are a table in Markdown, the first one its head.
func rows(all [][]string) string {
	var b strings.Builder
	for i, cells := range all {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintln(&b, "|"+strings.Repeat("---|", len(cells)))
		}
	}
	return b.String()
}

// source tells where numbers come from.
func (m measured) source() string {
	return fmt.Sprintf("\n%s; medians of %d runs, and from the least to the greatest.\n", m.on, m.Runs)
}

func (o on) String() string {
	return fmt.Sprintf("aggrun %s, %s, %d CPUs, %s", o.Version, o.System, o.CPUs, cluster(o.Cluster))
}

func cluster(name string) string {
	if name == "embedded" {
		return "embedded broker"
	}
	return "Kafka"
}

func curveTable(c curve, m measured) string {
	if len(m.Points) == 0 {
		return notYet
	}
	all := [][]string{{c.axis, "ns a record", "of those, the raw drain", "10⁶ records/s", "ratio to the raw drain", "peak MB"}}
	for _, s := range m.Points {
		speed, ratio := s.Summary[runSpeed], s.Summary["ratio"]
		all = append(all, []string{
			c.label(s.X), fmt.Sprintf("%.0f", 1e3*s.Summary[runCPU].Median), fmt.Sprintf("%.0f", 1e3*s.Summary[floorCPU].Median),
			fmt.Sprintf("%.2f", speed.Median/1e6), fmt.Sprintf("%.2f (%.2f to %.2f)", ratio.Median, ratio.Min, ratio.Max),
			fmt.Sprintf("%.0f", s.Summary[runPeak].Max),
		})
	}
	return rows(all) + m.source()
}

func stagesTable(n numbers) string {
	if len(n.Stages) == 0 {
		return notYet
	}
	byName := map[string]cost{}
	for _, c := range n.Stages {
		byName[c.Stage] = c
	}
	all := [][]string{{"stage", "ns", "a", "measured by"}}
	if s, ok := n.of("operations").at(5); ok {
		all = append(all, []string{"fetch: receive, check, cut into records of 93 bytes", fmt.Sprintf("%.0f", 1e3*s.Summary[floorCPU].Median), "record", "`aggrun bench`: the floor"})
	}
	for _, s := range stages() {
		if c, ok := byName[s.name]; ok {
			all = append(all, []string{s.name, fmt.Sprintf("%.3g", c.Median), s.what, "`" + s.command() + "`"})
		}
	}
	return rows(all)
}

func memoryTable(n numbers) string {
	if len(n.Memory) == 0 {
		return notYet
	}
	all := [][]string{{"what these are read from", "bytes"}}
	for _, h := range n.Memory {
		all = append(all, []string{h.Functions, number(h.Bytes)})
	}
	return rows(all)
}

// resultsTable is what one result costs: what short windows cost beyond longer ones is that of their results.
func resultsTable(m measured) string {
	short, ok1 := m.at(0.1)
	long, ok2 := m.at(10)
	more := short.Summary[results].Median - long.Summary[results].Median
	if !ok1 || !ok2 || more <= 0 {
		return notYet
	}
	beyond := (short.Summary[runCPU].Median - long.Summary[runCPU].Median) * float64(short.Records) // µs
	return rows([][]string{
		{"of 10 fields and 5 operations", "µs a result"},
		{"close, encode, produce and commit", fmt.Sprintf("%.1f", beyond/more)},
	}) + "\nFrom windows of 100 ms and of 10 s below: the difference in processor time by that in results.\n"
}

// sizingTable works the example out: 20,000 records/s.
func sizingTable(m measured) string {
	s, ok := m.at(200)
	if !ok {
		return notYet
	}
	const rate, hour = 200 * 100, 3600
	ns, speed := 1e3*s.Summary[runCPU].Median, s.Summary[runSpeed].Median
	return rows([][]string{
		{"of 200 topics at 100 Hz with 20 fields", ""},
		{"records/s that come", number(rate)},
		{"processor time a record", fmt.Sprintf("%.0f ns", ns)},
		{"of one core, at a backlog's cost", fmt.Sprintf("%.1f %%", rate*ns/1e9*100)},
		{"records/s of a backlog", fmt.Sprintf("%.2g million", speed/1e6)},
		{"an hour of backlog", fmt.Sprintf("%.0f s", rate*hour/speed)},
		{"peak resident memory", fmt.Sprintf("%.0f MB", s.Summary[runPeak].Max)},
	}) + m.source()
}

// readReports are the reports of aggrun bench --json that lie beside the numbers.
func readReports(dir string) (all []report, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "bench*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, r)
	}
	return all, nil
}

func worksTable(reports []report) string {
	if len(reports) == 0 {
		return "*Not measured yet: `aggrun bench --work all --json=docs/performance/bench.json`, then `go run ./testdata/curves --draw`.*\n"
	}
	all := [][]string{{"work", "10⁶ records", "ratio to the raw drain", "goal", "10⁶ records/s", "ns a record", "peak MB", "with idle pipelines beside it"}}
	var sources []string
	for _, r := range reports {
		for _, w := range r.Works {
			ratio, s := w.Summary["ratio"], w.Summary
			idle := ""
			if v, ok := s["ratio_with_idle_to_alone"]; ok {
				idle = fmt.Sprintf("%d: %.3f (%.3f to %.3f)", w.Idle, v.Median, v.Min, v.Max)
			}
			all = append(all, []string{
				w.Work, fmt.Sprintf("%.3g", float64(w.Load.Records)/1e6), fmt.Sprintf("%.2f (%.2f to %.2f)", ratio.Median, ratio.Min, ratio.Max), fmt.Sprintf("%.2f", w.Goal),
				fmt.Sprintf("%.2f", s[runSpeed].Median/1e6), fmt.Sprintf("%.0f", 1e3*s[runCPU].Median), fmt.Sprintf("%.0f", s[runPeak].Max), idle,
			})
		}
		sources = append(sources, fmt.Sprintf("%s, %d runs", r.on, len(r.Works[0].Runs)))
	}
	return rows(all) + "\n" + strings.Join(slices.Compact(sources), "; ") + ".\n"
}
