package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/aggrun/aggrun/pipeline"
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
	errBoolean  = errors.New("a boolean is neither 0 nor 1")
	errDepth    = errors.New("values are nested too deep")
)

const (
	maxDepth = 1000 // of values within values
	maxEmpty = 4096 // items without bytes in one array
)

// Decode reads the wanted columns of one record's body into the given row of b,
// whose Numbers, Texts and, where a Time is wanted, Times must be longer than row.
// Texts are views of body, of the schema and of b.Arena, which it appends to.
// After an error the row holds nothing of use.
func (d *Decoder) Decode(body []byte, row int, b *pipeline.Batch) error {
	out := outputOf(b)
	t := target{decoder: d, row: row, numbers: b.Numbers, out: &out}
	err := t.record(body)
	b.Arena = out.arena
	return err
}

// DecodeRun is Decode for one body after the other, into rows from row on. It ends
// at the first that fails, and gives the number of those before it.
func (d *Decoder) DecodeRun(bodies [][]byte, row int, b *pipeline.Batch) (done int, err error) {
	out := outputOf(b)
	t := target{decoder: d, row: row, numbers: b.Numbers, out: &out}
	var s spans
	if len(d.spans) > 0 {
		t.spans = &s
	}
	for done < len(bodies) && err == nil {
		t.at = 0
		for _, body := range bodies[done:min(done+spanRows, len(bodies))] {
			if err = t.record(body); err != nil {
				break
			}
			t.at++
			t.row++
		}
		for i, o := range d.spans {
			s[i].read(o, b.Numbers, row+done, t.at)
		}
		done += t.at
	}
	b.Arena = out.arena
	return done, err
}

func (t *target) record(body []byte) error {
	used := len(t.out.arena)
	rest, err := t.run(t.decoder.programs[0], body)
	if err == nil && len(rest) == 0 {
		return nil
	}
	t.out.arena, t.depth = t.out.arena[:used], 0
	if err == nil {
		err = errTrailing
	}
	if _, ok := errors.AsType[*fieldError](err); ok {
		return err
	}
	return fmt.Errorf("body is not of its schema: at byte %d of %d: %w", len(body)-len(rest), len(body), err)
}

// target is where values are read to, and how deep in the record it is. Its
// methods take the bytes that are left and return what is left after them; with
// an error, the bytes that it is about.
type target struct {
	decoder *Decoder
	row     int
	numbers [][]float64 // of the batch
	out     *output
	depth   int
	at      int    // row of spans
	spans   *spans // of the record's own program; nil where rows are read one by one
}

// output is what a batch has beside its numbers. It is on the stack, where to write
// a pointer costs no more while the collector is at work.
type output struct {
	texts [][][]byte
	times []int64
	arena []byte // the batch has it back at the end
}

func outputOf(b *pipeline.Batch) output { return output{b.Texts, b.Times, b.Arena} }

func (t *target) run(ops []op, b []byte) ([]byte, error) {
	var err error
	for i := range ops {
		switch o := &ops[i]; o.code {
		case opFixed:
			if len(b) < o.n {
				return b, errShort
			}
			if o.span > 0 && t.spans != nil {
				t.spans[o.span-1][t.at] = b[:o.n]
			} else {
				t.readFixed(o, b[:o.n])
			}
			b = b[o.n:]
		case opInts:
			b, err = skipInts(b, o.n)
		case opLongs:
			b, err = skipLongs(b, o.n)
		case opStrings:
			b, err = skipStrings(b, o.n)
		case opEnum:
			if short(b, o.n) {
				b = b[1:]
				continue
			}
			_, b, err = index(b, o.n, errSymbol)
		case opInt:
			t.numbers[o.slot][t.row], b, err = number(b, kindInt)
		case opLong:
			t.numbers[o.slot][t.row], b, err = number(b, kindLong)
		case opNumber:
			b, err = t.readNumber(o, b)
		case opValue:
			b, err = t.value(o.leaf, b)
		case opMissing:
			err = t.missing(o.leaf.columns)
		case opUnion:
			if short(b, len(o.branches)) {
				if n := o.branches[b[0]>>1].fixed; 0 <= n && n < len(b) {
					b = b[1+n:]
					continue
				}
			}
			b, err = t.union(o, b)
		case opBlocks:
			b, err = t.blocks(o.blocks, b)
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
	columns, row := t.numbers, t.row
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
	t.numbers[o.slot][t.row], b, err = number(b, o.kinds[i])
	return b, err
}

func (t *target) union(o *op, b []byte) ([]byte, error) {
	i, b, err := index(b, len(o.branches), errBranch)
	if err != nil {
		return b, err
	}
	if o.branches[i].fixed < 0 {
		return t.call(o.branches[i].program, b)
	}
	return skip(b, o.branches[i].fixed)
}

func (t *target) call(program int, b []byte) ([]byte, error) {
	if t.depth++; t.depth > maxDepth {
		return b, errDepth
	}
	b, err := t.run(t.decoder.programs[program], b)
	t.depth--
	return b, err
}
