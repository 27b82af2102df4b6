package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	hamba "github.com/hamba/avro/v2"
	twmb "github.com/twmb/avro"

	"github.com/aggrun/aggrun/pipeline"
)

// TestColumnsRandom reads every path of random records in every form, and compares
// it with what the generator wrote and what two other libraries read.
func TestColumnsRandom(t *testing.T) {
	read, optional := map[pipeline.Form]int{}, 0
	for seed := range uint64(400) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
		record := g.record(1 + g.IntN(8))
		text := toJSON(record)
		s, err := ParseSchema(text)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		p := newProbe(t, s, plainJSON(text))
		for range 4 {
			body, tree := g.body(nil, record)
			p.compare(t, "the generator", body, tree)
			p.compareOthers(t, text, body)
			truncate(t, p.decoder, p.columns, body)
			if t.Failed() {
				t.Fatalf("seed %d\n%s\n%x", seed, text, body)
			}
		}
		for _, c := range p.columns {
			if !p.gone[c.Slot] {
				read[c.Form]++
			}
		}
		optional += len(p.gone)
		read[pipeline.Time] += len(p.times)
	}
	for form := pipeline.Number; form <= pipeline.Time; form++ {
		if read[form] < 500 {
			t.Errorf("form %d is read %d times: the test says little", form, read[form])
		}
	}
	if optional < 500 {
		t.Errorf("%d optional columns fit no type: the test says little", optional)
	}
}

// probe reads all that can be read of a schema's records.
type probe struct {
	json    any
	columns []pipeline.Column // all forms but Time
	gone    map[int]bool      // slots of optional columns that fit no type
	decoder *Decoder          // of columns
	times   []timed
}

// timed is a Time, and a decoder of it alone, since one that is missing is an error.
type timed struct {
	pipeline.Column
	decoder *Decoder
}

func newProbe(t testing.TB, s *Schema, json any) *probe {
	p := &probe{json: json, gone: map[int]bool{}}
	for _, path := range pathsOf(map[string]any{}, "", json, 0) {
		info, ok, err := s.Field(path)
		for form := pipeline.Number; form <= pipeline.Key; form++ {
			p.add(path, form, err == nil && (!ok || info.Forms.Has(form)))
		}
		for _, beyond := range []string{path + ".gone", path + "[2]"} {
			form := pipeline.Form(len(p.columns) % 4)
			info, ok, err := s.Field(beyond)
			p.add(beyond, form, err == nil && (!ok || info.Forms.Has(form)))
		}
		if err != nil {
			continue // a union's branch that is no nest
		}
		if !ok || info.Forms.Has(pipeline.Time) {
			unit := []string{"s", "ms", "us", "ns"}[len(p.times)%4]
			c := pipeline.Column{Path: path, Form: pipeline.Time, Unit: unit}
			p.times = append(p.times, timed{c, mustCompile(t, s, c)})
		}
	}
	p.decoder = mustCompile(t, s, p.columns...)
	return p
}

// add adds a column, which must be optional where it does not fit its type.
func (p *probe) add(path string, form pipeline.Form, fits bool) {
	slot := len(p.columns)
	p.columns = append(p.columns, pipeline.Column{Path: path, Form: form, Slot: slot, Optional: !fits || slot%2 == 0 && form != pipeline.Number})
	if !fits {
		p.gone[slot] = true
	}
}

