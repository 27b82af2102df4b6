package codec

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// sinkCase is what an archive's comment says, one "key: value" a line: topic,
// namespace, nulls, operations, map, group (a name and types) and aggregate (a
// name and text), and the schemas of its sources say.
type sinkCase struct {
	topic string
	sink  spec.Sink
	out   pipeline.Output
}

func parseSinkCase(t *testing.T, a *txtar.Archive) sinkCase {
	c := sinkCase{}
	renames := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(a.Comment))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		name, rest, _ := strings.Cut(value, " ")
		switch key {
		case "topic":
			c.topic = value
		case "namespace":
			c.sink.Namespace = value
		case "nulls":
			c.sink.Nulls = spec.Nulls(value)
		case "map":
			renames[name] = rest
		case "group":
			c.out.Group = append(c.out.Group, pipeline.GroupField{Name: name, Types: []pipeline.KeyType(rest)})
		case "described":
			g := &c.out.Group[len(c.out.Group)-1]
			g.Doc, g.Units, g.Description = value, "m", value
		case "aggregate":
			c.out.Aggregates = append(c.out.Aggregates, pipeline.Aggregate{Name: name, Text: rest})
		case "units":
			c.out.Aggregates[len(c.out.Aggregates)-1].Units = value
		case "operations":
			c.out.Operations = lookup(t, strings.Fields(value)...)
		}
	}
	for _, f := range a.Files {
		if f.Name == "source" {
			c.out.Sources = append(c.out.Sources, renamed(mustParse(t, string(f.Data)).Fields(), renames))
		}
	}
	return c
}

func lookup(t *testing.T, names ...string) (found []functions.Function) {
	for _, name := range names {
		f, ok := functions.Lookup(name)
		if !ok {
			t.Fatalf("no function %s", name)
		}
		found = append(found, f)
	}
	return found
}

func renamed(fields []pipeline.Field, renames map[string]string) []pipeline.Field {
	for i, f := range fields {
		if to, ok := renames[f.Path]; ok {
			fields[i].Name = to
		}
	}
	return fields
}

func TestSinkSchema(t *testing.T) {
	golden(t, "testdata/sink/*.txtar", "sink", func(t *testing.T, a *txtar.Archive) string {
		c := parseSinkCase(t, a)
		s, err := SinkSchema(c.topic, c.sink, c.out)
		if err != nil {
			return "error: " + err.Error() + "\n"
		}
		again, err := SinkSchema(c.topic, c.sink, c.out)
		if err != nil || again.Text() != s.Text() {
			t.Error("a second derivation differs")
		}
		if got, want := fmt.Sprint(fieldNames(s)), fmt.Sprint(columnNames(c.out)); got != want {
			t.Errorf("fields are %s, want %s", got, want)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(s.Text()), "", "  "); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n"
	})
}

// columnNames are the names of an output's fields, in the order of a Result.
func columnNames(out pipeline.Output) []string {
	names := []string{"time", "window_size", "count"}
	for _, g := range out.Group {
		names = append(names, g.Name)
	}
	for _, fields := range out.Sources {
		for _, f := range fields {
			for _, op := range out.Operations {
				names = append(names, pipeline.OutputName(op.Name, f.Name))
			}
		}
	}
	for _, a := range out.Aggregates {
		names = append(names, a.Name)
	}
	return names
}

func fieldNames(s *Schema) (names []string) {
	for _, f := range s.root.fields {
		names = append(names, f.name)
	}
	return names
}

// TestSinkSchemaGrows wants a schema with more fields, aggregates and types of
// group values to read what the smaller ones wrote, with either way of writing nulls.
func TestSinkSchemaGrows(t *testing.T) {
	grown := []pipeline.Output{
		{Group: []pipeline.GroupField{{Name: "g"}, {Name: "h", Types: types("i")}}},
		{Group: []pipeline.GroupField{{Name: "g", Types: types("t")}, {Name: "h", Types: types("i")}}, Sources: [][]pipeline.Field{{{Name: "a"}}}},
		{Group: []pipeline.GroupField{{Name: "g", Types: types("ti")}, {Name: "h", Types: types("ib")}}, Sources: [][]pipeline.Field{{{Name: "a"}}, {{Name: "b"}}}},
		{Group: []pipeline.GroupField{{Name: "g", Types: types("tid")}, {Name: "h", Types: types("ibt")}}, Sources: [][]pipeline.Field{{{Name: "a"}, {Name: "c"}}, {{Name: "b"}}}},
		{Group: []pipeline.GroupField{{Name: "g", Types: types("tidb")}, {Name: "h", Types: types("ibtd")}}, Sources: [][]pipeline.Field{{{Name: "a"}, {Name: "c"}}, {{Name: "b"}}}, Aggregates: []pipeline.Aggregate{{Name: "x", Text: "count()"}}},
	}
	for _, nulls := range []spec.Nulls{spec.NullsUnion, spec.NullsNaN} {
		var versions []*Schema
		for _, out := range grown {
			out.Operations = lookup(t, "mean")
			s := mustSink(t, nulls, out)
			versions = append(versions, s)
			for _, older := range versions {
				if err := Compatible(s, older); err != nil {
					t.Errorf("nulls %s: %v", nulls, err)
				}
			}
		}
	}
}

func types(letters string) []pipeline.KeyType { return []pipeline.KeyType(letters) }

func mustSink(t *testing.T, nulls spec.Nulls, out pipeline.Output) *Schema {
	t.Helper()
	s, err := SinkSchema("t", spec.Sink{Nulls: nulls}, out)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSinkSchemaTypesFromRegistered wants the types of a group field back from a
// schema that was derived with them, and the same text in whatever order they are.
func TestSinkSchemaTypesFromRegistered(t *testing.T) {
	for letters, want := range map[string]string{"": "t", "t": "t", "ti": "it", "bd": "db", "tbdi": "idbt"} {
		s := mustSink(t, spec.NullsUnion, pipeline.Output{Group: []pipeline.GroupField{{Name: "g", Types: types(letters)}}})
		f, ok, err := s.Field("g")
		if got := string(f.KeyTypes); !ok || err != nil || got != want {
			t.Errorf("types %q come back as %q, want %q", letters, got, want)
		}
		again := mustSink(t, spec.NullsUnion, pipeline.Output{Group: []pipeline.GroupField{{Name: "g", Types: f.KeyTypes}}})
		if again.Text() != s.Text() {
			t.Errorf("types %q: the schema of what came back differs", letters)
		}
	}
}
