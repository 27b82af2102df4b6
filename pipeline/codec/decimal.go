package codec

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// maxDecimal is how many bytes of an unscaled decimal are taken: 77 digits.
const maxDecimal = 32

// exact powers of ten, as a float64 has them.
var tens = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// decimal is the float64 nearest to the number that b holds, big-endian in two's
// complement, divided by 10^scale. No bytes are 0.
func decimal(b []byte, scale int) float64 {
	negative := len(b) > 0 && b[0] >= 0x80
	n := absolute(b, negative)
	if n[1]|n[2]|n[3] == 0 && n[0] < 1<<53 && scale < len(tens) {
		return signed(negative, float64(n[0])/tens[scale]) // both exact, so rounded once
	}
	var buffer [maxDecimal*5/2 + 24]byte
	text := append(n.digits(buffer[:0]), 'e', '-')
	v, _ := strconv.ParseFloat(string(strconv.AppendInt(text, int64(scale), 10)), 64)
	return signed(negative, v)
}

// wide is a number of 256 bits, its lowest first.
type wide [4]uint64

// absolute is the magnitude of the number that b holds.
func absolute(b []byte, negative bool) (n wide) {
	var full [maxDecimal]byte
	if negative {
		for i := range full {
			full[i] = 0xff
		}
	}
	copy(full[maxDecimal-len(b):], b)
	for i := range n {
		n[i] = binary.BigEndian.Uint64(full[maxDecimal-8*(i+1):])
	}
	if !negative {
		return n
	}
	carry := uint64(1)
	for i := range n {
		n[i], carry = bits.Add64(^n[i], 0, carry)
	}
	return n
}

// digits appends the number in decimal, with leading zeros perhaps.
func (n wide) digits(dst []byte) []byte {
	const group = 1e19 // the most that 64 bits hold
	if n[1]|n[2]|n[3] == 0 {
		return strconv.AppendUint(dst, n[0], 10)
	}
	var rest uint64
	for i := len(n) - 1; i >= 0; i-- {
		n[i], rest = bits.Div64(rest, n[i], group)
	}
	dst = n.digits(dst)
	start := len(dst)
	dst = append(dst, "0000000000000000000"...)
	for i := len(dst) - 1; i >= start; i-- {
		dst[i] = '0' + byte(rest%10)
		rest /= 10
	}
	return dst
}
