package codec

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// SinkSchema derives the schema of a sink topic's records from nothing but the
// spec and the fields of the layout, so that equal ones give equal text:
//
//	time         double  the window's midpoint, seconds since the epoch
//	window_size  double  seconds
//	count        long    records in the window
//
// and for each field each operation, in their order, <operation>_<field>.
// The record is named for the topic, in sink.Namespace.
//
// A result is ["null","double"] with default null, so that a schema that grows
// reads older records. Under nulls: nan it is a plain double, and Avro's JSON has
// no NaN: its default is 0. Only a reader that resolves old records against a newer
// schema sees that, in fields those do not have; reading by the writer schema,
// as most clients do, never does.
func SinkSchema(topic string, sink spec.Sink, fields []pipeline.Field, operations []functions.Function) (*Schema, error) {
	r := avroRecord{
		Type: "record", Name: pipeline.AvroName(topic), Namespace: sink.Namespace,
		Fields: []avroField{
			{Name: "time", Type: "double", Doc: "midpoint of the window, seconds since the epoch", Units: "s"},
			{Name: "window_size", Type: "double", Doc: "size of the window", Units: "s"},
			{Name: "count", Type: "long", Doc: "records in the window"},
		},
	}
	for _, f := range fields {
		for _, op := range operations {
			r.Fields = append(r.Fields, resultField(f, op, sink.Nulls))
		}
	}
	s, err := r.schema()
	if err != nil {
		return nil, fmt.Errorf("schema of sink %s: %w", topic, err)
	}
	return s, nil
}

func resultField(f pipeline.Field, op functions.Function, nulls spec.Nulls) avroField {
	what := op.Name + " of " + f.Name
	out := avroField{
		Name: pipeline.OutputName(op.Name, f.Name), Doc: what, Units: unit(f.Units, op.Unit),
		Type: []string{"null", "double"}, Default: json.RawMessage("null"),
	}
	if nulls == spec.NullsNaN {
		out.Type, out.Default = "double", json.RawMessage("0")
	}
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
	case units == "" || u == functions.NoUnit:
		return ""
	case u == functions.SquaredUnit:
		return "(" + units + ")^2"
	}
	return units
}

// avroRecord and avroField are a schema's JSON, in the order of its keys.
type avroRecord struct {
	Type      string      `json:"type"`
	Name      string      `json:"name"`
	Namespace string      `json:"namespace,omitempty"`
	Doc       string      `json:"doc,omitempty"`
	Fields    []avroField `json:"fields"`
}

type avroField struct {
	Name        string          `json:"name"`
	Type        any             `json:"type"`
	Default     json.RawMessage `json:"default,omitempty"`
	Doc         string          `json:"doc,omitempty"`
	Units       string          `json:"units,omitempty"`
	Description string          `json:"description,omitempty"`
}

// schema writes the record's text, and parses it to check it.
func (r avroRecord) schema() (*Schema, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // a doc with < or & stays legible
	if err := e.Encode(r); err != nil {
		return nil, err
	}
	return ParseSchema(string(bytes.TrimSpace(b.Bytes())))
}
