package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What a body can do wrong.
var (
	errShort    = errors.New("it ends too early")
	errTrailing = errors.New("bytes follow the record's end")
	errVarint   = errors.New("a number has more than 64 bits")
	errInt      = errors.New("an int has more than 32 bits")
	errBranch   = errors.New("a union has no branch of that index")
	errSymbol   = errors.New("an enum has no symbol of that index")
	errLength   = errors.New("a length is negative")
	errBlock    = errors.New("a block's size is not that of its items")
	errItems    = errors.New("too many items without bytes")
	errDepth    = errors.New("values are nested too deep")
)

const (
	maxDepth = 1000 // of values within values
	maxEmpty = 4096 // items without bytes in one array
)

// Decode reads the wanted fields of one record's body into the given row of
// columns, which must have a column for each slot wanted, longer than row. After
// an error the row holds nothing of use.
func (d *Decoder) Decode(body []byte, row int, columns [][]float64) error {
	t := target{decoder: d, row: row, columns: columns}
	rest, err := t.run(d.programs[0], body)
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	if err != nil {
		return fmt.Errorf("body is not of its schema: at byte %d of %d: %w", len(body)-len(rest), len(body), err)
	}
	for _, slot := range d.absent {
		columns[slot][row] = math.NaN()
	}
	return nil
}

// target is where numbers are read to, and how deep in the record it is. Its
// methods take the bytes that are left and return what is left after them; with
// an error, the bytes that it is about.
type target struct {
	decoder *Decoder
	row     int
	columns [][]float64
	depth   int
}

func (t *target) run(ops []op, b []byte) ([]byte, error) {
	var err error
	for i := range ops {
		switch o := &ops[i]; o.code {
		case opFixed:
			if len(b) < o.n {
				return b, errShort
			}
			t.readFixed(o, b[:o.n])
			b = b[o.n:]
		case opInts:
			b, err = skipInts(b, o.n)
		case opLongs:
			b, err = skipLongs(b, o.n)
		case opStrings:
			b, err = skipStrings(b, o.n)
		case opEnum:
			_, b, err = index(b, o.n, errSymbol)
		case opInt:
			t.columns[o.slot][t.row], b, err = number(b, kindInt)
		case opLong:
			t.columns[o.slot][t.row], b, err = number(b, kindLong)
		case opNumber:
			b, err = t.readNumber(o, b)
		case opUnion:
			b, err = t.skipUnion(o, b)
		case opBlocks:
			b, err = t.skipBlocks(o, b)
		case opCall:
			b, err = t.call(o.n, b)
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// readFixed reads the numbers inside a run of bytes.
func (t *target) readFixed(o *op, b []byte) {
	columns, row := t.columns, t.row
	for _, r := range o.doubles {
		columns[r.slot][row] = math.Float64frombits(binary.LittleEndian.Uint64(b[r.at:]))
	}
	for _, r := range o.floats {
		columns[r.slot][row] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[r.at:])))
	}
}

func (t *target) readNumber(o *op, b []byte) ([]byte, error) {
	i, b, err := index(b, len(o.kinds), errBranch)
	if err != nil {
		return b, err
	}
	t.columns[o.slot][t.row], b, err = number(b, o.kinds[i])
	return b, err
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

// long reads a zigzag number of up to ten bytes and tells how many it took: none
// when b ends too early, less than none when it has more than 64 bits.
func long(b []byte) (int64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return int64(b[0]>>1) ^ -int64(b[0]&1), 1
	}
	return binary.Varint(b)
}

// isInt tells whether v, which took n bytes, is an int: it has 32 bits, and is not
// drawn out over more bytes than those can need.
func isInt(v int64, n int) bool {
	return 0 < n && n <= binary.MaxVarintLen32 && v == int64(int32(v))
}

// varintError is what is wrong with a number that took n bytes.
func varintError(n int) error {
	switch {
	case n == 0:
		return errShort
	case n < 0:
		return errVarint
	}
	return errInt
}

func skipInts(b []byte, count int) ([]byte, error) {
	for range count {
		v, n := long(b)
		if !isInt(v, n) {
			return b, varintError(n)
		}
		b = b[n:]
	}
	return b, nil
}

func skipLongs(b []byte, count int) ([]byte, error) {
	for range count {
		i := 0
		for i < len(b) && b[i] >= 0x80 {
			i++
		}
		if i >= min(len(b), binary.MaxVarintLen64-1) {
			_, n := long(b)
			if n <= 0 {
				return b, varintError(n)
			}
		}
		b = b[i+1:]
	}
	return b, nil
}

func skipStrings(b []byte, count int) ([]byte, error) {
	for range count {
		if len(b) > 0 && b[0] < 0x80 && b[0]&1 == 0 && int(b[0]>>1) < len(b) {
			b = b[1+b[0]>>1:] // one byte of length, as most have
			continue
		}
		size, n := long(b)
		switch {
		case n <= 0:
			return b, varintError(n)
		case size < 0:
			return b, errLength
		case size > int64(len(b)-n):
			return b, errShort
		}
		b = b[n+int(size):]
	}
	return b, nil
}

// index reads a number that must be in [0, limit).
func index(b []byte, limit int, otherwise error) (int, []byte, error) {
	v, n := long(b)
	switch {
	case !isInt(v, n):
		return 0, b, varintError(n)
	case uint64(v) >= uint64(limit):
		return 0, b, otherwise
	}
	return int(v), b[n:], nil
}

func (t *target) skipUnion(o *op, b []byte) ([]byte, error) {
	i, b, err := index(b, len(o.branches), errBranch)
	if err != nil {
		return b, err
	}
	if o.branches[i].fixed < 0 {
		return t.call(o.branches[i].program, b)
	}
	return skip(b, o.branches[i].fixed)
}

func skip(b []byte, n int) ([]byte, error) {
	if len(b) < n {
		return b, errShort
	}
	return b[n:], nil
}

func (t *target) call(program int, b []byte) ([]byte, error) {
	if t.depth++; t.depth > maxDepth {
		return b, errDepth
	}
	b, err := t.run(t.decoder.programs[program], b)
	t.depth--
	return b, err
}
