package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/spec"
)

// sample is a valid spec, changed by f.
func sample(f func(*spec.Pipeline)) spec.Pipeline {
	p := spec.Pipeline{
		Name:       "telemetry",
		Sources:    []spec.Source{{Path: "source", Topics: []string{"mount-*"}, Registry: "source"}},
		Start:      spec.Start{Kind: spec.StartEarliest},
		Window:     spec.Window{Size: time.Second},
		Operations: []string{"mean"}, MinSample: 2, SmallSample: spec.FirstValue,
		Idle: 10 * time.Second, MaxFuture: 5 * time.Minute, MaxReplay: 50_000_000, MaxGroups: 10_000,
		Late: spec.LateDrop, OnError: spec.OnErrorDeadLetter,
		Sink: spec.Sink{Topic: "{topic}-aggregated", Partitions: 4, Replication: -1, Create: true, Nulls: spec.NullsUnion},
	}
	if f != nil {
		f(&p)
	}
	return p
}

func compiled(t testing.TB, f func(*spec.Pipeline)) *Plan {
	t.Helper()
	p, err := Compile(sample(f), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMatches(t *testing.T) {
	other := compiled(t, func(p *spec.Pipeline) {
		p.Name, p.Sources[0].Topics, p.Sink.Topic = "other", []string{"dome"}, "mount-out"
	})
	for name, c := range map[string]struct {
		source    spec.Source
		sink      string
		yes, no   []string
		forWriter *Plan
	}{
		"glob": {
			source: spec.Source{Topics: []string{"mount-*"}, Exclude: []string{"mount-test*"}},
			yes:    []string{"mount-az", "mount-"}, no: []string{"mount", "dome", "mount-test1", "mount-az-aggregated", "mount-out"},
		},
		"exact names may be what a pipeline writes": {
			source: spec.Source{Topics: []string{"mount-out", "a-aggregated"}},
			yes:    []string{"mount-out", "a-aggregated"}, no: []string{"mount-az"},
		},
		"regex matches whole names": {
			source: spec.Source{Regex: "m[0-9]+|dome"},
			yes:    []string{"m1", "m22", "dome"}, no: []string{"m", "xm1", "m1x", "domes", "m1-aggregated"},
		},
		"a regex quoted to its end": {
			source: spec.Source{Regex: `m|\Qa.b`},
			yes:    []string{"m", "a.b"}, no: []string{"axb", "a.b)$", "xa.b", "a.bx"},
		},
		"a star takes no internal topic": {
			source: spec.Source{Topics: []string{"*"}},
			yes:    []string{"dome"}, no: []string{"__consumer_offsets", "telemetry-dead-letter", "other-dead-letter", "dome-aggregated", "mount-out"},
		},
		"a sink of a topic that is gone is still a sink": {
			source: spec.Source{Topics: []string{"a*"}}, sink: "agg.{topic}.1s",
			yes: []string{"agg.b.1s", "a"}, no: []string{"agg.a.1s", "agg.aa.1s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := compiled(t, func(p *spec.Pipeline) {
				p.Sources[0] = c.source
				if c.sink != "" {
					p.Sink.Topic = c.sink
				}
			})
			all := []*Plan{p, other}
			for _, topic := range c.yes {
				if !p.Matches(topic, all) {
					t.Errorf("%s does not match", topic)
				}
			}
			for _, topic := range c.no {
				if p.Matches(topic, all) {
					t.Errorf("%s matches", topic)
				}
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		change func(*spec.Pipeline)
		want   string
	}{
		{func(p *spec.Pipeline) { p.Operations = []string{"meen"} },
			"pipelines.telemetry.operations[0]: unknown operation \"meen\" (did you mean mean?); want count, sum, mean, rms, stdev, stddev_samp, stddev_pop, var_samp, var_pop, min, max, range, median, q1, q3, count_distinct, mode, first, last, first_time, last_time"},
		{func(p *spec.Pipeline) { p.Sources[0].Topics = []string{"a[", "b"} },
			"pipelines.telemetry.source.topics[0]: bad glob \"a[\": want *, ? or [a-z]"},
		{func(p *spec.Pipeline) { p.Sources[0].Topics, p.Sources[0].Regex = nil, "a(" },
			"pipelines.telemetry.source.regex: error parsing regexp: missing closing ): `a(`"},
		{func(p *spec.Pipeline) { p.Sink.Topic = "{tpic}-x" },
			"pipelines.telemetry.sink.topic: unknown placeholder in \"{tpic}-x\"; want {topic}, the source topic, or {1}, the first capture of its source's regex"},
		{func(p *spec.Pipeline) {
			p.Sources[0].Topics, p.Sources[0].Regex, p.Sink.Topic = nil, "(a{1000})", strings.Repeat("{1}", 4000)+"-x"
		},
			"pipelines.telemetry.sink.topic: the names that it stands for cannot be told from others: expression too large; want fewer or shorter captures"},
		{func(p *spec.Pipeline) { p.Sources[0].Topics, p.Sink.Topic = []string{"a", "out"}, "out" },
			"pipelines.telemetry.sink.topic: \"out\" would be read and written by this pipeline: results would be aggregated for ever; give the sink another name"},
		{func(p *spec.Pipeline) { p.Sources[0].Map = map[string]string{"a": "x", "b": "x"} },
			"pipelines.telemetry.source.map.b: a and b are both renamed x: output names must differ"},
	} {
		_, err := Compile(sample(c.change), Options{})
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestFingerprintNamesWhatChanged(t *testing.T) {
	base := fingerprint(sample(nil))
	for want, change := range map[string]func(*spec.Pipeline){
		"window":                          func(p *spec.Pipeline) { p.Window.Size = time.Minute },
		"grace":                           func(p *spec.Pipeline) { p.Window.Grace = time.Minute },
		"operations":                      func(p *spec.Pipeline) { p.Operations = []string{"mean", "max"} },
		"fields":                          func(p *spec.Pipeline) { p.Sources[0].Fields = []string{"a"} },
		"map":                             func(p *spec.Pipeline) { p.Sources[0].Map = map[string]string{"a": "b"} },
		"min_sample_size or small_sample": func(p *spec.Pipeline) { p.MinSample = 3 },
		"max_future":                      func(p *spec.Pipeline) { p.MaxFuture = time.Hour },
	} {
		if got := base.Changed(fingerprint(sample(change))); len(got) != 1 || got[0] != want {
			t.Errorf("changed %s: got %v", want, got)
		}
	}
	for name, change := range map[string]func(*spec.Pipeline){
		"description": func(p *spec.Pipeline) { p.Description = "x" },
		"topics":      func(p *spec.Pipeline) { p.Sources[0].Topics = []string{"y"} },
		"sink":        func(p *spec.Pipeline) { p.Sink.Partitions = 9 },
		"idle":        func(p *spec.Pipeline) { p.Idle = time.Minute },
	} {
		if got := base.Changed(fingerprint(sample(change))); len(got) != 0 {
			t.Errorf("%s is no part of an answer, but changed %v", name, got)
		}
	}
}

func TestLayoutRefusesOneNameForTwoFields(t *testing.T) {
	l := compiled(t, nil).NewLayout(0)
	if err := l.Add(Field{Path: "a", Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(Field{Path: "a", Name: "x"}); err != nil || len(l.Fields) != 1 {
		t.Fatalf("the same field again: %v, %d fields", err, len(l.Fields))
	}
	err := l.Add(Field{Path: "x", Name: "x"})
	want := "fields a and x of the source are both named x: give one another name with map, or exclude it"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
