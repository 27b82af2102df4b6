package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxValue is the size, in bytes, over which a record's value is refused.
const MaxValue = 1 << 20

const headerSize = 5

// Header splits a record's value in Confluent's wire format into the id of its
// writer schema and its Avro body, which shares the memory of value. A nil value
// is a null one; it, and one over MaxValue, is an error.
func Header(value []byte) (id int32, body []byte, err error) {
	switch {
	case value == nil:
		return 0, nil, errors.New("null value")
	case len(value) > MaxValue:
		return 0, nil, fmt.Errorf("value of %d bytes, over the limit of %d", len(value), MaxValue)
	case len(value) < headerSize:
		return 0, nil, fmt.Errorf("value of %d bytes, shorter than the %d of a schema id's header", len(value), headerSize)
	case value[0] != 0:
		return 0, nil, fmt.Errorf("value begins with byte 0x%02x, not with the 0x00 of a schema id's header", value[0])
	}
	id = int32(binary.BigEndian.Uint32(value[1:]))
	if id < 0 {
		return 0, nil, fmt.Errorf("negative schema id %d", id)
	}
	return id, value[headerSize:], nil
}

// AppendHeader appends the wire format's header for a body written with schema id.
func AppendHeader(dst []byte, id int32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 0), uint32(id))
}
