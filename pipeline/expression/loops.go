package expression

import (
	"bytes"
	"math"
)

// This file holds the loops over columns. out may be one of the others: a row
// reads before it writes. No product here is left to be fused with the addition
// that follows it, since each step rounds to its column.

var arithmetics = map[op]func(out, x, y []float64){
	opAdd:      add,
	opSubtract: subtract,
	opMultiply: multiply,
	opDivide:   divide,
	opModulo:   func(out, x, y []float64) { map2(out, x, y, math.Mod) },
	opPower:    func(out, x, y []float64) { map2(out, x, y, math.Pow) },
}

var comparisons = map[op]func(out []uint8, x, y []float64){
	opEqual:        equal,
	opUnequal:      unequal,
	opLess:         less,
	opLessEqual:    lessEqual,
	opGreater:      func(out []uint8, x, y []float64) { less(out, y, x) },
	opGreaterEqual: func(out []uint8, x, y []float64) { lessEqual(out, y, x) },
}

// orders are the comparisons of texts, by their bytes.
var orders = map[op]func(x, y []byte) uint8{
	opEqual:        func(x, y []byte) uint8 { return bit(bytes.Equal(x, y)) },
	opUnequal:      func(x, y []byte) uint8 { return bit(!bytes.Equal(x, y)) },
	opLess:         func(x, y []byte) uint8 { return bit(bytes.Compare(x, y) < 0) },
	opLessEqual:    func(x, y []byte) uint8 { return bit(bytes.Compare(x, y) <= 0) },
	opGreater:      func(x, y []byte) uint8 { return bit(bytes.Compare(x, y) > 0) },
	opGreaterEqual: func(x, y []byte) uint8 { return bit(bytes.Compare(x, y) >= 0) },
}

func add(out, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = x[i] + y[i]
	}
}

func subtract(out, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = x[i] - y[i]
	}
}

func multiply(out, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = x[i] * y[i]
	}
}

func divide(out, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = x[i] / y[i]
	}
}

func negate(out, x []float64) {
	x = x[:len(out)]
	for i := range out {
		out[i] = -x[i]
	}
}

func roots(out, x []float64) {
	x = x[:len(out)]
	for i := range out {
		out[i] = math.Sqrt(x[i])
	}
}

func equal(out []uint8, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = bit(x[i] == y[i])
	}
}

func unequal(out []uint8, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = bit(x[i] != y[i])
	}
}

func less(out []uint8, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = bit(x[i] < y[i])
	}
}

func lessEqual(out []uint8, x, y []float64) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = bit(x[i] <= y[i])
	}
}

func both(out, x, y []uint8) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = x[i] & y[i]
	}
}

func either(out, x, y []uint8) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = x[i] | y[i]
	}
}

func not(out, x []uint8) {
	x = x[:len(out)]
	for i := range out {
		out[i] = x[i] ^ 1
	}
}

// alike compares booleans: out is 1 where they are equal, differ 0, or unequal,
// differ 1.
func alike(out, x, y []uint8, differ uint8) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = x[i] ^ y[i] ^ 1 ^ differ
	}
}

// booleansOf turns 1 and 0 in numbers into booleans.
func booleansOf(out []uint8, x []float64) {
	x = x[:len(out)]
	for i := range out {
		out[i] = bit(x[i] == 1)
	}
}

// missingNumbers and missingTexts add the rows where x is missing.
func missingNumbers(out []uint8, x []float64) {
	x = x[:len(out)]
	for i := range out {
		out[i] |= bit(x[i] != x[i])
	}
}

func missingTexts(out []uint8, x [][]byte) {
	x = x[:len(out)]
	for i := range out {
		out[i] |= bit(x[i] == nil)
	}
}

// within tells which of x are in a set, by ==.
func within(out []uint8, x, set []float64) {
	x = x[:len(out)]
	for i, v := range x {
		found := false
		for _, e := range set {
			found = found || v == e
		}
		out[i] = bit(found)
	}
}

func squared(out, x []float64) {
	x = x[:len(out)]
	for i, v := range x {
		out[i] = square(v)
	}
}

// chooseNumbers is choose without a branch, which would be mispredicted.
func chooseNumbers(out []float64, cond []uint8, yes, no []float64) {
	cond, yes, no = cond[:len(out)], yes[:len(out)], no[:len(out)]
	for i := range out {
		mask := -uint64(cond[i])
		out[i] = math.Float64frombits(math.Float64bits(yes[i])&mask | math.Float64bits(no[i])&^mask)
	}
}

// choose takes yes where cond is 1, else no.
func choose[T any](out []T, cond []uint8, yes, no []T) {
	cond, yes, no = cond[:len(out)], yes[:len(out)], no[:len(out)]
	for i := range out {
		if cond[i] != 0 {
			out[i] = yes[i]
		} else {
			out[i] = no[i]
		}
	}
}

func map1[A, B any](out []B, x []A, fn func(A) B) {
	x = x[:len(out)]
	for i := range out {
		out[i] = fn(x[i])
	}
}

func map2[A, B any](out []B, x, y []A, fn func(x, y A) B) {
	x, y = x[:len(out)], y[:len(out)]
	for i := range out {
		out[i] = fn(x[i], y[i])
	}
}

func map3(out, x, y, z []float64, fn func(x, y, z float64) float64) {
	x, y, z = x[:len(out)], y[:len(out)], z[:len(out)]
	for i := range out {
		out[i] = fn(x[i], y[i], z[i])
	}
}
