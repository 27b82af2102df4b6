package codec

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// Decoder reads the wanted columns of one writer schema's bodies. It is immutable,
// and safe for concurrent use.
type Decoder struct {
	programs [][]op // the first is the record's
	spans    []*op  // of it: what many records at once are read of
}

// CompileDecoder makes the decoder of s that fills the columns of want; what is no
// field ($key) is left to others. Several may want one field, in any forms.
//
// A field that s does not have, an element beyond an array's end, and all below a
// null record or array are missing. The error names every column whose path is
// none, leads into a type that has no such nest, or ends at a type that its form
// does not take. Of an optional column only the first is an error: where s has
// nothing that it could read, all of its values are missing (of a Time, every record
// is an error then). That is of the schema, not of a value: of a union, one type
// that does not fit is enough.
func CompileDecoder(s *Schema, want []pipeline.Column) (*Decoder, error) {
	if s.root.kind != kindRecord {
		return nil, fmt.Errorf("the schema is of type %s, not a record", s.root)
	}
	root := &wanted{}
	var wrong []string
	for _, w := range want {
		if strings.HasPrefix(w.Path, "$") {
			continue
		}
		steps, err := s.steps(w)
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		end := root.under(steps)
		end.path = w.Path
		end.columns = append(end.columns, column{path: w.Path, form: w.Form, slot: w.Slot, tick: ticks[w.Unit]})
	}
	if wrong != nil {
		return nil, errors.New(strings.Join(wrong, "; "))
	}
	c := compiler{programs: make([][]op, 1), done: map[task]int{}}
	c.programs[0] = c.record(nil, s.root, root)
	return &Decoder{programs: c.programs, spans: findSpans(c.programs[0])}, nil
}

// nowhere leads to no field of any schema.
var nowhere = []step{{name: "\x00"}}

// steps are those of a column's path, to where s has something that can be read, or
// nowhere.
func (s *Schema) steps(w pipeline.Column) ([]step, error) {
	steps, err := parsePath(w.Path)
	if err != nil {
		return nil, err
	}
	if w.Form == pipeline.Time && ticks[w.Unit] == 0 {
		return nil, fmt.Errorf("field %s: %q is no unit of time", w.Path, w.Unit)
	}
	err = s.check(w, steps)
	if err != nil && w.Optional {
		return nowhere, nil
	}
	return steps, err
}

// check tells what keeps a column from being read at the end of steps.
func (s *Schema) check(w pipeline.Column, steps []step) error {
	found, err := s.find(steps)
	if err != nil {
		return err
	}
	for _, f := range found {
		if !f.typ.forms().Has(w.Form) || w.Optional && w.Form == pipeline.Number && !f.typ.numeric() {
			return fmt.Errorf("field %s is of type %s, not %s", w.Path, f.typ, wants[w.Form])
		}
	}
	return nil
}
