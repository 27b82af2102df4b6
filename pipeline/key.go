package pipeline

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
)

// KeyType is the type of a value that records are grouped by.
type KeyType byte

// The types of group values. A number that is whole, and fits, is an integer
// whatever its field's type: 1 and 1.0 are one group.
const (
	KeyInteger KeyType = 'i'
	KeyNumber  KeyType = 'd'
	KeyBoolean KeyType = 'b'
	KeyText    KeyType = 't'
)

// A group value is held as bytes, equal where the values are: the type, then 8
// bytes (big endian) of an integer or a number's bits, one of a boolean, or the
// text. null is nil.

// AppendKeyInteger appends the group value of an integer.
func AppendKeyInteger(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, byte(KeyInteger)), uint64(v))
}

// AppendKeyNumber appends the group value of a number that is not NaN.
func AppendKeyNumber(dst []byte, v float64) []byte {
	if v >= math.MinInt64 && v < math.MaxInt64 && v == math.Trunc(v) {
		return AppendKeyInteger(dst, int64(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, byte(KeyNumber)), math.Float64bits(v))
}

// AppendKeyBoolean appends the group value of a boolean.
func AppendKeyBoolean(dst []byte, v bool) []byte {
	if v {
		return append(dst, byte(KeyBoolean), 1)
	}
	return append(dst, byte(KeyBoolean), 0)
}

// AppendKeyText appends the group value of a text. It must be valid UTF-8.
func AppendKeyText[T string | []byte](dst []byte, v T) []byte {
	return append(append(dst, byte(KeyText)), v...)
}

// GroupValue is one group value of a result; nil is null.
type GroupValue []byte

// Type is the value's type. It must not be null.
func (v GroupValue) Type() KeyType { return KeyType(v[0]) }

// Integer is the value of a KeyInteger.
func (v GroupValue) Integer() int64 { return int64(binary.BigEndian.Uint64(v[1:])) }

// Number is the value of a KeyNumber, or of a KeyInteger as a float64.
func (v GroupValue) Number() float64 {
	if v.Type() == KeyInteger {
		return float64(v.Integer())
	}
	return math.Float64frombits(binary.BigEndian.Uint64(v[1:]))
}

// Boolean is the value of a KeyBoolean.
func (v GroupValue) Boolean() bool { return v[1] == 1 }

// Text is the value of a KeyText.
func (v GroupValue) Text() []byte { return v[1:] }

// appendJSON appends the value as JSON; a number that JSON has not is a text.
func (v GroupValue) appendJSON(dst []byte) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	switch v.Type() {
	case KeyInteger:
		return strconv.AppendInt(dst, v.Integer(), 10)
	case KeyBoolean:
		return strconv.AppendBool(dst, v.Boolean())
	case KeyNumber:
		if f := v.Number(); !math.IsInf(f, 0) {
			text, _ := json.Marshal(f)
			return append(dst, text...)
		}
		return strconv.AppendQuote(dst, strconv.FormatFloat(v.Number(), 'g', -1, 64))
	}
	return appendText(dst, v.Text())
}

// appendText appends a text as JSON, with no more escapes than JSON asks for, as
// producers in other languages write it.
func appendText(dst, text []byte) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(string(text)) // a text always encodes
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// GroupKey is the record key of a group's results: its values as a JSON array.
func GroupKey(values []GroupValue) []byte {
	key := []byte{'['}
	for i, v := range values {
		if i > 0 {
			key = append(key, ',')
		}
		key = v.appendJSON(key)
	}
	return append(key, ']')
}
