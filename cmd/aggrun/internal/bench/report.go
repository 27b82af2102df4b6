package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// Report is all that was measured. The names in its JSON do not change.
type Report struct {
	Version string    `json:"version"`
	Cluster string    `json:"cluster"` // "embedded", or the brokers
	CPUs    int       `json:"cpus"`
	System  string    `json:"system"`
	Go      string    `json:"go"`
	Works   []Outcome `json:"works"`
}

// NewReport adds where it was measured.
func NewReport(version, cluster string, works []Outcome) Report {
	return Report{version, cluster, runtime.NumCPU(), runtime.GOOS + "/" + runtime.GOARCH, runtime.Version(), works}
}

// Outcome is what was measured of one work.
type Outcome struct {
	Work    string            `json:"work"`
	Doc     string            `json:"what"`
	Goal    float64           `json:"goal,omitempty"`
	Load    Load              `json:"load"`
	Filled  Filled            `json:"filled"`
	Runs    []Pair            `json:"runs"`
	Summary map[string]Spread `json:"summary"` // by measure
}

// Pair is the two processes of one run.
type Pair struct {
	Floor   Sample             `json:"floor"`
	Run     Sample             `json:"run"`
	Figures map[string]float64 `json:"figures"` // by measure
}

// Spread is what several runs gave.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// measure is one number of a pair.
type measure struct {
	name, doc, form string
	of              func(o *Outcome, p Pair) float64
}

// measures are the rows of the table, and their names in JSON.
func measures() []measure {
	records := func(o *Outcome) float64 { return float64(o.Load.Records) }
	both := func(name, doc, form string, of func(o *Outcome, s Sample) float64) []measure {
		return []measure{
			{"floor_" + name, doc, form, func(o *Outcome, p Pair) float64 { return of(o, p.Floor) }},
			{"run_" + name, doc, form, func(o *Outcome, p Pair) float64 { return of(o, p.Run) }},
		}
	}
	return slices.Concat(
		[]measure{{"ratio", "records/s of the run by those of the floor", "%.3f", func(_ *Outcome, p Pair) float64 { return p.Floor.Seconds / p.Run.Seconds }}},
		both("records_per_second", "from the first record received to the last commit, or to the floor's last record", "%.0f",
			func(o *Outcome, s Sample) float64 { return records(o) / s.Seconds }),
		both("megabytes_per_second", "10^6 bytes of keys and values, uncompressed", "%.1f",
			func(o *Outcome, s Sample) float64 { return float64(o.Filled.Bytes) / 1e6 / s.Seconds }),
		both("cpu_seconds_per_million_records", "of the process alone, since the first record", "%.3f",
			func(o *Outcome, s Sample) float64 { return s.CPU / records(o) * 1e6 }),
		both("peak_resident_megabytes", "10^6 bytes, over the whole life of the process", "%.1f",
			func(_ *Outcome, s Sample) float64 { return float64(s.Peak) / 1e6 }),
		both("allocations_per_record", "objects on the heap, since the first record", "%.4f",
			func(o *Outcome, s Sample) float64 { return float64(s.Allocations) / records(o) }),
		[]measure{{"allocations_per_record_beyond_floor", "the run's less the floor's", "%.4f", func(o *Outcome, p Pair) float64 {
			return (float64(p.Run.Allocations) - float64(p.Floor.Allocations)) / records(o)
		}}},
		both("process_seconds", "from the start of the process to its exit", "%.2f",
			func(_ *Outcome, s Sample) float64 { return s.Process }),
		[]measure{{"results", "records that the run wrote", "%.0f", func(_ *Outcome, p Pair) float64 { return float64(p.Run.Results) }}},
	)
}

// add takes a run up.
func (o *Outcome) add(p Pair) {
	p.Figures = map[string]float64{}
	for _, m := range measures() {
		p.Figures[m.name] = m.of(o, p)
	}
	o.Runs = append(o.Runs, p)
	o.Summary = map[string]Spread{}
	for _, m := range measures() {
		var values []float64
		for _, run := range o.Runs {
			values = append(values, run.Figures[m.name])
		}
		o.Summary[m.name] = spread(values)
	}
}

// spread sorts its values, of which there is one at least.
func spread(values []float64) Spread {
	slices.Sort(values)
	n := len(values)
	return Spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}
}

// JSON writes the report for programs.
func (r Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Text writes the report for people.
func (r Report) Text(w io.Writer) {
	fmt.Fprintf(w, "aggrun %s, %s, %d CPUs, %s, cluster %s\n", r.Version, r.System, r.CPUs, r.Go, r.Cluster)
	for i := range r.Works {
		r.Works[i].text(w)
	}
	if len(r.Works) > 1 {
		r.overview(w)
	}
}

// text is the table of a work.
func (o *Outcome) text(w io.Writer) {
	fmt.Fprintln(w)
	o.describe(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MEASURE\tMIN\tMEDIAN\tMAX\tWHAT")
	for _, m := range measures() {
		s := o.Summary[m.name]
		fmt.Fprintf(t, "%s\t"+m.form+"\t"+m.form+"\t"+m.form+"\t%s\n", m.name, s.Min, s.Median, s.Max, m.doc)
	}
	_ = t.Flush() // nobody could be told
}

// describe tells what is read.
func (o *Outcome) describe(w io.Writer) {
	l := o.Load
	what := []string{fmt.Sprintf("%d fields", l.Fields)}
	if l.Mixed {
		what[0] += " of mixed types"
	}
	if l.Keys > 0 {
		what = append(what, fmt.Sprintf("%d keys", l.Keys))
	}
	if l.Disorder > 0 {
		what = append(what, fmt.Sprintf("%g %% up to %g s late", 100*l.Disorder, l.DisorderBy))
	}
	if c := l.Compression; c != "" && c != "none" {
		what = append(what, c)
	}
	fmt.Fprintf(w, "%s: %s\n", o.Work, o.Doc)
	fmt.Fprintf(w, "%d records of %s, %.0f bytes each, %.0f a batch; %d topics of %d partitions, %g records a second of event time in each; written in %.1f s\n",
		l.Records, strings.Join(what, ", "), float64(o.Filled.Bytes)/float64(l.Records),
		float64(l.Records)/math.Max(1, float64(o.Filled.Batches)), l.Topics, l.Partitions, l.Rate, o.Filled.Seconds)
}

// tell is progress: one run.
func (o *Outcome) tell(w io.Writer, n int) {
	f := o.Runs[n].Figures
	fmt.Fprintf(w, "run %d: floor %.0f records/s, aggrun %.0f records/s, ratio %.3f\n",
		n+1, f["floor_records_per_second"], f["run_records_per_second"], f["ratio"])
}

// overview is a line for each work.
func (r Report) overview(w io.Writer) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORK\tRATIO MIN\tMEDIAN\tMAX\tGOAL\tRECORDS/S\tPEAK MB\tALLOCATIONS\tCPU S/MILLION")
	for _, o := range r.Works {
		s, ratio := o.Summary, o.Summary["ratio"]
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%.2f\t%.0f\t%.1f\t%.4f\t%.3f\n", o.Work, ratio.Min, ratio.Median, ratio.Max, o.Goal,
			s["run_records_per_second"].Median, s["run_peak_resident_megabytes"].Max,
			s["allocations_per_record_beyond_floor"].Median, s["run_cpu_seconds_per_million_records"].Median)
	}
	_ = t.Flush() // nobody could be told
}
