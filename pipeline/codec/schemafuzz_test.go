package codec

import (
	"errors"
	"slices"
	"testing"

	twmb "github.com/twmb/avro"

	"github.com/aggrun/aggrun/pipeline"
)

// FuzzSchema reads any text as a schema, and any bytes by it. What is a schema to
// twmb/avro too, and what that library takes for a record of it, is refused only for
// one of stricter; what it does not take does not decode.
func FuzzSchema(f *testing.F) {
	for _, text := range fuzzSchemas {
		f.Add(text, []byte{2, 0, 2, 'a', 0, 0, 0, 0, 0, 0, 0, 0})
	}
	for _, b := range bombs {
		if len(b.body)+len(b.schema) < 1000 {
			f.Add(b.schema, b.body)
		}
	}
	f.Add(everyType, []byte{})
	f.Fuzz(func(t *testing.T, text string, body []byte) {
		if len(text) > 4<<10 || len(body) > 4<<10 {
			return
		}
		s, err := ParseSchema(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error says nothing")
			}
			return
		}
		columns := numbersOf(s)
		d, err := CompileDecoder(s, append(columns, pipeline.Column{Path: "gone", Slot: len(columns)}))
		if err != nil {
			return
		}
		err = d.Decode(body, 0, newBatch(append(columns, pipeline.Column{Slot: len(columns)}), 1))
		other, otherErr := twmb.Parse(text)
		if otherErr != nil {
			return // names and defaults that registries hold are more than it takes
		}
		var tree any
		rest, otherErr := other.Decode(body, &tree)
		if otherErr == nil && len(rest) > 0 {
			otherErr = errTrailing
		}
		switch {
		case err == nil && otherErr != nil:
			t.Errorf("decoded, twmb says %v", otherErr)
		case err != nil && otherErr == nil && !slices.ContainsFunc(stricter, func(s error) bool { return errors.Is(err, s) }):
			t.Errorf("error %v, but twmb decodes %v", err, tree)
		}
	})
}
