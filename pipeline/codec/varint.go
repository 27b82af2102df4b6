package codec

import "encoding/binary"

// This file reads and skips what takes as many bytes as it needs.

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
		i := 0
		for i < len(b) && b[i] >= 0x80 {
			i++
		}
		if i < min(len(b), binary.MaxVarintLen32-1) { // no more than 28 bits
			b = b[i+1:]
			continue
		}
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

// short tells that b begins with an index in [0, limit) of one byte, as most have.
func short(b []byte, limit int) bool {
	return len(b) > 0 && b[0]&0x81 == 0 && int(b[0]>>1) < limit
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

func skip(b []byte, n int) ([]byte, error) {
	if len(b) < n {
		return b, errShort
	}
	return b[n:], nil
}
