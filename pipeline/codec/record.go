package codec

import (
	"bytes"
	"encoding/json"
)

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
