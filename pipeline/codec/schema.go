package codec

import (
	"fmt"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// Schema is a parsed Avro schema. It is immutable.
type Schema struct {
	text string
	root *node
}

// Text is the schema as ParseSchema was given it.
func (s *Schema) Text() string { return s.text }

// Fields are the top-level fields that are aggregated by default, in the schema's
// order, Name being Path: int, long, float, double and their nullable unions.
func (s *Schema) Fields() []pipeline.Field {
	var numeric []pipeline.Field
	for _, f := range s.root.fields {
		if f.typ.numeric() {
			numeric = append(numeric, pipeline.Field{
				Path: f.name, Name: f.name, Doc: f.doc, Units: f.units, Description: f.description,
			})
		}
	}
	return numeric
}

// kind is a type of Avro.
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindEnum
	kindFixed
	kindArray
	kindMap
	kindUnion
	kindRecord
)

var kindNames = [...]string{
	"null", "boolean", "int", "long", "float", "double", "bytes", "string",
	"enum", "fixed", "array", "map", "union", "record",
}

// node is one type of a schema. Named types are one node however often they are
// referred to, so that a recursive schema is a cycle of nodes.
type node struct {
	kind     kind
	logical  string   // one that Avro defines for kind, else ""
	name     string   // full name of an enum, fixed or record
	aliases  []string // full names
	fields   []field  // of a record
	branches []*node  // of a union
	item     *node    // of an array or a map
	size     int      // of a fixed, bytes
	scale    int      // of a decimal
	symbols  []string // of an enum
	fallback bool     // the enum has a default symbol
	extent   extent
}

type field struct {
	name, doc, units, description string
	aliases                       []string
	typ                           *node
	hasDefault                    bool
}

// logicals are the logical types that Avro defines, by the kinds that can carry
// them. On another kind, and by another name, a logical type is to be ignored.
var logicals = map[string][]kind{
	"date":                   {kindInt},
	"time-millis":            {kindInt},
	"time-micros":            {kindLong},
	"timestamp-millis":       {kindLong},
	"timestamp-micros":       {kindLong},
	"timestamp-nanos":        {kindLong},
	"local-timestamp-millis": {kindLong},
	"local-timestamp-micros": {kindLong},
	"local-timestamp-nanos":  {kindLong},
	"decimal":                {kindBytes, kindFixed},
	"uuid":                   {kindString, kindFixed},
	"duration":               {kindFixed},
}

// String describes the type as messages do: its members one level deep.
func (n *node) String() string {
	switch n.kind {
	case kindArray, kindMap:
		return kindNames[n.kind] + " of " + n.item.short()
	case kindUnion:
		names := make([]string, len(n.branches))
		for i, b := range n.branches {
			names[i] = b.short()
		}
		return "[" + strings.Join(names, ", ") + "]"
	}
	return n.short()
}

func (n *node) short() string {
	switch {
	case n.kind == kindFixed:
		return fmt.Sprintf("fixed %s of %d bytes", n.name, n.size)
	case n.name != "":
		return kindNames[n.kind] + " " + n.name
	case n.logical != "":
		return kindNames[n.kind] + " (" + n.logical + ")"
	}
	return kindNames[n.kind]
}
