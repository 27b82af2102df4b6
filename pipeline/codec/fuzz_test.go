package codec

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
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
	inRecord(`["string","null","boolean","long"]`),
	inRecord(`{"type":"array","items":["null",{"type":"record","name":"P","fields":[{"name":"x","type":"double"},{"name":"s","type":"string"}]}]}`),
	inRecord(`["null",{"type":"array","items":{"type":"array","items":"int"}}]`),
	inRecord(`[{"type":"record","name":"P","fields":[{"name":"x","type":"boolean"}]},"null",{"type":"record","name":"Q","fields":[{"name":"y","type":"long"},{"name":"x","type":["null","float"]}]}]`),
	inRecord(`["null",{"type":"bytes","logicalType":"decimal","precision":20,"scale":7}]`),
	inRecord(`{"type":"fixed","name":"F","size":12,"logicalType":"decimal","precision":20,"scale":3}`),
	inRecord(`["null",{"type":"long","logicalType":"timestamp-nanos"}]`),
	inRecord(`{"type":"array","items":{"type":"record","name":"P","fields":[{"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}},
		{"name":"m","type":{"type":"int","logicalType":"time-millis"}}]}}`),
}

// stricter are the faults that twmb/avro may pass over.
var stricter = []error{errBlock, errItems, errLength, errDepth, errInt, errBoolean, errDecimal, errUTF8}

// FuzzDecode compares decoding with two other libraries', in every form: what
// decodes does so with both, to the same values; what twmb/avro accepts is refused
// only for one of stricter. hamba/avro reads much that is not Avro.
func FuzzDecode(f *testing.F) {
	for i, b := range bombs {
		if len(b.body) < 1000 {
			f.Add(uint8(i), b.body)
		}
	}
	g := &generator{Rand: rand.New(rand.NewPCG(5, 6))}
	var probes []*probe
	for i, text := range fuzzSchemas {
		probes = append(probes, newProbe(f, mustParse(f, text), plainJSON(text)))
		body, _ := g.body(nil, plainJSON(text))
		f.Add(uint8(i), body)
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		i := int(which) % len(fuzzSchemas)
		text, p := fuzzSchemas[i], probes[i]
		err := p.decoder.Decode(body, 0, newBatch(p.columns, 1))
		tree, otherErr := decodeTwmb(text, body)
		switch {
		case err == nil && otherErr == nil:
			p.compareOthers(t, text, body)
		case err == nil:
			t.Errorf("decoded, twmb says %v", otherErr)
		case otherErr == nil && !slices.ContainsFunc(stricter, func(s error) bool { return errors.Is(err, s) }):
			t.Errorf("error %v, but twmb decodes %v", err, tree)
		}
	})
}
