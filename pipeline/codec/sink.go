package codec

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// SinkSchema derives the schema of a sink topic's records from nothing but the
// spec and the output, so that equal ones give equal text:
//
//	time         double  the window's midpoint, seconds since the epoch
//	window_size  double  seconds
//	count        long    records in the window, of one group
//
// then the group's values, of each source for each field each operation, in their
// order, <operation>_<field>, and the aggregates. The record is named for the
// topic, in sink.Namespace.
//
// A result is ["null","double"] with default null, so that a schema that grows
// reads older records. Under nulls: nan it is a plain double, and Avro's JSON has
// no NaN: its default is 0. Only a reader that resolves old records against a newer
// schema sees that, in fields those do not have; reading by the writer schema,
// as most clients do, never does.
//
// A group value is a union of null and its field's types in one order, however they
// were found, in either case. While no schema has shown one it is ["null","string"]:
// whoever has registered that must keep KeyText among the types found later, and
// whoever derives a schema anew must add the types that a registered one has (its
// Field tells them), or the new one cannot read what the old one wrote.
func SinkSchema(topic string, sink spec.Sink, out pipeline.Output) (*Schema, error) {
	r := avroRecord{
		Type: "record", Name: pipeline.AvroName(topic), Namespace: sink.Namespace,
		Fields: []avroField{
			{Name: "time", Type: "double", Doc: "midpoint of the window, seconds since the epoch", Units: "s"},
			{Name: "window_size", Type: "double", Doc: "size of the window", Units: "s"},
			{Name: "count", Type: "long", Doc: "records in the window"},
		},
	}
	for _, g := range out.Group {
		r.Fields = append(r.Fields, groupField(g))
	}
	for _, fields := range out.Sources {
		for _, f := range fields {
			for _, op := range out.Operations {
				r.Fields = append(r.Fields, resultField(f, op, sink.Nulls))
			}
		}
	}
	for _, a := range out.Aggregates {
		r.Fields = append(r.Fields, valueField(a.Name, a.Text, a.Units, sink.Nulls))
	}
	s, err := r.schema()
	if err != nil {
		return nil, fmt.Errorf("schema of sink %s: %w", topic, err)
	}
	return s, nil
}

// groupTypes are the types of group values, in the order of a union's branches.
var groupTypes = []struct {
	key  pipeline.KeyType
	name string
}{
	{pipeline.KeyInteger, "long"},
	{pipeline.KeyNumber, "double"},
	{pipeline.KeyBoolean, "boolean"},
	{pipeline.KeyText, "string"},
}

// groupBranches are the types of a group field, in the order of its union's
// branches after null.
func groupBranches(g pipeline.GroupField) (branches []pipeline.KeyType) {
	for _, t := range groupTypes {
		if slices.Contains(g.Types, t.key) {
			branches = append(branches, t.key)
		}
	}
	if branches == nil {
		return []pipeline.KeyType{pipeline.KeyText}
	}
	return branches
}

func groupField(g pipeline.GroupField) avroField {
	union := []string{"null"}
	branches := groupBranches(g)
	for _, t := range groupTypes {
		if slices.Contains(branches, t.key) {
			union = append(union, t.name)
		}
	}
	out := avroField{
		Name: g.Name, Type: union, Default: json.RawMessage("null"),
		Doc: "group", Units: g.Units, Description: g.Description,
	}
	if g.Doc != "" {
		out.Doc += ": " + g.Doc
	}
	return out
}

// valueField is a double, as nulls says.
func valueField(name, doc, units string, nulls spec.Nulls) avroField {
	out := avroField{Name: name, Type: []string{"null", "double"}, Default: json.RawMessage("null"), Doc: doc, Units: units}
	if nulls == spec.NullsNaN {
		out.Type, out.Default = "double", json.RawMessage("0")
	}
	return out
}

func resultField(f pipeline.Field, op functions.Function, nulls spec.Nulls) avroField {
	what := op.Name + " of " + f.Name
	out := valueField(pipeline.OutputName(op.Name, f.Name), what, unit(f.Units, op.Unit), nulls)
	if f.Doc != "" {
		out.Doc += ": " + f.Doc
	}
	if f.Description != "" {
		out.Description = what + ": " + f.Description
	}
	return out
}

func unit(units string, u functions.Unit) string {
	switch {
	case u == functions.SecondsUnit:
		return "s"
	case units == "" || u == functions.NoUnit:
		return ""
	case u == functions.SquaredUnit:
		return "(" + units + ")^2"
	}
	return units
}
