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
// namespace, nulls, operations and map.
type sinkCase struct {
	topic      string
	sink       spec.Sink
	operations []functions.Function
	renames    map[string]string
}

func parseSinkCase(t *testing.T, comment []byte) sinkCase {
	c := sinkCase{renames: map[string]string{}}
	lines := bufio.NewScanner(bytes.NewReader(comment))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		switch key {
		case "topic":
			c.topic = value
		case "namespace":
			c.sink.Namespace = value
		case "nulls":
			c.sink.Nulls = spec.Nulls(value)
		case "map":
			from, to, _ := strings.Cut(value, " ")
			c.renames[from] = to
		case "operations":
			for name := range strings.FieldsSeq(value) {
				f, ok := functions.Lookup(name)
				if !ok {
					t.Fatalf("no function %s", name)
				}
				c.operations = append(c.operations, f)
			}
		}
	}
	return c
}

func (c sinkCase) fields(source *Schema) []pipeline.Field {
	fields := source.Fields()
	for i, f := range fields {
		if to, ok := c.renames[f.Path]; ok {
			fields[i].Name = to
		}
	}
	return fields
}

func TestSinkSchema(t *testing.T) {
	golden(t, "testdata/sink/*.txtar", "sink", func(t *testing.T, a *txtar.Archive) string {
		c := parseSinkCase(t, a.Comment)
		fields := c.fields(mustParse(t, file(a, "source")))
		s, err := SinkSchema(c.topic, c.sink, fields, c.operations)
		if err != nil {
			return "error: " + err.Error() + "\n"
		}
		again, err := SinkSchema(c.topic, c.sink, fields, c.operations)
		if err != nil || again.Text() != s.Text() {
			t.Error("a second derivation differs")
		}
		names := []string{"time", "window_size", "count"}
		names = append(names, columnNames(fields, c.operations)...)
		if got := fmt.Sprint(fieldNames(s)); got != fmt.Sprint(names) {
			t.Errorf("fields are %s, want %s", got, names)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(s.Text()), "", "  "); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n"
	})
}

// columnNames are the names of results, in the order of pipeline.Result.Values.
func columnNames(fields []pipeline.Field, operations []functions.Function) (names []string) {
	for _, f := range fields {
		for _, op := range operations {
			names = append(names, pipeline.OutputName(op.Name, f.Name))
		}
	}
	return names
}

func fieldNames(s *Schema) (names []string) {
	for _, f := range s.root.fields {
		names = append(names, f.name)
	}
	return names
}

// TestSinkSchemaGrows wants a schema with a field more to read what the smaller
// one wrote, with either way of writing nulls.
func TestSinkSchemaGrows(t *testing.T) {
	mean, _ := functions.Lookup("mean")
	fields := []pipeline.Field{{Name: "a"}, {Name: "b"}}
	for _, nulls := range []spec.Nulls{spec.NullsUnion, spec.NullsNaN} {
		var versions []*Schema
		for n := range 3 {
			s, err := SinkSchema("t", spec.Sink{Nulls: nulls}, fields[:n], []functions.Function{mean})
			if err != nil {
				t.Fatal(err)
			}
			versions = append(versions, s)
			for _, older := range versions {
				if err := Compatible(s, older); err != nil {
					t.Errorf("nulls %s: %v", nulls, err)
				}
			}
		}
	}
}
