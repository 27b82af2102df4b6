package codec

import (
	"encoding/binary"
	"math"

	"github.com/aggrun/aggrun/pipeline"
)

// column is where a value goes, in one form.
type column struct {
	path string
	form pipeline.Form
	slot int
	tick int64 // of Time: what a number counts, ns
}

// leaf is a value that is read, and the columns that it goes to.
type leaf struct {
	columns []column
	union   bool
	types   []scalar // the union's branches, or the one type
}

// scalar is how a value of one type is read.
type scalar struct {
	path    string
	class   class
	kind    kind
	per     uint64   // ticks a second, of classInstant and classTimeOfDay
	days    bool     // ticks are written as days
	scale   int      // of a decimal
	size    int      // of a fixed
	symbols [][]byte // of an enum
	keys    [][]byte // the symbols' group values
}

func newLeaf(n *node, path string, columns []column) *leaf {
	l := &leaf{columns: columns, union: n.kind == kindUnion}
	types := []*node{n}
	if l.union {
		types = n.branches
	}
	for _, n := range types {
		l.types = append(l.types, newScalar(n, path))
	}
	return l
}

func newScalar(n *node, path string) scalar {
	s := scalar{
		path: path, class: n.class(), kind: n.kind, per: logicalClasses[n.logical].per,
		days: n.logical == "date", scale: n.scale, size: n.size,
	}
	for _, symbol := range n.symbols {
		s.symbols = append(s.symbols, []byte(symbol))
		s.keys = append(s.keys, pipeline.AppendKeyText(nil, symbol))
	}
	return s
}

// value is one value, by its class.
type value struct {
	class   class
	integer int64   // classInteger; 0 or 1; a symbol's index; ticks
	number  float64 // classNumber, classDecimal
	text    []byte  // classText
	of      *scalar // classSymbol, classInstant, classTimeOfDay
}

// value reads a leaf to its columns.
func (t *target) value(l *leaf, b []byte) ([]byte, error) {
	i := 0
	if l.union {
		var err error
		if i, b, err = index(b, len(l.types), errBranch); err != nil {
			return b, err
		}
	}
	var v value
	rest, err := l.types[i].read(&v, b)
	if err != nil {
		return b, err
	}
	return rest, t.store(l.columns, &v)
}

// read reads one value from the beginning of b to v, which is none yet. A text is
// a view of b.
func (s *scalar) read(v *value, b []byte) (rest []byte, err error) {
	v.class, v.of = s.class, s
	switch s.class {
	case classNumber:
		v.number, rest, err = number(b, s.kind)
	case classInteger, classInstant, classTimeOfDay:
		v.integer, rest, err = integer(b, s.kind)
		if s.days {
			v.integer *= 24 * 60 * 60 // an int of them is far from overflow
		}
	case classBoolean:
		v.integer, rest, err = boolean(b)
	case classText:
		v.text, rest, err = stretch(b)
	case classSymbol:
		var i int
		i, rest, err = index(b, len(s.symbols), errSymbol)
		v.integer = int64(i)
	case classDecimal:
		v.number, rest, err = s.decimal(b)
	default:
		rest = b // null
	}
	return rest, err
}

// integer reads a number of kind int or long.
func integer(b []byte, k kind) (int64, []byte, error) {
	v, n := long(b)
	if n <= 0 || k == kindInt && !isInt(v, n) {
		return 0, b, varintError(n)
	}
	return v, b[n:], nil
}

func boolean(b []byte) (int64, []byte, error) {
	switch {
	case len(b) == 0:
		return 0, b, errShort
	case b[0] > 1:
		return 0, b, errBoolean
	}
	return int64(b[0]), b[1:], nil
}

// stretch reads a string or bytes.
func stretch(b []byte) (text, rest []byte, err error) {
	if len(b) > 0 && b[0] < 0x80 && b[0]&1 == 0 && int(b[0]>>1) < len(b) {
		end := 1 + int(b[0]>>1) // one byte of length, as most have
		return b[1:end:end], b[end:], nil
	}
	rest, err = skipStrings(b, 1)
	if err != nil {
		return nil, rest, err
	}
	_, n := long(b)
	end := len(b) - len(rest)
	return b[n:end:end], rest, nil
}

// decimal reads a decimal of bytes or fixed, as its nearest float64.
func (s *scalar) decimal(b []byte) (v float64, rest []byte, err error) {
	var unscaled []byte
	if s.kind == kindBytes {
		unscaled, rest, err = stretch(b)
	} else if rest, err = skip(b, s.size); err == nil {
		unscaled = b[:s.size]
	}
	switch {
	case err != nil:
		return 0, rest, err
	case len(unscaled) > maxDecimal:
		return 0, rest, &fieldError{s.path, errDecimal}
	}
	return decimal(unscaled, s.scale), rest, nil
}

// number reads a number of kind k, or NaN for null.
func number(b []byte, k kind) (float64, []byte, error) {
	switch k {
	case kindDouble:
		if len(b) < 8 {
			return 0, b, errShort
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(b)), b[8:], nil
	case kindFloat:
		if len(b) < 4 {
			return 0, b, errShort
		}
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), b[4:], nil
	case kindInt:
		v, n := long(b)
		if !isInt(v, n) {
			return 0, b, varintError(n)
		}
		return float64(v), b[n:], nil
	case kindLong:
		v, n := long(b)
		if n <= 0 {
			return 0, b, varintError(n)
		}
		return float64(v), b[n:], nil
	}
	return math.NaN(), b, nil
}
