package codec

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
)

// generator makes random schemas and random bodies of them. It writes the bytes
// itself, by the letter of Avro's specification, so that it is an oracle for all
// decoders.
type generator struct {
	*rand.Rand
	names int
}

// record is a top-level record's JSON.
func (g *generator) record(fields int) map[string]any {
	list := make([]any, fields)
	for i := range list {
		list[i] = map[string]any{"name": fmt.Sprintf("f%d", i), "type": g.fieldType()}
	}
	return map[string]any{"type": "record", "name": g.name("R"), "fields": list}
}

func (g *generator) fieldType() any {
	switch g.IntN(4) {
	case 0:
		return g.typ(0)
	case 1:
		return g.numberUnion()
	default:
		return g.number()
	}
}

func (g *generator) name(prefix string) string {
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

func (g *generator) number() any {
	return []any{"int", "long", "float", "double"}[g.IntN(4)]
}

// numberUnion is null and some of the numbers, in any order.
func (g *generator) numberUnion() any {
	all := []any{"null", "int", "long", "float", "double"}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+g.IntN(len(all))]
}

// typ is any type, at most three levels deep.
func (g *generator) typ(level int) any {
	simple := []any{
		"null", "boolean", "int", "long", "float", "double", "bytes", "string",
		map[string]any{"type": "long", "logicalType": "timestamp-millis"},
		map[string]any{"type": "int", "logicalType": "date"},
		map[string]any{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
	}
	n := g.IntN(len(simple) + 7)
	if n < len(simple) || level >= 3 {
		return simple[n%len(simple)]
	}
	switch n - len(simple) {
	case 0:
		return map[string]any{"type": "enum", "name": g.name("E"), "symbols": []any{"A", "B", "C"}}
	case 1:
		return map[string]any{"type": "fixed", "name": g.name("F"), "size": float64(g.IntN(20))}
	case 2, 3:
		return map[string]any{"type": "array", "items": g.typ(level + 1)}
	case 4:
		return map[string]any{"type": "map", "values": g.typ(level + 1)}
	case 5:
		return g.union(level)
	}
	r := g.record(g.IntN(4))
	for _, f := range r["fields"].([]any) {
		f.(map[string]any)["type"] = g.typ(level + 1)
	}
	return r
}

func (g *generator) union(level int) any {
	branches := []any{"null", "string", "long"}
	if b := g.typ(level + 1); isNamed(b) {
		branches = append(branches, b)
	}
	g.Shuffle(len(branches), func(i, j int) { branches[i], branches[j] = branches[j], branches[i] })
	return branches[:1+g.IntN(len(branches))]
}

func isNamed(t any) bool {
	m, ok := t.(map[string]any)
	return ok && m["name"] != nil
}

// body appends a random value of type t, and gives it as a float64 when it is a
// number; NaN otherwise.
func (g *generator) body(dst []byte, t any) ([]byte, float64) {
	switch t := t.(type) {
	case string:
		return g.primitive(dst, t)
	case []any:
		i := g.IntN(len(t))
		return g.body(binary.AppendVarint(dst, int64(i)), t[i])
	}
	m := t.(map[string]any)
	nan := math.NaN()
	switch m["type"] {
	case "record":
		for _, f := range m["fields"].([]any) {
			dst, _ = g.body(dst, f.(map[string]any)["type"])
		}
		return dst, nan
	case "enum":
		return binary.AppendVarint(dst, int64(g.IntN(len(m["symbols"].([]any))))), nan
	case "fixed":
		return g.bytes(dst, int(m["size"].(float64))), nan
	case "array":
		return g.blocks(dst, func(b []byte) []byte { b, _ = g.body(b, m["items"]); return b }), nan
	case "map":
		return g.blocks(dst, func(b []byte) []byte { b, _ = g.body(g.key(b), m["values"]); return b }), nan
	}
	dst, v := g.primitive(dst, m["type"].(string))
	return dst, v
}

func (g *generator) primitive(dst []byte, t string) ([]byte, float64) {
	switch t {
	case "boolean":
		return append(dst, byte(g.IntN(2))), math.NaN()
	case "int":
		v := int32(g.Uint32()) >> g.IntN(32)
		return binary.AppendVarint(dst, int64(v)), float64(v)
	case "long":
		v := int64(g.Uint64()) >> g.IntN(64)
		return binary.AppendVarint(dst, v), float64(v)
	case "float":
		v := float32(g.NormFloat64())
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v)), float64(v)
	case "double":
		v := g.NormFloat64()
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v)), v
	case "string":
		return g.key(dst), math.NaN()
	case "bytes":
		n := g.IntN(70)
		return g.bytes(binary.AppendVarint(dst, int64(n)), n), math.NaN()
	}
	return dst, math.NaN() // null
}

func (g *generator) bytes(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, byte(g.Uint32()))
	}
	return dst
}

// key is a string of letters, of more than 63 bytes now and then.
func (g *generator) key(dst []byte) []byte {
	n := g.IntN(10)
	if g.IntN(20) == 0 {
		n = 60 + g.IntN(80)
	}
	dst = binary.AppendVarint(dst, int64(n))
	for range n {
		dst = append(dst, 'a'+byte(g.IntN(26)))
	}
	return dst
}

// blocks are up to three blocks of items, some with their bytes counted.
func (g *generator) blocks(dst []byte, item func([]byte) []byte) []byte {
	for range g.IntN(3) {
		n := 1 + g.IntN(4)
		var items []byte
		for range n {
			items = item(items)
		}
		if g.IntN(2) == 0 {
			dst = binary.AppendVarint(dst, int64(n))
		} else {
			dst = binary.AppendVarint(binary.AppendVarint(dst, -int64(n)), int64(len(items)))
		}
		dst = append(dst, items...)
	}
	return append(dst, 0)
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func plainJSON(text string) (v any) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	return v
}
