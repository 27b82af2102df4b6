package codec

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	hamba "github.com/hamba/avro/v2"
	"github.com/rogpeppe/go-internal/txtar"
	twmb "github.com/twmb/avro"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden runs one test for each archive that matches, and wants its file named
// want to be what got gives for the archive.
func golden(t *testing.T, glob, want string, got func(t *testing.T, a *txtar.Archive) string) {
	paths, err := filepath.Glob(glob)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := got(t, a)
			if file(a, want) == text {
				return
			}
			if !*update {
				t.Fatalf("%s is\n%s\nwant\n%s", want, text, file(a, want))
			}
			setFile(a, want, text)
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func file(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func setFile(a *txtar.Archive, name, text string) {
	for i, f := range a.Files {
		if f.Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

func TestCompatible(t *testing.T) {
	golden(t, "testdata/compatible/*.txtar", "want", func(t *testing.T, a *txtar.Archive) string {
		reader, writer := mustParse(t, file(a, "reader")), mustParse(t, file(a, "writer"))
		err := Compatible(reader, writer)
		if err == nil {
			return "compatible\n"
		}
		return strings.Join(err.(Differences), "\n") + "\n"
	})
}

// TestCompatibleRandom asks two other libraries about random changes of random
// schemas.
func TestCompatibleRandom(t *testing.T) {
	incompatible := 0
	for seed := range uint64(2000) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
		writer := g.record(1 + g.IntN(5))
		w := toJSON(writer)
		r := toJSON(g.changed(writer))
		got := Compatible(mustParse(t, r), mustParse(t, w))
		if got != nil {
			incompatible++
		}
		if err := hamba.NewSchemaCompatibility().Compatible(parseHamba(r), parseHamba(w)); (got == nil) != (err == nil) {
			t.Fatalf("seed %d: %v, hamba says %v\nreader %s\nwriter %s", seed, got, err, r, w)
		}
		if err := twmb.CheckCompatibility(twmb.MustParse(w), twmb.MustParse(r)); (got == nil) != (err == nil) {
			t.Fatalf("seed %d: %v, twmb says %v\nreader %s\nwriter %s", seed, got, err, r, w)
		}
	}
	if incompatible < 200 || incompatible > 1800 {
		t.Errorf("%d of 2000 pairs are incompatible: the test says little", incompatible)
	}
}

// changed is a record with some fields of other types, more or fewer.
func (g *generator) changed(record map[string]any) map[string]any {
	fields := []any{}
	for _, f := range record["fields"].([]any) {
		f := f.(map[string]any)
		switch typ := f["type"]; g.IntN(8) {
		case 0: // gone
		case 1:
			if name, ok := typ.(string); ok && name != "null" {
				typ = []any{"null", name}
			}
			fields = append(fields, map[string]any{"name": f["name"], "type": typ})
		case 2:
			fields = append(fields, map[string]any{"name": f["name"], "type": g.number()})
		case 3:
			fields = append(fields, map[string]any{"name": f["name"], "type": g.numberUnion()})
		default:
			fields = append(fields, f)
		}
	}
	for range g.IntN(2) {
		f := map[string]any{"name": g.name("new"), "type": "double"}
		if g.IntN(3) > 0 {
			f["default"] = 1.5
		}
		fields = append(fields, f)
	}
	return map[string]any{"type": "record", "name": record["name"], "fields": fields}
}

// TestCompatibleTries has unions within unions that fail at the bottom.
func TestCompatibleTries(t *testing.T) {
	text := func(leaf string) string {
		typ := leaf
		for i := range 14 {
			n := string(rune('a' + i))
			typ = `["null",{"type":"record","name":"x.` + n + `","fields":[{"name":"f","type":` + typ + `}]},` +
				`{"type":"record","name":"y.` + n + `","fields":[{"name":"f","type":"int"}]}]`
		}
		return inRecord(typ)
	}
	if err := Compatible(mustParse(t, text(`"int"`)), mustParse(t, text(`"string"`))); err == nil {
		t.Error("compatible")
	}
}
