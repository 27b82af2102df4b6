package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hamba/avro/v2"
)

// This file is the only one that knows hamba/avro, which parses schema texts: it
// makes nodes of its types. Its decoder never runs on a topic's bytes.

// The limits of a schema.
const (
	MaxSchema = 1 << 20 // bytes of text, references included
	MaxFields = 10_000  // of all its records
	MaxLevels = 64      // of types defined within types
)

// jsonLevels bounds the nesting of a schema's JSON: a type within a type is at most
// an object, its fields, a field, and a union deep.
const jsonLevels = 4 * MaxLevels

// defaultMark is the property that stands for a field's default, which is never
// read here. Defaults are kept from the parser: those that do not fit their type
// are common in registries, and nested ones cost it exponential time.
const defaultMark = "aggrun.default"

// ParseSchema parses an Avro schema in JSON. References are the texts of schemas
// whose named types it uses, each after those that it uses itself.
func ParseSchema(text string, references ...string) (*Schema, error) {
	size := len(text)
	for _, r := range references {
		size += len(r)
	}
	if size > MaxSchema {
		return nil, fmt.Errorf("schema of %d bytes, over the limit of %d", size, MaxSchema)
	}
	cache := &avro.SchemaCache{}
	for i, r := range references {
		if _, err := parseText(r, cache); err != nil {
			return nil, fmt.Errorf("reference %d: %w", i+1, err)
		}
	}
	parsed, err := parseText(text, cache)
	if err != nil {
		return nil, err
	}
	c := converter{named: map[string]*node{}}
	root, err := c.convert(parsed, 0)
	if err != nil {
		return nil, err
	}
	root.measure(map[*node]bool{})
	return &Schema{text: text, root: root}, nil
}

func parseText(text string, cache *avro.SchemaCache) (avro.Schema, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("the schema is not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the schema is not JSON: text after its end")
	}
	if err := markDefaults(v, 0); err != nil {
		return nil, err
	}
	marked, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	s, err := avro.ParseBytesWithCache(bytes.TrimSpace(marked), "", cache)
	if err != nil {
		return nil, fmt.Errorf("the schema is not valid Avro: %s", strings.TrimPrefix(err.Error(), "avro: "))
	}
	return s, nil
}

// markDefaults puts defaultMark in place of the default of every field in v, and
// bounds its depth.
func markDefaults(v any, depth int) error {
	if depth > jsonLevels {
		return errLevels
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := markDefaults(x, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		markFields(v["fields"])
		for _, x := range v {
			if err := markDefaults(x, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func markFields(fields any) {
	list, _ := fields.([]any)
	for _, f := range list {
		f, ok := f.(map[string]any)
		if !ok {
			continue
		}
		delete(f, defaultMark)
		if _, ok := f["default"]; ok {
			delete(f, "default")
			f[defaultMark] = true
		}
	}
}

var errLevels = fmt.Errorf("the schema nests types more than %d levels deep", MaxLevels)

// converter makes nodes, each named type once.
type converter struct {
	named  map[string]*node
	fields int
}

func (c *converter) convert(s avro.Schema, level int) (*node, error) {
	if level > MaxLevels {
		return nil, errLevels
	}
	if ref, ok := s.(*avro.RefSchema); ok {
		s = ref.Schema()
	}
	n := &node{}
	if named, ok := s.(avro.NamedSchema); ok {
		if done := c.named[named.FullName()]; done != nil {
			return done, nil
		}
		n.name, n.aliases = named.FullName(), named.Aliases()
		c.named[n.name] = n
	}
	k := slices.Index(kindNames[:], string(s.Type()))
	if s.Type() == avro.Error {
		k = int(kindRecord)
	}
	if k < 0 {
		return nil, fmt.Errorf("the schema has the unknown type %s", s.Type())
	}
	n.kind = kind(k)
	n.logical, n.scale = logical(s, n.kind)
	return n, c.convertMembers(n, s, level+1)
}

func (c *converter) convertMembers(n *node, s avro.Schema, level int) (err error) {
	switch s := s.(type) {
	case *avro.RecordSchema:
		return c.convertFields(n, s, level)
	case *avro.ArraySchema:
		n.item, err = c.convert(s.Items(), level)
	case *avro.MapSchema:
		n.item, err = c.convert(s.Values(), level)
	case *avro.UnionSchema:
		n.branches = make([]*node, len(s.Types()))
		for i, b := range s.Types() {
			if n.branches[i], err = c.convert(b, level); err != nil {
				return err
			}
		}
	case *avro.EnumSchema:
		n.symbols, n.fallback = s.Symbols(), s.HasDefault()
	case *avro.FixedSchema:
		n.size = s.Size()
	}
	return err
}

func (c *converter) convertFields(n *node, s *avro.RecordSchema, level int) error {
	if c.fields += len(s.Fields()); c.fields > MaxFields {
		return fmt.Errorf("the schema has more than %d fields", MaxFields)
	}
	n.fields = make([]field, len(s.Fields()))
	for i, f := range s.Fields() {
		typ, err := c.convert(f.Type(), level)
		if err != nil {
			return err
		}
		n.fields[i] = field{
			name: f.Name(), aliases: f.Aliases(), typ: typ, doc: f.Doc(),
			units: text(f.Prop("units")), description: text(f.Prop("description")),
			hasDefault: f.Prop(defaultMark) != nil,
		}
	}
	return nil
}

// logical is the logical type of s, known to the parser or not, when Avro defines
// it for kind k, and a decimal's scale. A decimal that is not valid is none.
func logical(s avro.Schema, k kind) (name string, scale int) {
	if l, ok := s.(avro.LogicalTypeSchema); ok && l.Logical() != nil {
		name = string(l.Logical().Type())
		if d, ok := l.Logical().(*avro.DecimalLogicalSchema); ok {
			return name, d.Scale()
		}
	} else if p, ok := s.(avro.PropertySchema); ok {
		name = text(p.Prop("logicalType"))
	}
	if name == "decimal" || !slices.Contains(logicals[name], k) {
		return "", 0
	}
	return name, 0
}

func text(property any) string {
	s, _ := property.(string)
	return s
}
