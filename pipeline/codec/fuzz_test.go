package codec

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	hamba "github.com/hamba/avro/v2"
	twmb "github.com/twmb/avro"
)

// fuzzSchemas are what fuzzed bodies are decoded by.
var fuzzSchemas = []string{
	inRecord(`"double"`),
	inRecord(`["null","int","long","float","double"]`),
	inRecord(`{"type":"array","items":"long"}`),
	inRecord(`{"type":"array","items":"null"}`),
	inRecord(`{"type":"array","items":{"type":"map","values":["null","string"]}}`),
	`{"type":"record","name":"N","fields":[{"name":"v","type":"long"},{"name":"next","type":["null","N"]}]}`,
	`{"type":"record","name":"T","fields":[{"name":"v","type":"int"},{"name":"c","type":{"type":"array","items":"T"}}]}`,
	`{"type":"record","name":"R","fields":[{"name":"a","type":"float"},{"name":"s","type":"bytes"},
		{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"f","type":{"type":"fixed","name":"F","size":3}},
		{"name":"i","type":{"type":"int","logicalType":"date"}},{"name":"l","type":"long"},{"name":"d","type":["double"]}]}`,
}

// stricter are the faults that twmb/avro may pass over.
var stricter = []error{errBlock, errItems, errLength, errDepth, errInt}

// FuzzDecode compares decoding with two other libraries': what decodes does so
// with both, to the same numbers; what twmb/avro accepts is refused only for one
// of stricter. hamba/avro reads much that is not Avro.
func FuzzDecode(f *testing.F) {
	for i, b := range bombs {
		if len(b.body) < 1000 {
			f.Add(uint8(i), b.body)
		}
	}
	g := &generator{Rand: rand.New(rand.NewPCG(5, 6))}
	for i, text := range fuzzSchemas {
		body, _ := g.body(nil, plainJSON(text))
		f.Add(uint8(i), body)
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		text := fuzzSchemas[int(which)%len(fuzzSchemas)]
		got, err := decodeAll(mustParse(t, text), body)
		other, otherErr := decodeTwmb(text, body)
		switch {
		case err == nil && otherErr == nil:
			sameNumbers(t, "twmb", got, other)
		case err == nil:
			t.Errorf("decoded %v, twmb says %v", got, otherErr)
		case otherErr == nil && !slices.ContainsFunc(stricter, func(s error) bool { return errors.Is(err, s) }):
			t.Errorf("error %v, but twmb decodes %v", err, other)
		}
		if err != nil || t.Failed() {
			return
		}
		other = nil
		if err := hamba.Unmarshal(parseHamba(text), body, &other); err != nil {
			t.Errorf("decoded %v, hamba says %v", got, err)
		}
		sameNumbers(t, "hamba", got, other)
	})
}

func decodeTwmb(text string, body []byte) (record map[string]any, err error) {
	rest, err := twmb.MustParse(text).Decode(body, &record)
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	return record, err
}
