package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/embedded"
)

// record is a schema of a record R with these fields, each "name type" or
// "name type default".
func record(fields ...string) sr.Schema {
	var list []string
	for _, f := range fields {
		parts := strings.SplitN(f, " ", 3)
		text := fmt.Sprintf(`{"name":%q,"type":%s`, parts[0], parts[1])
		if len(parts) == 3 {
			text += `,"default":` + parts[2]
		}
		list = append(list, text+"}")
	}
	return sr.Schema{Schema: `{"type":"record","name":"R","fields":[` + strings.Join(list, ",") + `]}`}
}

func start(t *testing.T, o embedded.Options) *embedded.Cluster {
	t.Helper()
	c, err := embedded.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func client(t *testing.T, url string) *sr.Client {
	t.Helper()
	cl, err := sr.NewClient(sr.URLs(url))
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// wantCode wants err to be the registry's, of that code and text.
func wantCode(t *testing.T, what string, err error, code int, text string) {
	t.Helper()
	var e *sr.ResponseError
	if !errors.As(err, &e) || e.ErrorCode != code || !strings.Contains(e.Message, text) {
		t.Errorf("%s: error is %v, want code %d: %s", what, err, code, text)
	}
}

func TestRegistry(t *testing.T) {
	ctx := context.Background()
	cl := client(t, start(t, embedded.Options{}).SourceRegistry())
	first, grown := record(`a "double"`), record(`a "double"`, `b ["null","double"] null`)

	_, err := cl.SchemaByID(ctx, 1)
	wantCode(t, "unknown id", err, 40403, "not found")
	_, err = cl.SchemaByVersion(ctx, "t-value", -1)
	wantCode(t, "unknown subject", err, 40401, "t-value")
	_, err = cl.LookupSchema(ctx, "t-value", first)
	wantCode(t, "look-up in an unknown subject", err, 40401, "t-value")

	one, err := cl.CreateSchema(ctx, "t-value", first)
	if err != nil || one.ID != 1 || one.Version != 1 {
		t.Fatal(one, err)
	}
	two, err := cl.CreateSchema(ctx, "t-value", grown)
	if err != nil || two.ID != 2 || two.Version != 2 {
		t.Fatal(two, err)
	}
	again, err := cl.CreateSchema(ctx, "other-value", grown)
	if err != nil || again.ID != 2 {
		t.Error("the same schema elsewhere:", again, err)
	}
	latest, err := cl.SchemaByVersion(ctx, "t-value", -1)
	if err != nil || latest.ID != 2 || latest.Schema.Schema != grown.Schema {
		t.Error(latest, err)
	}
	byID, err := cl.SchemaByID(ctx, 1)
	if err != nil || byID.Schema != first.Schema {
		t.Error(byID, err)
	}
	found, err := cl.LookupSchema(ctx, "t-value", first)
	if err != nil || found.ID != 1 || found.Version != 1 {
		t.Error(found, err)
	}
	_, err = cl.LookupSchema(ctx, "t-value", record(`c "int"`))
	wantCode(t, "look-up of an unknown schema", err, 40403, "not found")
	subjects, err := cl.Subjects(ctx)
	if err != nil || fmt.Sprint(subjects) != "[other-value t-value]" {
		t.Error(subjects, err)
	}
}

func TestRegistryRefuses(t *testing.T) {
	ctx := context.Background()
	cl := client(t, start(t, embedded.Options{}).SinkRegistry())
	for text, want := range map[string]string{
		`{"name":"a"}`: "not valid Avro",
		`{"type":`:     "not JSON",
		`"nosuch"`:     "unknown type: nosuch",
	} {
		_, err := cl.CreateSchema(ctx, "t-value", sr.Schema{Schema: text})
		wantCode(t, text, err, 42201, want)
		_, err = cl.CheckCompatibility(ctx, "t-value", -1, sr.Schema{Schema: text})
		wantCode(t, text, err, 42201, want)
	}
	_, err := cl.CreateSchema(ctx, "t-value", sr.Schema{Schema: `{"type":"object"}`, Type: sr.TypeJSON})
	wantCode(t, "JSON schema", err, 42201, "AVRO alone")
	_, err = cl.CheckCompatibility(ctx, "t-value", -1, record(`a "int"`))
	wantCode(t, "check of an unknown subject", err, 40401, "t-value")

	if _, err := cl.CreateSchema(ctx, "t-value", record(`a "double"`)); err != nil {
		t.Fatal(err)
	}
	_, err = cl.CheckCompatibility(ctx, "t-value", 7, record(`a "int"`))
	wantCode(t, "check of an unknown version", err, 40402, "7")
	_, err = cl.CreateSchema(ctx, "t-value", record(`a "string"`, `b "int"`))
	wantCode(t, "incompatible", err, 409, "the schema is incompatible with subject t-value: "+
		"not BACKWARD compatible with version 1: field a: a reader of string cannot read double; "+
		"not BACKWARD compatible with version 1: field b: the writer has no such field, and the reader no default for it (int)")

	result, err := cl.CheckCompatibility(ctx, "t-value", -1, record(`a "string"`))
	if err != nil || result.Is || result.Messages != nil {
		t.Error(result, err)
	}
	result, err = cl.CheckCompatibility(sr.WithParams(ctx, sr.Verbose), "t-value", -2, record(`a "string"`))
	if want := "[not BACKWARD compatible with version 1: field a: a reader of string cannot read double]"; err != nil || result.Is || fmt.Sprint(result.Messages) != want {
		t.Error(result, err)
	}
	result, err = cl.CheckCompatibility(ctx, "t-value", 1, record(`a "double"`, `b "int" 1`))
	if err != nil || !result.Is {
		t.Error(result, err)
	}
}

// TestRegistryLevels tries three schemas after versions a and a, b at each level.
func TestRegistryLevels(t *testing.T) {
	ctx := context.Background()
	cl := client(t, start(t, embedded.Options{}).SourceRegistry())
	schemas := map[string]sr.Schema{
		"less":  record(),                                           // read by neither a nor a, b
		"more":  record(`a "double"`, `b "int"`, `c "int"`),         // reads neither
		"later": record(`a "double"`, `b "int"`, `c "int" 1`),       // reads a, b alone
		"free":  record(`a "double"`, `b "int" 1`, `c "string" ""`), // reads and is read by both
	}
	for _, c := range []struct {
		level sr.CompatibilityLevel
		want  string
	}{
		{sr.CompatNone, "free later less more"},
		{sr.CompatBackward, "free later less"},
		{sr.CompatBackwardTransitive, "free less"},
		{sr.CompatForward, "free later more"},
		{sr.CompatForwardTransitive, "free later more"},
		{sr.CompatFull, "free later"},
		{sr.CompatFullTransitive, "free"},
	} {
		subject := c.level.String()
		set := func(l sr.CompatibilityLevel) {
			for _, r := range cl.SetCompatibility(ctx, sr.SetCompatibility{Level: l}, subject) {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
			}
		}
		set(sr.CompatNone)
		for _, s := range []sr.Schema{record(`a "double"`), record(`a "double"`, `b "int"`)} {
			if _, err := cl.CreateSchema(ctx, subject, s); err != nil {
				t.Fatal(err)
			}
		}
		set(c.level)
		var passed []string
		for _, name := range []string{"free", "later", "less", "more"} {
			result, err := cl.CheckCompatibility(ctx, subject, -2, schemas[name])
			if err != nil {
				t.Fatal(err)
			}
			if result.Is {
				passed = append(passed, name)
			}
		}
		if got := strings.Join(passed, " "); got != c.want {
			t.Errorf("%s lets pass %s, want %s", c.level, got, c.want)
		}
		if one, err := cl.CreateSchema(ctx, subject, record(`a "double"`)); err != nil || one.Version != 1 {
			t.Errorf("%s: registering version 1 again: %v, %v", c.level, one, err)
		}
	}
}

func TestRegistryReferences(t *testing.T) {
	ctx := context.Background()
	cl := client(t, start(t, embedded.Options{}).SourceRegistry())
	point := sr.Schema{Schema: `{"type":"record","name":"geo.Point","fields":[{"name":"x","type":"double"}]}`}
	if _, err := cl.CreateSchema(ctx, "point", point); err != nil {
		t.Fatal(err)
	}
	s := record(`p "geo.Point"`)
	_, err := cl.CreateSchema(ctx, "t-value", s)
	wantCode(t, "a name that is not referred to", err, 42201, "unknown type: geo.Point")
	s.References = []sr.SchemaReference{{Name: "geo.Point", Subject: "point", Version: 2}}
	_, err = cl.CreateSchema(ctx, "t-value", s)
	wantCode(t, "a version that is not there", err, 42201, "no version 2")
	s.References[0].Version = 1
	if _, err := cl.CreateSchema(ctx, "t-value", s); err != nil {
		t.Fatal(err)
	}
	grown := record(`p "geo.Point"`, `q "int"`)
	grown.References = s.References
	_, err = cl.CreateSchema(ctx, "t-value", grown)
	wantCode(t, "incompatible", err, 409, "field q")
}
