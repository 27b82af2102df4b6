package bench

import "slices"

// Turn is the processes of one turn.
type Turn struct {
	Floor    Sample             `json:"floor"`
	Run      Sample             `json:"run"`
	WithIdle *Sample            `json:"run_with_idle,omitempty"`
	Figures  map[string]float64 `json:"figures"` // by measure
}

// Spread is what several turns gave.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// measure is one number of a turn.
type measure struct {
	name, doc, form string
	of              func(o *Outcome, t Turn) float64
}

// measures are the rows of the table, and their names in JSON.
func (o *Outcome) measures() []measure {
	records := func(o *Outcome) float64 { return float64(o.Load.Records) }
	return slices.Concat(
		[]measure{{"ratio", "records/s of the run by those of the floor", "%.3f", func(_ *Outcome, t Turn) float64 { return t.Floor.Seconds / t.Run.Seconds }}},
		o.ifIdle(measure{"ratio_with_idle_to_alone", "records/s of the run with idle pipelines beside it by those of the run alone", "%.3f",
			func(_ *Outcome, t Turn) float64 { return t.Run.Seconds / t.WithIdle.Seconds }}),
		o.each("records_per_second", "from the first record received to the last commit, or to the floor's last record", "%.0f",
			func(o *Outcome, s Sample) float64 { return records(o) / s.Seconds }),
		o.each("megabytes_per_second", "10^6 bytes of keys and values, uncompressed", "%.1f",
			func(o *Outcome, s Sample) float64 { return float64(o.Filled.Bytes) / 1e6 / s.Seconds }),
		o.each("cpu_seconds_per_million_records", "of the process alone, since the first record", "%.3f",
			func(o *Outcome, s Sample) float64 { return s.CPU / records(o) * 1e6 }),
		o.each("peak_resident_megabytes", "10^6 bytes, over the whole life of the process", "%.1f",
			func(_ *Outcome, s Sample) float64 { return float64(s.Peak) / 1e6 }),
		o.each("allocations_per_record", "objects on the heap, since the first record", "%.4f",
			func(o *Outcome, s Sample) float64 { return float64(s.Allocations) / records(o) }),
		[]measure{{"allocations_per_record_beyond_floor", "the run's less the floor's", "%.4f", func(o *Outcome, t Turn) float64 {
			return (float64(t.Run.Allocations) - float64(t.Floor.Allocations)) / records(o)
		}}},
		o.each("process_seconds", "from the start of the process to its exit", "%.2f",
			func(_ *Outcome, s Sample) float64 { return s.Process }),
		[]measure{{"results", "records that the run wrote", "%.0f", func(_ *Outcome, t Turn) float64 { return float64(t.Run.Results) }}},
	)
}

// each is a measure of every process.
func (o *Outcome) each(name, doc, form string, of func(o *Outcome, s Sample) float64) []measure {
	return append([]measure{
		{"floor_" + name, doc, form, func(o *Outcome, t Turn) float64 { return of(o, t.Floor) }},
		{"run_" + name, doc, form, func(o *Outcome, t Turn) float64 { return of(o, t.Run) }},
	}, o.ifIdle(measure{"run_with_idle_" + name, doc, form, func(o *Outcome, t Turn) float64 { return of(o, *t.WithIdle) }})...)
}

// ifIdle is a measure of what only a bench with idle pipelines has.
func (o *Outcome) ifIdle(m measure) []measure {
	if o.Idle == 0 {
		return nil
	}
	return []measure{m}
}

func (o *Outcome) figures(t Turn) map[string]float64 {
	figures := map[string]float64{}
	for _, m := range o.measures() {
		figures[m.name] = m.of(o, t)
	}
	return figures
}

// add takes a turn up.
func (o *Outcome) add(t Turn) {
	o.Runs = append(o.Runs, t)
	o.Summary = map[string]Spread{}
	for _, m := range o.measures() {
		var values []float64
		for _, turn := range o.Runs {
			values = append(values, turn.Figures[m.name])
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

// Scale is the records/s of a work beside those of the same work with the fewest
// records, by the medians.
type Scale struct {
	Work    string  `json:"work"`
	Records int64   `json:"records"`
	Fewest  int64   `json:"fewest_records"`
	Floor   float64 `json:"floor_records_per_second_to_fewest"`
	Run     float64 `json:"run_records_per_second_to_fewest"`
}

// scales compares works of one name.
func scales(works []Outcome) (all []Scale) {
	for i := range works {
		o, least := &works[i], &works[i]
		for k := range works {
			if other := &works[k]; other.Work == o.Work && other.Load.Records < least.Load.Records {
				least = other
			}
		}
		to := func(measure string) float64 { return o.Summary[measure].Median / least.Summary[measure].Median }
		if least.Load.Records < o.Load.Records {
			all = append(all, Scale{o.Work, o.Load.Records, least.Load.Records, to("floor_records_per_second"), to("run_records_per_second")})
		}
	}
	return all
}
