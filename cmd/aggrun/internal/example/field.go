package example

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Field is a field of an example topic that is no signal of its own accord: one
// that somebody's spec wants to read.
type Field struct {
	Path  string // a, a.b, wave[3], wave[3].x
	Kind  Kind
	Words []string      // of a Word; at least one
	Unit  time.Duration // of a Moment
}

// Kind is what the values of a Field are.
type Kind uint8

// The kinds, each with its Avro type.
const (
	Signal Kind = iota // double
	Index              // long, 1 to 3
	Flag               // boolean
	Word               // string, one of a few
	Moment             // event time: long, or double where the unit is a second
)

// node is a field as records hold it, or the record: a leaf, a nest of fields, or
// an array.
type node struct {
	name   string
	leaf   *Field
	signal signal
	nest   []*node
	item   *node // of an array
	length int
}

// fieldTree arranges fields as a record has them. A path that is none, or that
// leads through another field's value, is left out: what comes first, stays.
func fieldTree(fields []Field, random *rand.Rand) *node {
	root := &node{}
	for i, f := range fields {
		at := root
		for _, step := range steps(f.Path) {
			if at = at.enter(step); at == nil {
				break
			}
		}
		if at != nil && at != root && at.nest == nil && at.item == nil && at.leaf == nil {
			at.leaf, at.signal = &f, newSignal(random, i+1)
		}
	}
	return root
}

// pathStep is a name or an index, of at most two digits: an array is as long as
// the largest index wants.
var pathStep = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*|\[[0-9]{1,2}\]`)

// steps are the names and the [indices] of a path; nil for what is none.
func steps(path string) []string {
	found := pathStep.FindAllString(path, -1)
	if strings.ReplaceAll(strings.Join(found, "."), ".[", "[") != path {
		return nil
	}
	return found
}

// enter finds or makes what a step leads to; nil where there is no way.
func (n *node) enter(step string) *node {
	if n.leaf != nil {
		return nil
	}
	if index, ok := strings.CutPrefix(step, "["); ok {
		i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if err != nil || n.nest != nil {
			return nil
		}
		if n.item == nil {
			n.item = &node{name: n.name}
		}
		n.length = max(n.length, i+1)
		return n.item
	}
	if n.item != nil {
		return nil
	}
	for _, inner := range n.nest {
		if inner.name == step {
			return inner
		}
	}
	inner := &node{name: step}
	n.nest = append(n.nest, inner)
	return inner
}

// schema is the node's Avro type; names of records begin as prefix does.
func (n *node) schema(prefix string) any {
	switch {
	case n.item != nil:
		return map[string]any{"type": "array", "items": n.item.schema(prefix)}
	case n.leaf == nil:
		return map[string]any{"type": "record", "name": prefix, "fields": n.fields(prefix)}
	}
	return n.leaf.avro()
}

func (n *node) fields(prefix string) []any {
	var fields []any
	for _, inner := range n.nest {
		fields = append(fields, map[string]any{
			"name": inner.name, "type": inner.schema(prefix + "_" + inner.name), "doc": "made up",
		})
	}
	return fields
}

func (f *Field) avro() string {
	switch {
	case f.Kind == Flag:
		return "boolean"
	case f.Kind == Word:
		return "string"
	case f.Kind == Index, f.Kind == Moment && f.Unit != time.Second:
		return "long"
	}
	return "double"
}

// append appends a value as Avro encodes it: of event time t, which is so many
// seconds after the start.
func (n *node) append(dst []byte, t time.Time, since float64, random *rand.Rand) []byte {
	switch {
	case n.item != nil:
		dst = binary.AppendVarint(dst, int64(n.length))
		for range n.length {
			dst = n.item.append(dst, t, since, random)
		}
		return append(dst, 0)
	case n.leaf == nil:
		for _, inner := range n.nest {
			dst = inner.append(dst, t, since, random)
		}
		return dst
	}
	switch f := n.leaf; f.Kind {
	case Index:
		return binary.AppendVarint(dst, 1+random.Int64N(3))
	case Flag:
		return append(dst, byte(random.IntN(2)))
	case Word:
		word := f.Words[random.IntN(len(f.Words))]
		return append(binary.AppendVarint(dst, int64(len(word))), word...)
	case Moment:
		if f.Unit != time.Second {
			return binary.AppendVarint(dst, t.UnixNano()/int64(f.Unit))
		}
		return appendDouble(dst, float64(t.UnixNano())/1e9)
	default:
		return appendDouble(dst, n.signal.at(since, random.Float64()))
	}
}

func appendDouble(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}
