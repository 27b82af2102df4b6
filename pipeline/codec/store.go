package codec

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/aggrun/aggrun/pipeline"
)

// fieldError is what is wrong with the value of a field in a body that is of its
// schema.
type fieldError struct {
	path string
	err  error
}

func (e *fieldError) Error() string { return fmt.Sprintf("field %s: %v", e.path, e.err) }

func (e *fieldError) Unwrap() error { return e.err }

// What a value can do wrong.
var (
	errNoTime  = errors.New("a time is missing")
	errUTF8    = errors.New("a text is not UTF-8")
	errDecimal = fmt.Errorf("a decimal has more than %d bytes", maxDecimal)
)

// store gives v to the columns, each in its form.
func (t *target) store(columns []column, v *value) error {
	var err error
	for i := range columns {
		switch c := &columns[i]; c.form {
		case pipeline.Number, pipeline.Boolean:
			t.numbers[c.slot][t.row] = v.float()
		case pipeline.Text:
			t.out.texts[c.slot][t.row], err = v.bytes()
		case pipeline.Key:
			t.out.texts[c.slot][t.row], err = t.key(v)
		case pipeline.Time:
			t.out.times[t.row], err = v.time(c.tick)
		}
		if err != nil {
			return &fieldError{columns[i].path, err}
		}
	}
	return nil
}

// missing stores no value.
func (t *target) missing(columns []column) error {
	return t.store(columns, &value{class: classNull})
}

// missingElements stores no value for elements that an array has not.
func (t *target) missingElements(elements []element) error {
	for i := range elements {
		if err := t.missing(elements[i].columns); err != nil {
			return err
		}
	}
	return nil
}

// float is the value as a column of numbers has it.
func (v *value) float() float64 {
	switch v.class {
	case classInteger, classBoolean:
		return float64(v.integer)
	case classNumber, classDecimal:
		return v.number
	case classInstant, classTimeOfDay:
		return fraction(v.integer, v.of.per)
	}
	return math.NaN()
}

// bytes are the value as a column of texts has it.
func (v *value) bytes() ([]byte, error) {
	switch {
	case v.class == classSymbol:
		return v.of.symbols[v.integer], nil
	case !utf8.Valid(v.text):
		return nil, errUTF8
	}
	return v.text, nil
}

// key is the value as a group value, in the arena. When that has to grow,
// it moves, and earlier views stay with the memory it had.
func (t *target) key(v *value) ([]byte, error) {
	arena := t.out.arena
	from := len(arena)
	switch v.class {
	case classInteger:
		arena = pipeline.AppendKeyInteger(arena, v.integer)
	case classNumber, classDecimal, classInstant, classTimeOfDay:
		number := v.float()
		if math.IsNaN(number) {
			return nil, nil
		}
		arena = pipeline.AppendKeyNumber(arena, number)
	case classBoolean:
		arena = pipeline.AppendKeyBoolean(arena, v.integer == 1)
	case classText:
		if !utf8.Valid(v.text) {
			return nil, errUTF8
		}
		arena = pipeline.AppendKeyText(arena, v.text)
	case classSymbol:
		return v.of.keys[v.integer], nil
	default:
		return nil, nil
	}
	t.out.arena = arena
	return arena[from:len(arena):len(arena)], nil
}

// time is the value as event time, where tick is what a number counts.
func (v *value) time(tick int64) (int64, error) {
	switch v.class {
	case classInteger:
		return multiply(v.integer, tick)
	case classNumber, classDecimal:
		return nanoseconds(v.number, tick)
	case classInstant:
		return multiply(v.integer, second/int64(v.of.per))
	case classText:
		return parseTime(v.text)
	}
	return 0, errNoTime
}
