package expression

import (
	"bytes"
	"math"
)

// chunk is how many rows a step goes over at once: few enough for a step's
// columns to stay in the nearest cache.
const chunk = 1024

// columns is an expression as steps over runs of rows. Each step fills one
// register from others; registers are columns, in a bank for each type.
// Booleans are 1 and 0.
type columns struct {
	steps    []func(*frame)
	banks    [3]bank
	reads    []load // registers that are the input's own columns
	numbers  []constant[float64]
	texts    []constant[[]byte]
	result   int  // register, in the bank of the expression's type
	missing  int  // register of booleans; never
	isNumber bool // the result is in the bank of numbers
}

// The banks.
const (
	numberBank = iota
	booleanBank
	textBank
)

// load makes a register a read's column; the bank is by the read's type.
type load struct{ register, read int }

type constant[T any] struct {
	register int
	value    T
}

// bank hands out registers. A temporary one is given back when the step that
// reads it is made, and may be what that very step fills: every step goes row by
// row.
type bank struct {
	kinds []kind
	free  []int
}

type kind uint8

const (
	input kind = iota // the input's own memory
	kept              // constants, and what is missing
	temporary
)

func (b *bank) fixed(k kind) int {
	b.kinds = append(b.kinds, k)
	return len(b.kinds) - 1
}

func (b *bank) take() int {
	if n := len(b.free); n > 0 {
		r := b.free[n-1]
		b.free = b.free[:n-1]
		return r
	}
	return b.fixed(temporary)
}

func (b *bank) give(registers ...int) {
	for _, r := range registers {
		if b.kinds[r] == temporary {
			b.free = append(b.free, r)
		}
	}
}

// frame is what one evaluator keeps of columns: the registers of one chunk.
type frame struct {
	e        *Expression
	n        int // rows in this chunk
	capacity int // rows that temporary registers have
	numbers  [][]float64
	booleans [][]uint8
	texts    [][][]byte
}

func newFrame(e *Expression) *frame {
	c := e.columns
	return &frame{
		e:        e,
		numbers:  make([][]float64, len(c.banks[numberBank].kinds)),
		booleans: make([][]uint8, len(c.banks[booleanBank].kinds)),
		texts:    make([][][]byte, len(c.banks[textBank].kinds)),
	}
}

// grow gives every register that is not the input's own its memory.
func (f *frame) grow(n int) {
	if n <= f.capacity {
		return
	}
	f.capacity = n
	banks := &f.e.columns.banks
	allot(f.numbers, banks[numberBank].kinds, n)
	allot(f.booleans, banks[booleanBank].kinds, n)
	allot(f.texts, banks[textBank].kinds, n)
	for _, k := range f.e.columns.numbers {
		fill(f.numbers[k.register], k.value)
	}
	for _, k := range f.e.columns.texts {
		fill(f.texts[k.register], k.value)
	}
}

func allot[T any](registers [][]T, kinds []kind, n int) {
	for r, k := range kinds {
		if k != input {
			registers[r] = make([]T, n)
		}
	}
}

func fill[T any](column []T, v T) {
	for i := range column {
		column[i] = v
	}
}

// evaluate fills numbers or, of a text, texts.
func (f *frame) evaluate(in *Input, numbers []float64, texts [][]byte) {
	f.grow(min(in.Rows, chunk))
	for from := 0; from < in.Rows; from += chunk {
		f.n = min(chunk, in.Rows-from)
		f.load(in, from)
		for _, step := range f.e.columns.steps {
			step(f)
		}
		if numbers != nil {
			f.resultNumbers(numbers[from : from+f.n])
		} else {
			f.resultTexts(texts[from : from+f.n])
		}
	}
}

// load points the registers of reads into the input.
func (f *frame) load(in *Input, from int) {
	for _, l := range f.e.columns.reads {
		b := f.e.reads[l.read]
		if b.typ == Text {
			f.texts[l.register] = in.Texts[b.slot][from : from+f.n]
		} else {
			f.numbers[l.register] = in.Numbers[b.slot][from : from+f.n]
		}
	}
}

func (f *frame) resultNumbers(out []float64) {
	c := f.e.columns
	if c.isNumber {
		copy(out, f.numbers[c.result])
	} else {
		for i, v := range f.booleans[c.result][:len(out)] {
			out[i] = float64(v)
		}
	}
	if c.missing == never || bytes.IndexByte(f.booleans[c.missing][:len(out)], 1) < 0 {
		return
	}
	for i, m := range f.booleans[c.missing][:len(out)] {
		if m != 0 {
			out[i] = math.NaN()
		}
	}
}

func (f *frame) resultTexts(out [][]byte) {
	c := f.e.columns
	copy(out, f.texts[c.result])
	if c.missing == never {
		return
	}
	for i, m := range f.booleans[c.missing][:len(out)] {
		if m != 0 {
			out[i] = nil
		}
	}
}
