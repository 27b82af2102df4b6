package spec

import (
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// designed is every field of a spec, with a value that its shape allows.
var designed = map[string]string{
	"kafka.brokers":                        `["a:9092"]`,
	"kafka.tls":                            `{ca: "ca.pem", cert: "c.pem", key: "k.pem", password: {env: "P"}, server_name: "a"}`,
	"kafka.sasl":                           `{mechanism: "SCRAM-SHA-512", username: "u", password: {file: "/run/p"}}`,
	"registries.source":                    `{url: "http://a"}`,
	"registries.source.username":           `{env: "U"}`,
	"registries.source.password":           `{file: "/run/p"}`,
	"registries.source.token":              `{env: "T"}`,
	"pipelines.p.description":              `"x"`,
	"pipelines.p.source.topics":            `["a", "b-*"]`,
	"pipelines.p.source.regex":             `"a-(.*)"`,
	"pipelines.p.source.exclude":           `["a-test"]`,
	"pipelines.p.source.where":             `"value0 > -50"`,
	"pipelines.p.source.fields":            `["value*"]`,
	"pipelines.p.source.exclude_fields":    `["value9"]`,
	"pipelines.p.source.map":               `{value1: "temperature"}`,
	"pipelines.p.source.derive":            `{norm: "hypot(value0, value2)"}`,
	"pipelines.p.source.time":              `{field: "time", unit: "s"}`,
	"pipelines.p.source.registry":          `"source"`,
	"pipelines.p.sources":                  `[{topics: ["a"]}, {topics: ["b"], map: {x: "y"}}]`,
	"pipelines.p.start":                    `"latest"`,
	"pipelines.p.group_by":                 `["salIndex"]`,
	"pipelines.p.window.size":              `"10s"`,
	"pipelines.p.window.advance":           `"1s"`,
	"pipelines.p.window.grace":             `"500ms"`,
	"pipelines.p.window.offset":            `"1h"`,
	"pipelines.p.window.timezone":          `"Europe/Paris"`,
	"pipelines.p.operations":               `["mean", "stdev"]`,
	"pipelines.p.aggregates":               `{spread: "max(value0) - min(value0)"}`,
	"pipelines.p.min_sample_size":          `2`,
	"pipelines.p.small_sample":             `"null"`,
	"pipelines.p.idle":                     `"off"`,
	"pipelines.p.max_future":               `"5m"`,
	"pipelines.p.max_replay":               `50_000_000`,
	"pipelines.p.max_groups":               `10_000`,
	"pipelines.p.max_samples":              `16_777_216`,
	"pipelines.p.late":                     `"dead_letter"`,
	"pipelines.p.on_error":                 `"skip"`,
	"pipelines.p.shard":                    `"partition"`,
	"pipelines.p.partitioner":              `"murmur2"`,
	"pipelines.p.rollups":                  `["1m", "1h"]`,
	"pipelines.p.expected_rate":            `10`,
	"pipelines.p.sink.topic":               `"{topic}-{1}"`,
	"pipelines.p.sink.partitions":          `4`,
	"pipelines.p.sink.replication":         `-1`,
	"pipelines.p.sink.config":              `{"retention.ms": "1000"}`,
	"pipelines.p.sink.create":              `false`,
	"pipelines.p.sink.namespace":           `"org.example"`,
	"pipelines.p.sink.nulls":               `"nan"`,
	"pipelines.p.sink.include":             `["salIndex"]`,
	"pipelines.p.window":                   `{size: "10s", advance: "1s", grace: "500ms"}`,
	"pipelines.other-pipeline.window.size": `"1d12h"`,
}

// Each field of the design has its shape in the schema, and Load knows it: it
// takes it, or says that it is not built.
func TestSchemaKnowsTheDesign(t *testing.T) {
	sc := newSchema(cuecontext.New())
	for path, text := range designed {
		t.Run(path, func(t *testing.T) {
			at, s := place{}, sc.spec
			for name := range strings.SplitSeq(path, ".") {
				next, inner, ok := sc.child(at, s, name)
				if !ok {
					t.Fatalf("the schema has no %s in %q", name, at.path)
				}
				at, s = next, inner
			}
			v := cuecontext.New().CompileString(text)
			if err := s.Unify(v).Validate(cue.Concrete(true)); err != nil {
				t.Error(err)
			}
			field := strings.NewReplacer(".", ": ", "other-pipeline", `"other-pipeline"`).Replace(path)
			write(t, map[string]string{"a.cue": field + ": " + text + "\n"})
			_, err := Load([]string{"a.cue"}, Options{})
			for line := range strings.Lines(err.Error()) {
				if !strings.Contains(line, "is missing") && !strings.Contains(line, "there are none") && !strings.Contains(line, "not built yet") && !strings.Contains(line, "goes with shard") {
					t.Error(line)
				}
			}
		})
	}
}

// What the tables speak of stands in the schema.
func TestTablesFitTheSchema(t *testing.T) {
	sc := newSchema(cuecontext.New())
	var paths []string
	for path := range notBuilt {
		paths = append(paths, path)
	}
	for path := range entryRules {
		paths = append(paths, path)
	}
	for _, n := range notBuiltValues {
		paths = append(paths, "pipelines.*"+pathSuffix(n.path))
	}
	for _, s := range shorthands {
		paths = append(paths, s.path, strings.TrimSuffix(s.path+"."+s.into, "."))
	}
	for at, all := range map[string][]together{"pipelines.*": inPipeline, "pipelines.*.source": inSource} {
		for _, x := range all {
			for _, f := range x.fields {
				paths = append(paths, join(at, f))
			}
		}
	}
	for _, path := range paths {
		at, s, ok := place{}, sc.spec, true
		for name := range strings.SplitSeq(strings.ReplaceAll(path, "*", "x"), ".") {
			if at, s, ok = sc.child(at, s, name); !ok {
				t.Errorf("the schema has no %s", path)
				break
			}
		}
		if ok && at.general != path {
			t.Errorf("%s is %s in the schema", path, at.general)
		}
	}
}

// The schema by itself, without this package's reading of it, takes what Load takes.
func TestSchemaAlone(t *testing.T) {
	ctx := cuecontext.New()
	sc := newSchema(ctx)
	for name, text := range languages {
		r := &report{seen: map[string]bool{}}
		files := parse([]source{{name: name, abs: "/" + name, data: []byte(text)}}, r)
		flat := flatten(evaluate(ctx, files, nil, r), r)
		expand(flat)
		if err := sc.spec.Unify(ctx.BuildFile(flat)).Validate(cue.Concrete(true), cue.Final()); err != nil || len(r.errs) > 0 {
			t.Errorf("%s: %v %v", name, err, r.errs)
		}
	}
}
