package codec

import (
	"bytes"
	"testing"
)

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		name  string
		value []byte
		id    int32
		body  string
		err   string
	}{
		{"a value", []byte("\x00\x00\x00\x01\x02body"), 258, "body", ""},
		{"an empty body", []byte("\x00\x00\x00\x00\x07"), 7, "", ""},
		{"null", nil, 0, "", "null value"},
		{"empty", []byte{}, 0, "", "value of 0 bytes, shorter than the 5 of a schema id's header"},
		{"short", []byte{0, 0, 0, 1}, 0, "", "value of 4 bytes, shorter than the 5 of a schema id's header"},
		{"JSON", []byte(`{"a":1}`), 0, "", "value begins with byte 0x7b, not with the 0x00 of a schema id's header"},
		{"negative", []byte{0, 255, 255, 255, 255}, 0, "", "negative schema id -1"},
		{"too large", make([]byte, MaxValue+1), 0, "", "value of 1048577 bytes, over the limit of 1048576"},
	} {
		id, body, err := Header(c.value)
		if text := errorText(err); id != c.id || string(body) != c.body || text != c.err {
			t.Errorf("%s: Header gives %d, %q, %q", c.name, id, body, text)
		}
	}
	if id, body, err := Header(make([]byte, MaxValue)); id != 0 || len(body) != MaxValue-5 || err != nil {
		t.Errorf("the largest value: %d, %d bytes, %v", id, len(body), err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzHeader(f *testing.F) {
	for _, s := range []string{"", "\x00", "\x00\x00\x00\x00\x07\x02", "\x00\xff\xff\xff\xff", "{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		id, body, err := Header(value)
		if whole := len(value) >= 5 && len(value) <= MaxValue && value[0] == 0 && value[1] < 0x80; whole != (err == nil) {
			t.Errorf("Header of %x gives %v", value, err)
		}
		if err == nil && !bytes.Equal(append(AppendHeader(nil, id), body...), value) {
			t.Errorf("header of id %d and %x is not %x", id, body, value)
		}
	})
}
