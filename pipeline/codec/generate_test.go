package codec

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"unicode/utf8"
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
	switch g.IntN(5) {
	case 0, 1:
		return g.typ(0)
	case 2:
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
		map[string]any{"type": "long", "logicalType": "timestamp-micros"},
		map[string]any{"type": "long", "logicalType": "timestamp-nanos"},
		map[string]any{"type": "long", "logicalType": "local-timestamp-millis"},
		map[string]any{"type": "long", "logicalType": "local-timestamp-micros"},
		map[string]any{"type": "long", "logicalType": "local-timestamp-nanos"},
		map[string]any{"type": "int", "logicalType": "time-millis"},
		map[string]any{"type": "long", "logicalType": "time-micros"},
		map[string]any{"type": "int", "logicalType": "date"},
		map[string]any{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
	}
	n := g.IntN(len(simple) + 16)
	if n < len(simple) || level >= 3 {
		return simple[n%len(simple)]
	}
	switch n - len(simple) {
	case 0:
		return map[string]any{"type": "enum", "name": g.name("E"), "symbols": []any{"A", "B", "C"}}
	case 1:
		return map[string]any{"type": "fixed", "name": g.name("F"), "size": float64(g.IntN(20))}
	case 2:
		return map[string]any{"type": "fixed", "name": g.name("D"), "size": float64(4 + g.IntN(20)), "logicalType": "decimal", "precision": 9, "scale": g.IntN(10)}
	case 3, 4, 5, 6:
		return map[string]any{"type": "array", "items": g.typ(level + 1)}
	case 7:
		return map[string]any{"type": "map", "values": g.typ(level + 1)}
	case 8, 9, 10:
		return g.union(level)
	}
	return g.nest(level)
}

// union is of types that Avro allows together: simple ones and a named one, or a
// nest that may be null, or two records.
func (g *generator) union(level int) any {
	switch g.IntN(6) {
	case 0:
		return []any{"null", map[string]any{"type": "array", "items": g.typ(level + 1)}}
	case 1:
		return []any{g.nest(level), "null"}
	case 2:
		return []any{g.nest(level), "null", g.nest(level)}
	}
	branches := []any{"null", "string", "long", "boolean"}
	if b := g.typ(level + 1); isNamed(b) {
		branches = append(branches, b)
	}
	g.Shuffle(len(branches), func(i, j int) { branches[i], branches[j] = branches[j], branches[i] })
	return branches[:1+g.IntN(len(branches))]
}

// nest is a record of any types.
func (g *generator) nest(level int) any {
	r := g.record(0)
	fields := []any{}
	for i := range g.IntN(4) {
		fields = append(fields, map[string]any{"name": fmt.Sprintf("f%d", i), "type": g.typ(level + 1)})
	}
	r["fields"] = fields
	return r
}

func isNamed(t any) bool {
	m, ok := t.(map[string]any)
	return ok && m["name"] != nil
}

// body appends a random value of type t, and gives it: nil, a bool, an int64, a
// float64, a string, a big.Rat of a decimal, an instant, a map of a record's fields,
// a slice of an array's items, and other for what no form reads.
func (g *generator) body(dst []byte, t any) ([]byte, any) {
	switch t := t.(type) {
	case string:
		return g.primitive(dst, t)
	case []any:
		i := g.IntN(len(t))
		return g.body(binary.AppendVarint(dst, int64(i)), t[i])
	}
	m := t.(map[string]any)
	if m["logicalType"] != nil {
		return g.logical(dst, m)
	}
	switch m["type"] {
	case "record":
		record := map[string]any{}
		for _, f := range m["fields"].([]any) {
			f := f.(map[string]any)
			dst, record[f["name"].(string)] = g.body(dst, f["type"])
		}
		return dst, record
	case "enum":
		symbols := m["symbols"].([]any)
		i := g.IntN(len(symbols))
		return binary.AppendVarint(dst, int64(i)), symbols[i]
	case "fixed":
		return g.bytes(dst, int(m["size"].(float64))), other{}
	case "array":
		items := []any{}
		dst = g.blocks(dst, func(b []byte) []byte {
			b, v := g.body(b, m["items"])
			items = append(items, v)
			return b
		})
		return dst, items
	case "map":
		return g.blocks(dst, func(b []byte) []byte { b, _ = g.body(g.key(b), m["values"]); return b }), other{}
	}
	return g.primitive(dst, m["type"].(string))
}

