package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
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
	Scale   []Scale   `json:"scale,omitempty"` // where a work was measured with several numbers of records
}

// NewReport adds where it was measured.
func NewReport(version, cluster string, works []Outcome) Report {
	return Report{version, cluster, runtime.NumCPU(), runtime.GOOS + "/" + runtime.GOARCH, runtime.Version(), works, scales(works)}
}

// Outcome is what was measured of one work.
type Outcome struct {
	Work    string            `json:"work"`
	Doc     string            `json:"what"`
	Goal    float64           `json:"goal,omitempty"`
	Load    Load              `json:"load"`
	Filled  Filled            `json:"filled"`
	Idle    int               `json:"idle_pipelines"` // beside the run, in a process more
	Runs    []Turn            `json:"runs"`
	Summary map[string]Spread `json:"summary"` // by measure
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
	if len(r.Scale) > 0 {
		r.scale(w)
	}
}

// scale is a line for each work and number of records but the fewest.
func (r Report) scale(w io.Writer) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORK\tRECORDS\tRECORDS/S BY THOSE OF\tFLOOR\tRUN")
	for _, s := range r.Scale {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.3f\t%.3f\n", s.Work, s.Records, s.Fewest, s.Floor, s.Run)
	}
	_ = t.Flush() // nobody could be told
}

// text is the table of a work.
func (o *Outcome) text(w io.Writer) {
	fmt.Fprintln(w)
	o.describe(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MEASURE\tMIN\tMEDIAN\tMAX\tWHAT")
	for _, m := range o.measures() {
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
	doc := o.Doc
	if o.Idle > 0 {
		doc += fmt.Sprintf("; with and without %d idle pipelines beside it", o.Idle)
	}
	fmt.Fprintf(w, "%s: %s\n", o.Work, doc)
	fmt.Fprintf(w, "%d records of %s, %.0f bytes each, %.0f a batch; %d topics of %d partitions, %g records a second of event time in each; written in %.1f s\n",
		l.Records, strings.Join(what, ", "), float64(o.Filled.Bytes)/float64(l.Records),
		float64(l.Records)/math.Max(1, float64(o.Filled.Batches)), l.Topics, l.Partitions, l.Rate, o.Filled.Seconds)
}

// tell is progress: turn n of those that count, or one of the warm-up.
func (t *Turn) tell(w io.Writer, n int) {
	name, f := fmt.Sprintf("run %d", n), t.Figures
	if n < 1 {
		name = "warm-up"
	}
	idle := ""
	if t.WithIdle != nil {
		idle = fmt.Sprintf(", with idle ones beside it %.3f of that", f["ratio_with_idle_to_alone"])
	}
	fmt.Fprintf(w, "%s: floor %.0f records/s, aggrun %.0f records/s%s, ratio %.3f\n",
		name, f["floor_records_per_second"], f["run_records_per_second"], idle, f["ratio"])
}

// overview is a line for each work.
func (r Report) overview(w io.Writer) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WORK\tRATIO MIN\tMEDIAN\tMAX\tGOAL\tRECORDS\tRECORDS/S\tPEAK MB\tALLOCATIONS\tCPU S/MILLION")
	for _, o := range r.Works {
		s, ratio := o.Summary, o.Summary["ratio"]
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.3f\t%.2f\t%d\t%.0f\t%.1f\t%.4f\t%.3f\n", o.Work, ratio.Min, ratio.Median, ratio.Max, o.Goal, o.Load.Records,
			s["run_records_per_second"].Median, s["run_peak_resident_megabytes"].Max,
			s["allocations_per_record_beyond_floor"].Median, s["run_cpu_seconds_per_million_records"].Median)
	}
	_ = t.Flush() // nobody could be told
}