func mustCompile(t testing.TB, s *Schema, want ...pipeline.Column) *Decoder {
	t.Helper()
	d, err := CompileDecoder(s, want)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// pathsOf are the paths below prefix, some of them to nothing, nested records at
// most three deep.
func pathsOf(named map[string]any, prefix string, typ any, depth int) (paths []string) {
	switch typ := typ.(type) {
	case string:
		if def := named[typ]; def != nil {
			return pathsOf(named, prefix, def, depth)
		}
		return []string{prefix}
	case []any:
		for _, b := range typ {
			paths = append(paths, pathsOf(named, prefix, b, depth)...)
		}
		slices.Sort(paths)
		return slices.Compact(paths)
	}
	m := typ.(map[string]any)
	switch m["type"] {
	case "record":
		named[m["name"].(string)] = m
		if depth == 3 {
			return nil
		}
		paths = []string{strings.TrimPrefix(prefix+".gone", ".")}
		for _, f := range m["fields"].([]any) {
			f := f.(map[string]any)
			paths = append(paths, pathsOf(named, strings.TrimPrefix(prefix+"."+f["name"].(string), "."), f["type"], depth+1)...)
		}
		return paths
	case "array":
		for _, i := range []int{3, 0, 1} {
			paths = append(paths, pathsOf(named, fmt.Sprintf("%s[%d]", prefix, i), m["items"], depth)...)
		}
		return paths
	}
	return []string{prefix}
}

func (p *probe) compare(t *testing.T, who string, body []byte, tree any) {
	t.Helper()
	b := newBatch(p.columns, 1)
	b.Arena = make([]byte, 0, 3) // grows on the way
	for slot := range b.Numbers {
		b.Numbers[slot][0], b.Texts[slot][0] = 7, []byte("of the record before")
	}
	if err := p.decoder.Decode(body, 0, b); err != nil {
		t.Errorf("%v, by %s it is %v", err, who, tree)
		return
	}
	for _, c := range p.columns {
		v := look(tree, c.Path)
		if p.gone[c.Slot] {
			v = nil
		}
		switch c.Form {
		case pipeline.Number, pipeline.Boolean:
			if got, want := b.Numbers[c.Slot][0], numberOf(v); !same(got, want) {
				t.Errorf("%s as number %v, by %s %v", c.Path, got, who, want)
			}
		default:
			got, want := b.Texts[c.Slot][0], textOf(v)
			if c.Form == pipeline.Key {
				want = keyOf(v)
			}
			if !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				t.Errorf("%s in form %d %q, by %s %q", c.Path, c.Form, got, who, want)
			}
		}
	}
	p.compareTimes(t, who, body, tree)
}

func (p *probe) compareTimes(t *testing.T, who string, body []byte, tree any) {
	t.Helper()
	for _, c := range p.times {
		b := newBatch(nil, 1)
		err := c.decoder.Decode(body, 0, b)
		v := look(tree, c.Path)
		if _, ok := v.(string); ok {
			continue // FuzzParseTime sees to texts
		}
		want, resolution := timeOf(v, c.Unit)
		if err != nil {
			if _, ok := err.(*fieldError); !ok || want != nil {
				t.Errorf("%s as time: %v, by %s %v", c.Path, err, who, want)
			}
			continue
		}
		if want == nil || !near(b.Times[0], want, resolution) {
			t.Errorf("%s as time %d, by %s %v", c.Path, b.Times[0], who, want)
		}
	}
}

// near tells whether ns is want, rounded to a multiple of resolution. The product
// that is rounded is itself a float64.
func near(ns int64, want *big.Rat, resolution int64) bool {
	off, _ := new(big.Rat).Sub(want, big.NewRat(ns, 1)).Float64()
	size, _ := want.Float64()
	return ns%resolution == 0 && math.Abs(off) <= float64(resolution)/2*(1+1e-9)+math.Abs(size)*0x1p-53*float64(resolution-1)/float64(resolution)
}

// look follows a path in a tree of values.
func look(tree any, path string) any {
	steps, err := parsePath(path)
	if err != nil {
		panic(err)
	}
	for _, s := range steps {
		switch v := tree.(type) {
		case map[string]any:
			tree = v[s.name]
		case []any:
			if tree = nil; s.index < len(v) {
				tree = v[s.index]
			}
		default:
			return nil
		}
	}
	return tree
}

func numberOf(v any) float64 {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	case *big.Rat:
		f, _ := v.Float64()
		return f
	case instant:
		return numberOf(v.seconds)
	}
	return number64(v)
}

func textOf(v any) []byte {
	if v, ok := v.(string); ok {
		return append([]byte{}, v...)
	}
	return nil
}

func keyOf(v any) []byte {
	switch v := v.(type) {
	case bool:
		return pipeline.AppendKeyBoolean(nil, v)
	case int64:
		return pipeline.AppendKeyInteger(nil, v)
	case float64, *big.Rat, instant:
		return numberKey(numberOf(v))
	case string:
		return pipeline.AppendKeyText(nil, v)
	}
	return nil
}