// other is a value that no form reads.
type other struct{}

// instant is a value of a logical type of time.
type instant struct{ seconds *big.Rat }

// ticksOf are the logical types of time, by how many of theirs make a second.
var ticksOf = map[string]int64{
	"time-millis": 1e3, "time-micros": 1e6, "timestamp-millis": 1e3, "timestamp-micros": 1e6, "timestamp-nanos": 1e9,
	"local-timestamp-millis": 1e3, "local-timestamp-micros": 1e6, "local-timestamp-nanos": 1e9,
}

func (g *generator) logical(dst []byte, m map[string]any) ([]byte, any) {
	logical := m["logicalType"].(string)
	switch {
	case logical == "decimal":
		return g.decimal(dst, m)
	case logical == "time-micros":
		v := g.Int64N(86400e6) // a library's own duration overflows
		return binary.AppendVarint(dst, v), instant{big.NewRat(v, 1e6)}
	}
	dst, v := g.primitive(dst, m["type"].(string))
	if logical == "date" {
		return dst, instant{big.NewRat(v.(int64)*86400, 1)}
	}
	return dst, instant{big.NewRat(v.(int64), ticksOf[logical])}
}

func (g *generator) decimal(dst []byte, m map[string]any) ([]byte, any) {
	size, fixed := m["size"].(float64)
	if !fixed {
		size = float64(g.IntN(maxDecimal + 1))
		dst = binary.AppendVarint(dst, int64(size))
	}
	from := len(dst)
	dst = g.bytes(dst, int(size))
	if size > 8 && g.IntN(2) == 0 {
		for i := range dst[from : len(dst)-8] {
			dst[from+i] = 0 // a small number in much room
		}
	}
	n := new(big.Int).SetBytes(dst[from:])
	if size > 0 && dst[from] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	scale := int64(toInt(m["scale"]))
	return dst, new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(scale), nil))
}

// toInt is a number of JSON, parsed or not.
func toInt(v any) int {
	if f, ok := v.(float64); ok {
		return int(f)
	}
	return v.(int)
}

func (g *generator) primitive(dst []byte, t string) ([]byte, any) {
	switch t {
	case "boolean":
		v := g.IntN(2)
		return append(dst, byte(v)), v == 1
	case "int":
		v := int32(g.Uint32()) >> g.IntN(32)
		return binary.AppendVarint(dst, int64(v)), int64(v)
	case "long":
		v := int64(g.Uint64()) >> g.IntN(64)
		return binary.AppendVarint(dst, v), v
	case "float":
		v := float32(g.double())
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v)), float64(v)
	case "double":
		v := g.double()
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v)), v
	case "string":
		from := len(dst)
		dst = g.key(dst)
		_, n := binary.Varint(dst[from:])
		return dst, string(dst[from+n:])
	case "bytes":
		n := g.IntN(70)
		return g.bytes(binary.AppendVarint(dst, int64(n)), n), other{}
	}
	return dst, nil // null
}

// double is whole, odd or no number now and then.
func (g *generator) double() float64 {
	v := g.NormFloat64()
	switch g.IntN(8) {
	case 0:
		return math.Round(1000 * v)
	case 1:
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1 << 63, -1 << 63}[g.IntN(6)]
	}
	return v
}

func (g *generator) bytes(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, byte(g.Uint32()))
	}
	return dst
}

// key is a string, of more than 63 bytes now and then, and of more than letters.
func (g *generator) key(dst []byte) []byte {
	n := g.IntN(10)
	if g.IntN(20) == 0 {
		n = 60 + g.IntN(80)
	}
	letters := []rune("abcdefghijkl\x00é天🔭")
	var text []byte
	for range n {
		text = utf8.AppendRune(text, letters[g.IntN(len(letters))])
	}
	return append(binary.AppendVarint(dst, int64(len(text))), text...)
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
