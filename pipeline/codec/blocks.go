package codec

import "math"

// skipBlocks skips an array or a map: blocks of items, until one of none.
func (t *target) skipBlocks(o *op, b []byte) ([]byte, error) {
	empty := int64(0)
	for {
		count, size, b2, err := block(b)
		if b = b2; err != nil || count == 0 {
			return b, err
		}
		before := len(b)
		if o.item.min == 0 {
			// Compared before it is added, so that the sum cannot overflow.
			if count > maxEmpty-empty {
				return b, errItems
			}
			empty += count
		} else if b, err = t.skipItems(o, count, b); err != nil {
			return b, err
		}
		if size >= 0 && size != int64(before-len(b)) {
			return b, errBlock
		}
	}
}

// block reads the head of a block: how many items it has, and how many bytes they
// take, or -1. A negative count tells that their bytes follow it.
func block(b []byte) (count, size int64, rest []byte, err error) {
	count, n := long(b)
	switch {
	case n <= 0:
		return 0, 0, b, varintError(n)
	case count >= 0:
		return count, -1, b[n:], nil
	case count == math.MinInt64:
		return 0, 0, b, errLength
	}
	size, m := long(b[n:])
	switch {
	case m <= 0:
		return 0, 0, b, varintError(m)
	case size < 0:
		return 0, 0, b, errLength
	}
	return -count, size, b[n+m:], nil
}

// skipItems skips items that take a byte or more each.
func (t *target) skipItems(o *op, count int64, b []byte) ([]byte, error) {
	if count > int64(len(b)/o.item.min) {
		return b, errShort
	}
	if o.item.fixed >= 0 {
		return skip(b, int(count)*o.item.fixed)
	}
	for range count {
		var err error
		if b, err = t.call(o.n, b); err != nil {
			return b, err
		}
	}
	return b, nil
}
