package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// write makes files in a new folder, which becomes the working directory.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// loadFiles is the Spec of files, without origins.
func loadFiles(t *testing.T, files map[string]string, opts Options) *Spec {
	t.Helper()
	write(t, files)
	s, err := Load([]string{"./..."}, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Pipelines {
		s.Pipelines[i].origins = nil
	}
	s.origins = nil
	return s
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// pipeline is the least pipeline, as changed.
func pipeline(change func(*Pipeline)) Pipeline {
	p := defaults("p")
	p.Sources = []Source{defaultSource("source")}
	p.Sources[0].Topics = []string{"a"}
	p.Sink.Topic = defaultSink(p)
	p.Window = Window{Size: time.Second, Advance: time.Second}
	p.Operations = []string{"mean"}
	change(&p)
	return p
}

func TestGood(t *testing.T) {
	least := `source: a, window: 1s, operations: [mean]`
	for _, test := range []struct {
		fields string // of a YAML mapping
		want   func(*Pipeline)
	}{
		{least, func(*Pipeline) {}},
		{least + `, description: ""`, func(*Pipeline) {}},
		{least + `, description: what it is`, func(p *Pipeline) { p.Description = "what it is" }},
		{least + `, start: latest`, func(p *Pipeline) { p.Start = Start{Kind: StartLatest} }},
		{least + `, start: -1d12h`, func(p *Pipeline) { p.Start = Start{Kind: StartAgo, Ago: 36 * time.Hour} }},
		{least + `, start: 2026-01-31T12:00:00+02:00`, func(p *Pipeline) {
			p.Start = Start{Kind: StartTime, Time: time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)}
		}},
		{least + `, idle: off`, func(p *Pipeline) { p.Idle = 0 }},
		{least + `, idle: 1m30s`, func(p *Pipeline) { p.Idle = 90 * time.Second }},
		{least + `, max_future: "0"`, func(p *Pipeline) { p.MaxFuture = 0 }},
		{least + `, max_replay: 1_000_000`, func(p *Pipeline) { p.MaxReplay = 1e6 }},
		{least + `, min_sample_size: 1, small_sample: "null"`, func(p *Pipeline) { p.MinSample, p.SmallSample = 1, NullValue }},
		{least + `, late: dead_letter, on_error: skip`, func(p *Pipeline) { p.Late, p.OnError = LateDeadLetter, OnErrorSkip }},
		{least + `, on_error: fail, shard: sink`, func(p *Pipeline) { p.OnError = OnErrorFail }},
		{least + `, sink: "all-{topic}"`, func(p *Pipeline) { p.Sink.Topic = "all-{topic}" }},
		{least + `, sink: {partitions: 1, replication: 3, create: false, namespace: org.example, nulls: nan, include: []}`,
			func(p *Pipeline) {
				p.Sink = Sink{Topic: "{topic}-aggregated", Partitions: 1, Replication: 3, Namespace: "org.example", Nulls: NullsNaN}
			}},
		{least + `, sink: {config: {retention.ms: 86400000, compression.type: zstd, min.cleanable.dirty.ratio: 0.5, preallocate: true}}`,
			func(p *Pipeline) {
				p.Sink.Config = map[string]string{"retention.ms": "86400000", "compression.type": "zstd",
					"min.cleanable.dirty.ratio": "0.5", "preallocate": "true"}
			}},
		{`source: [a, "b-*", "c-[0-9]?"], window: 1s, operations: [mean, max]`, func(p *Pipeline) {
			p.Sources[0].Topics, p.Operations = []string{"a", "b-*", "c-[0-9]?"}, []string{"mean", "max"}
		}},
		{`source: {regex: "^mount-(.*)$", exclude: ["*-test"], registry: sink}, window: 1s, operations: [mean]`, func(p *Pipeline) {
			p.Sources[0] = Source{Path: "source", Regex: "^mount-(.*)$", Exclude: []string{"*-test"}, Registry: "sink"}
		}},
		{`source: {topics: [a], fields: ["value*", "wave[3]"], exclude_fields: [value9], map: {"a.b": c}}, window: 1s, operations: [mean]`,
			func(p *Pipeline) {
				p.Sources[0].Fields, p.Sources[0].ExcludeFields = []string{"value*", "wave[3]"}, []string{"value9"}
				p.Sources[0].Map = map[string]string{"a.b": "c"}
			}},
		{`source: a, window: {size: 1d, grace: .5s, advance: 24h, offset: 0s, timezone: UTC}, operations: [mean]`, func(p *Pipeline) {
			p.Window = Window{Size: 24 * time.Hour, Advance: 24 * time.Hour, Grace: 500 * time.Millisecond}
		}},
		{`source: a, window: {size: 10s, advance: 1s, offset: 999ms}, operations: [mean]`, func(p *Pipeline) {
			p.Window = Window{Size: 10 * time.Second, Advance: time.Second, Offset: 999 * time.Millisecond}
		}},
		{`source: a, window: {size: 2m, advance: 1s, offset: "0"}, operations: [mean]`, func(p *Pipeline) {
			p.Window = Window{Size: 2 * time.Minute, Advance: time.Second}
		}},
		{`source: a, window: {size: 1s, offset: 999ms}, operations: [mean]`, func(p *Pipeline) {
			p.Window.Offset = 999 * time.Millisecond
		}},
		{`source: {topics: [a], where: "value0 > -50", derive: {z: "x + y", a: "z", _B1: abs(x)}}, window: 1s, operations: [mean]`,
			func(p *Pipeline) {
				p.Sources[0].Where = "value0 > -50"
				p.Sources[0].Derive = []Named{{"z", "x + y"}, {"a", "z"}, {"_B1", "abs(x)"}}
			}},
		{`source: {topics: [a], time: at}, window: 1s, operations: [mean]`, func(p *Pipeline) {
			p.Sources[0].Time = &TimeField{"at", Seconds}
		}},
		{`source: {topics: [a], time: {field: a.b, unit: ms}}, window: 1s, operations: [mean]`, func(p *Pipeline) {
			p.Sources[0].Time = &TimeField{"a.b", Milliseconds}
		}},
		{`source: a, window: 1s, aggregates: {spread: max(x) - min(x), a: count()}`, func(p *Pipeline) {
			p.Operations, p.Aggregates = nil, []Named{{"spread", "max(x) - min(x)"}, {"a", "count()"}}
		}},
		{least + `, group_by: salIndex`, func(p *Pipeline) { p.GroupBy = []string{"salIndex"} }},
		{least + `, group_by: [salIndex, $key], max_groups: 5`, func(p *Pipeline) {
			p.GroupBy, p.MaxGroups = []string{"salIndex", "$key"}, 5
		}},
		{least + `, shard: partition`, func(p *Pipeline) { p.Shard = ShardPartition }},
		{least + `, shard: partition, partitioner: crc32, group_by: $key`, func(p *Pipeline) {
			p.Shard, p.Partitioner, p.GroupBy = ShardPartition, CRC32, []string{"$key"}
		}},
		{`source: {regex: "([a-z]+)-([0-9]+)"}, window: 1s, operations: [mean], sink: "{1}"`, func(p *Pipeline) {
			p.Sources[0].Topics, p.Sources[0].Regex = nil, "([a-z]+)-([0-9]+)"
			p.Sink.Topic = "{1}"
		}},
		{`sources: [a], window: 1s, operations: [mean]`, func(p *Pipeline) {
			p.Sources[0].Path = "sources[0]"
		}},
		{`sources: [a, ["b-*", c], {topics: [d], where: x, map: {x: y}, time: t}, {regex: e, registry: sink}], window: 1s, operations: [mean]`,
			func(p *Pipeline) {
				p.Sources = []Source{
					{Path: "sources[0]", Topics: []string{"a"}, Registry: "source"},
					{Path: "sources[1]", Topics: []string{"b-*", "c"}, Registry: "source"},
					{Path: "sources[2]", Topics: []string{"d"}, Where: "x", Map: map[string]string{"x": "y"},
						Time: &TimeField{"t", Seconds}, Registry: "source"},
					{Path: "sources[3]", Regex: "e", Registry: "sink"},
				}
				p.Sink.Topic = "p-aggregated"
			}},
		{`sources: [a, b], window: 1s, operations: [mean], sink: "all"`, func(p *Pipeline) {
			p.Sources = []Source{defaultSource("sources[0]"), defaultSource("sources[1]")}
			p.Sources[0].Topics, p.Sources[1].Topics = []string{"a"}, []string{"b"}
			p.Sink.Topic = "all"
		}},
	} {
		t.Run(test.fields, func(t *testing.T) {
			s := loadFiles(t, map[string]string{"a.yaml": "pipelines: {p: {" + test.fields + "}}\n"}, Options{})
			equal(t, s, &Spec{Registries: map[string]Registry{}, Pipelines: []Pipeline{pipeline(test.want)}})
		})
	}
}

// The same spec in three languages, short forms and long ones.
var languages = map[string]string{
	"a.yaml": `
kafka: {brokers: ["localhost:9092"]}
registries:
  source: http://localhost:8081
  sink: {url: "http://localhost:8082/apis/ccompat/v7"}
pipelines:
  dome:
    source: dome
    window: &usual {size: 10s, grace: 500ms}
    operations: [mean, stdev]
  axes:
    source: {topics: ["mount-*"], fields: ["value*"]}
    window: *usual
    operations:
      - mean
      - max
    sink: "{topic}-10s"
    max_replay: 100000
  wind:
    sources:
      - mast
      - topics: ["gust-*", squall]
        where: speed >= 0
        map: {speed: gust}
        derive: {z: "gust * 2", a: z + 1, m: "\"é\" == $key ? a : z"}
        time: at
    group_by: salIndex
    window: {size: 10s, advance: 2s, offset: 1s}
    aggregates:
      turbulence: stdev(speed) /
        mean(speed)
      area: |-
        sum(speed)
        * 2
`,
	"a.json": `{
"kafka": {"brokers": ["localhost:9092"]},
"registries": {"source": {"url": "http://localhost:8081"}, "sink": "http://localhost:8082/apis/ccompat/v7"},
"pipelines": {
  "axes": {"source": {"topics": ["mount-*"], "fields": ["value*"]}, "window": {"size": "10s", "grace": "500ms"},
    "operations": ["mean", "max"], "sink": {"topic": "{topic}-10s"}, "max_replay": 100000},
  "dome": {"source": ["dome"], "window": {"size": "10s", "grace": "500ms"}, "operations": ["mean", "stdev"]},
  "wind": {"sources": [{"topics": ["mast"]}, {"topics": ["gust-*", "squall"], "where": "speed >= 0", "map": {"speed": "gust"},
      "derive": {"z": "gust * 2", "a": "z + 1", "m": "\"\u00e9\" == $key ? a : z"}, "time": {"field": "at", "unit": "s"}}],
    "group_by": ["salIndex"], "window": {"size": "10s", "advance": "2s", "offset": "1s"},
    "aggregates": {"turbulence": "stdev(speed) / mean(speed)", "area": "sum(speed)\n* 2"}}
}}`,
	"a.cue": `
import "strings"

_usual: {size: "10s", grace: "500ms"}
_brokers: ["localhost:9092"]
kafka: brokers: _brokers
registries: {source: "http://localhost:8081", sink: url: "http://localhost:8082/apis/ccompat/v7"}
pipelines: [!~"wind"]: window: _usual
pipelines: wind: {
	sources: ["mast", {
		topics: ["gust-*", "squall"]
		where: "speed >= 0"
		map: speed: "gust"
		derive: {z: "gust * 2", a: "z + 1", m: #""\#u00e9" == $key ? a : z"#}
		time: "at"
	}]
	group_by: "salIndex"
	window: {size: "10s", advance: "2s", offset: "1s"}
	aggregates: {
		turbulence: "stdev(speed) / \(_mean)"
		area:       """
			sum(speed)
			* 2
			"""
	}
}
_mean: "mean(speed)"
pipelines: axes: {
	source: {topics: ["mount-*"], fields: ["value*"]}
	operations: ["mean", "max"]
	sink:       _sink
	max_replay: 100K
}
_sink: "{topic}-\(_usual.size)"
for name in ["DOME"] {
	pipelines: (strings.ToLower(name)): {source: strings.ToLower(name), operations: ["mean", "stdev"]}
}
`,
}

func TestLanguagesAgree(t *testing.T) {
	specs := map[string]*Spec{}
	for name, text := range languages {
		specs[name] = loadFiles(t, map[string]string{name: text}, Options{})
	}
	equal(t, specs["a.json"], specs["a.yaml"])
	equal(t, specs["a.cue"], specs["a.yaml"])
	if n := len(specs["a.yaml"].Pipelines); n != 3 {
		t.Errorf("%d pipelines", n)
	}
}

func TestComposes(t *testing.T) {
	s := loadFiles(t, map[string]string{
		"pipelines/a.yaml":        "pipelines: {a: {source: a, window: 1s, operations: [mean]}}\n",
		"pipelines/b.cue":         "package pipelines\n\n_size: \"1m\"\n",
		"pipelines/c.cue":         "package pipelines\n\npipelines: c: {source: \"c\", window: _size, operations: [\"mean\"]}\n",
		"pipelines/deep/d.json":   `{"pipelines": {"d": {"source": "d", "window": "1s", "operations": ["mean"]}}}`,
		"pipelines/ignored.txt":   "nothing",
		"pipelines/_draft.yaml":   "nonsense: [",
		"pipelines/.hidden/e.cue": "nonsense: [",
		"pipelines/f_tool.cue":    "nonsense: [",
		"env/prod.cue":            "kafka: brokers: [\"a:9092\"]\npipelines: [string]: late: *\"dead_letter\" | \"drop\"\n",
		"env/empty.yaml":          "# nothing\n",
		"env/registries.yml":      "registries: {source: http://a, backup: {url: https://b/c}}\n",
	}, Options{})
	equal(t, s.Kafka, Kafka{Brokers: []string{"a:9092"}})
	equal(t, s.Registries, map[string]Registry{"source": {URL: "http://a"}, "backup": {URL: "https://b/c"}})
	var names []string
	for _, p := range s.Pipelines {
		names = append(names, p.Name)
		if p.Late != LateDeadLetter {
			t.Errorf("%s: late %s: a template in one file binds the others", p.Name, p.Late)
		}
	}
	equal(t, names, []string{"a", "c", "d"})
	equal(t, s.Pipelines[1].Window.Size, time.Minute)
}

// A file that is named twice is one.
func TestFileOnce(t *testing.T) {
	write(t, map[string]string{"x/a.yaml": "pipelines: {a: {source: a, window: 1s, operations: [mean]}}\n"})
	if s, err := Load([]string{"x/a.yaml", "x", "./...", "./x/../x/a.yaml"}, Options{}); err != nil || len(s.Pipelines) != 1 {
		t.Errorf("%v %v", s, err)
	}
}

func TestTags(t *testing.T) {
	files := map[string]string{
		"a.cue": "_env: string @tag(env,short=prod|test)\npipelines: a: {source: \"a-\\(_env)\", window: \"1s\", operations: [\"mean\"]}\n",
		"b.cue": "_n: *4 | int @tag(n,type=int)\npipelines: b: {source: \"b\", window: \"1s\", operations: [\"mean\"], sink: partitions: _n}\n",
		"c.cue": "@if(fast)\n\npackage c\n\npipelines: c: {source: \"c\", window: \"1ms\", operations: [\"mean\"]}\n",
	}
	for _, tags := range [][]string{{"env=prod", "n=8", "fast"}, {"prod", "n=8", "fast"}} {
		s := loadFiles(t, files, Options{Tags: tags})
		equal(t, s.Pipelines[0].Sources[0].Topics, []string{"a-prod"})
		equal(t, s.Pipelines[1].Sink.Partitions, 8)
		equal(t, s.Pipelines[2].Window.Size, time.Millisecond)
	}
}

func TestOrigins(t *testing.T) {
	write(t, map[string]string{"a.yaml": `pipelines:
  p:
    source: {topics: [a], fields: [x, "y*"], map: {a.b: c}}
    window: 1s
    operations:
      - mean
      - max
    sink: all
`, "b.cue": `_base: {window: size: _size, operations: ["mean"]}
_size: "1s"
pipelines: q: _base & {source: ["a", "b"], late: "drop"}
`, "c.yaml": `pipelines:
  r:
    sources:
      - a
      - [b, c]
      - topics: [d]
        where: x
        derive: {y: "x + 1"}
        time: at
    group_by: x
    window: 1s
    aggregates:
      n: count()
`})
	s, err := Load([]string{"a.yaml", "./b.cue", "c.yaml"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		pipeline   int
		path, want string
	}{
		{0, "", "a.yaml:2:3"},
		{0, "source", "a.yaml:3:5"},
		{0, "source.fields[1]", "a.yaml:3:39"},
		{0, "source.map.a.b", "a.yaml:3:57"},
		{0, "source.topics[0]", "a.yaml:3:23"},
		{0, "source.exclude[0]", "a.yaml:3:5"}, // not written: the nearest that is
		{0, "window.size", "a.yaml:4:13"},
		{0, "window.grace", "a.yaml:4:5"},
		{0, "operations", "a.yaml:5:5"},
		{0, "operations[1]", "a.yaml:7:9"},
		{0, "sink.topic", "a.yaml:8:11"},
		{0, "idle", "a.yaml:2:3"},
		{1, "", "./b.cue:3:12"},
		{1, "source.topics[1]", "./b.cue:3:38"},
		{1, "window.size", "./b.cue:2:8"}, // the value itself, not the name for it
		{1, "operations[0]", "./b.cue:1:43"},
		{1, "late", "./b.cue:3:50"},
		{2, "sources[0]", "c.yaml:4:9"},
		{2, "sources[0].topics[0]", "c.yaml:4:9"},
		{2, "sources[1].topics[1]", "c.yaml:5:13"},
		{2, "sources[2].where", "c.yaml:7:16"},
		{2, "sources[2].derive.y", "c.yaml:8:21"},
		{2, "sources[2].time.field", "c.yaml:9:15"},
		{2, "sources[2].time.unit", "c.yaml:9:9"},
		{2, "group_by[0]", "c.yaml:10:15"},
		{2, "aggregates.n", "c.yaml:13:10"},
	} {
		if got := s.Pipelines[test.pipeline].Pos(test.path).String(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.path, got, test.want)
		}
	}
	e := s.Pipelines[0].Errorf("operations[1]", "found %q", "max")
	equal(t, e.Error(), `a.yaml:7:9: pipelines.p.operations[1]: found "max"`)
}

func TestLimits(t *testing.T) {
	files := map[string]string{
		"large.yaml": strings.Repeat("# nothing\n", maxFile/10+1),
		"latin.yaml": "pipelines: {}\n# caf\xe9\n",
		"empty.cue":  "",
		"none.yaml":  "\npipelines: {}\n",
	}
	for i := range maxTotal/maxFile + 1 {
		files[fmt.Sprintf("many/%02d.yaml", i)] = strings.Repeat("# nothing\n", maxFile/10)
	}
	write(t, files)
	for paths, want := range map[string]string{
		"large.yaml": "large.yaml: is larger than 256 KiB: split it into several files",
		"latin.yaml": "latin.yaml:2:6: not a text in UTF-8",
		"empty.cue":  "pipelines: there are none in empty.cue: want a mapping of names to pipelines",
		"none.yaml":  "none.yaml:2:1: pipelines: there are none in none.yaml: want a mapping of names to pipelines",
		"many":       "many: the files are larger than 16 MiB together: run them in several processes",
		"":           "no spec is given: want a file or a folder",
	} {
		if _, err := Load(strings.Fields(paths), Options{}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", paths, err)
		}
	}
}

// What is small and asks for much is refused at once, or within the bounds.
func TestBombs(t *testing.T) {
	nest := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	tens := func(name string) string { return strings.Repeat(`\(`+name+`)`, 10) }
	files := map[string]string{
		"deep.yaml": "x: " + nest("[", "", "]", 20_000),
		"deep.json": `{"x": ` + nest("[", "", "]", 20_000) + "}",
		"deep.cue":  "x: " + nest("(", "1", ")", 20_000),
		"range.cue": "import \"list\"\n_x: list.Range(0, 20_000, 1)\n",
		"text.cue":  "import \"strings\"\npipelines: p: {source: strings.Repeat(\"x\", 100_000), window: \"1s\", operations: [\"mean\"]}\n",
	}
	laughs := `_a: "` + strings.Repeat("x", 100) + "\"\n"
	for i := range 6 {
		laughs += fmt.Sprintf("_%c: \"%s\"\n", 'b'+i, tens("_"+string(rune('a'+i))))
	}
	files["laughs.cue"] = laughs
	write(t, files)
	for file, c := range map[string]struct {
		opts Options
		want string
	}{
		"deep.yaml":  {Options{}, "deep.yaml:1:1: not YAML: exceeded max depth of 10000"},
		"deep.json":  {Options{}, "deep.json:1:10006: not JSON: invalid character '[' exceeded max depth"},
		"deep.cue":   {Options{}, "deep.cue:1:10004: not CUE: expression exceeds maximum nesting depth of 10000"},
		"text.cue":   {Options{}, "text.cue:2:24: pipelines.p.source: is a text of 100000 bytes, want at most 65536"},
		"range.cue":  {Options{Timeout: time.Millisecond}, "evaluating range.cue took longer than 1ms: " + manyValues},
		"laughs.cue": {Options{Memory: 16 << 20}, "evaluating laughs.cue took more than 16 MiB of memory: " + manyValues},
	} {
		_, err := Load([]string{file}, c.opts)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestBounded(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	wide, patient := limits{time.Hour, 1 << 40}, limits{time.Hour, 8 << 20}
	_, err := limits{time.Millisecond, 1 << 40}.bounded("a.cue", func() (*Spec, Errors) { <-never; return nil, nil })
	want := "evaluating a.cue took longer than 1ms: look for a comprehension, a list.Range or lists of lists over very many values"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	_, err = patient.bounded("a.cue", func() (*Spec, Errors) {
		held := make([]byte, 64<<20)
		<-never
		return &Spec{Registries: map[string]Registry{string(held[:1]): {}}}, nil
	})
	want = "evaluating a.cue took more than 8 MiB of memory: look for a comprehension, a list.Range or lists of lists over very many values"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	_, err = wide.bounded("a.cue", func() (*Spec, Errors) { panic("deep inside") })
	if err == nil || err.Error() != "cannot evaluate a.cue: deep inside" {
		t.Errorf("%v", err)
	}
}

func TestErrorfWithoutOrigins(t *testing.T) {
	if got := (Pipeline{Name: "p"}).Errorf("window.size", "wrong").Error(); got != "pipelines.p.window.size: wrong" {
		t.Error(got)
	}
}