// numberKey is a number as a group value: an integer where it is one.
func numberKey(v float64) []byte {
	if v != v {
		return nil
	}
	if i, accuracy := big.NewFloat(v).Int64(); accuracy == big.Exact {
		return pipeline.AppendKeyInteger(nil, i)
	}
	return binary.BigEndian.AppendUint64([]byte{'d'}, math.Float64bits(v))
}

// timeOf is the time that a value tells, in ns, and to what it may be rounded; nil
// where it tells none.
func timeOf(v any, unit string) (ns *big.Rat, resolution int64) {
	per := int64(map[string]int{"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1}[unit])
	ns, resolution = new(big.Rat), 1
	switch v := v.(type) {
	case int64:
		ns.SetInt64(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, 0
		}
		if ns.SetFloat64(v); unit == "s" {
			resolution = 1000
		}
	case *big.Rat:
		f, _ := v.Float64()
		return timeOf(f, unit)
	case instant:
		ns.Set(v.seconds)
		per = 1e9
	default:
		return nil, 0
	}
	ns.Mul(ns, big.NewRat(per, 1))
	if new(big.Rat).Abs(ns).Cmp(big.NewRat(furthest, 1)) > 0 {
		return nil, 0
	}
	return ns, resolution
}

// compareOthers reads body with two other libraries.
func (p *probe) compareOthers(t *testing.T, text string, body []byte) {
	t.Helper()
	other, err := decodeTwmb(text, body)
	if err != nil {
		t.Errorf("twmb: %v", err)
	}
	p.compare(t, "twmb", body, plain(map[string]any{}, p.json, any(other)))
	other = nil
	if err := hamba.Unmarshal(parseHamba(text), body, &other); err != nil {
		t.Errorf("hamba: %v", err)
	}
	p.compare(t, "hamba", body, plain(map[string]any{}, p.json, any(other)))
}

func decodeTwmb(text string, body []byte) (record map[string]any, err error) {
	rest, err := twmb.MustParse(text).Decode(body, &record, twmb.TaggedUnions())
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	return record, err
}

// plain is a value as another library reads it, in the generator's types.
func plain(named map[string]any, typ, v any) any {
	switch t := typ.(type) {
	case string:
		if def := named[t]; def != nil {
			return plain(named, def, v)
		}
		return plainScalar(v)
	case []any:
		return plainUnion(named, t, v)
	}
	m := typ.(map[string]any)
	switch m["type"] {
	case "record":
		named[m["name"].(string)] = m
		record := map[string]any{}
		for _, f := range m["fields"].([]any) {
			f := f.(map[string]any)
			record[f["name"].(string)] = plain(named, f["type"], v.(map[string]any)[f["name"].(string)])
		}
		return record
	case "array":
		items := []any{}
		for _, item := range v.([]any) {
			items = append(items, plain(named, m["items"], item))
		}
		return items
	case "map":
		return other{}
	}
	if i, ok := v.(int64); ok && m["logicalType"] != nil {
		return instant{big.NewRat(i, ticksOf[m["logicalType"].(string)])}
	}
	return plainScalar(v)
}

// plainUnion is a union's value, which is a map from its branch's name to it, or
// stands by itself where but one branch is not null.
func plainUnion(named map[string]any, branches []any, v any) any {
	if v == nil {
		return nil
	}
	tagged, _ := v.(map[string]any)
	var only any
	for _, b := range branches {
		if inner, ok := tagged[branchName(b)]; ok && len(tagged) == 1 {
			return plain(named, b, inner)
		}
		if b != "null" {
			only = b
		}
	}
	return plain(named, only, v)
}

// branchName is the name of a branch as both libraries have it.
func branchName(typ any) string {
	m, ok := typ.(map[string]any)
	if !ok {
		return typ.(string)
	}
	if name, ok := m["name"].(string); ok {
		return name
	}
	return m["type"].(string)
}

func plainScalar(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case float32:
		return float64(v)
	case []byte:
		return other{}
	case time.Time:
		whole := new(big.Rat).SetInt64(v.Unix())
		return instant{whole.Add(whole, big.NewRat(int64(v.Nanosecond()), 1e9))}
	case time.Duration:
		return instant{big.NewRat(int64(v), 1e9)}
	}
	return v
}
