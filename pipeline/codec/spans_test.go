package codec

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// Many bodies at once give what each gives alone, up to the first that fails.
func TestDecodeRun(t *testing.T) {
	spans := 0
	for seed := range uint64(300) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
		record := g.record(1 + g.IntN(8))
		text := toJSON(record)
		if seed%2 == 0 { // numbers side by side
			record, text = nil, numbersBeside(g.Rand)
		}
		s := mustParse(t, text)
		want := numbersOf(s)
		d := mustCompile(t, s, want...)
		spans += len(d.spans)
		var bodies [][]byte
		for range 1 + g.IntN(300) {
			var body []byte
			if record != nil {
				body, _ = g.body(nil, record)
			} else {
				body = randomNumbers(g.Rand, text)
			}
			if g.IntN(200) == 0 && len(body) > 0 {
				body = body[:len(body)-1]
			}
			bodies = append(bodies, body)
		}
		const row = 3
		got, alone := newBatch(want, row+len(bodies)), newBatch(want, row+len(bodies))
		n, err := d.DecodeRun(bodies, row, got)
		m, failed := 0, error(nil)
		for m < len(bodies) && failed == nil {
			if failed = d.Decode(bodies[m], row+m, alone); failed == nil {
				m++
			}
		}
		if n != m || fmt.Sprint(err) != fmt.Sprint(failed) {
			t.Fatalf("seed %d: %d rows and %v, alone %d and %v", seed, n, err, m, failed)
		}
		for slot := range want {
			if !reflect.DeepEqual(patterns(got.Numbers[slot][:row+n]), patterns(alone.Numbers[slot][:row+n])) {
				t.Fatalf("seed %d: column %d differs\n%s", seed, slot, text)
			}
		}
	}
	if spans < 100 {
		t.Errorf("%d runs of numbers side by side: the test says little", spans)
	}
}

// patterns are the bits of numbers, those of NaN as one.
func patterns(values []float64) []string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf("%x", v))
	}
	return all
}

// numbersBeside is a record of doubles and floats in up to three rows, with texts
// and longs between them.
func numbersBeside(rng *rand.Rand) string {
	var fields []string
	add := func(typ string) {
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":%q}`, len(fields), typ))
	}
	for range 1 + rng.IntN(3) {
		for range 1 + rng.IntN(6) {
			add([]string{"double", "float"}[rng.IntN(2)])
		}
		add([]string{"long", "string"}[rng.IntN(2)])
	}
	return `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`
}

func randomNumbers(rng *rand.Rand, schema string) (body []byte) {
	for _, typ := range strings.Split(schema, `"type":`)[2:] {
		n := 0
		switch typ[1] {
		case 'd':
			n = 8
		case 'f':
			n = 4
		case 'l':
			body = append(body, byte(rng.IntN(128)))
		case 's':
			n = rng.IntN(5)
			body = append(body, byte(2*n))
			for range n {
				body = append(body, 'a')
			}
			continue
		}
		for range n {
			body = append(body, byte(rng.IntN(256)))
		}
	}
	return body
}
