package codec

import "math"

// blocks goes through an array or a map: blocks of items, until one of none. It
// reads the elements of a and skips the other items.
func (t *target) blocks(a *blocks, b []byte) ([]byte, error) {
	seen, elements := 0, a.elements
	for {
		count, size, b2, err := block(b)
		if b = b2; err != nil {
			return b, err
		}
		if count == 0 {
			return b, t.missingElements(elements)
		}
		if err = a.item.bound(count, seen, len(b)); err != nil {
			return b, err
		}
		before, end := len(b), seen+int(count)
		for len(elements) > 0 && elements[0].at < end {
			if b, err = t.element(a, elements[0], elements[0].at-seen, b); err != nil {
				return b, err
			}
			seen, elements = elements[0].at+1, elements[1:]
		}
		if b, err = t.skipItems(a, end-seen, b); err != nil {
			return b, err
		}
		if seen = end; size >= 0 && size != int64(before-len(b)) {
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

// bound tells whether count items more than those seen can be in the bytes left:
// those that take none are counted over all of the blocks.
func (e extent) bound(count int64, seen, left int) error {
	switch {
	case e.min > 0 && count > int64(left/e.min):
		return errShort
	case e.min == 0 && count > int64(maxEmpty-seen):
		return errItems
	}
	return nil
}

// element reads an element that comes after some items.
func (t *target) element(a *blocks, e element, after int, b []byte) ([]byte, error) {
	b, err := t.skipItems(a, after, b)
	if err != nil {
		return b, err
	}
	return t.call(e.program, b)
}

func (t *target) skipItems(a *blocks, count int, b []byte) ([]byte, error) {
	if a.item.fixed >= 0 {
		return skip(b, count*a.item.fixed)
	}
	for range count {
		var err error
		if b, err = t.call(a.program, b); err != nil {
			return b, err
		}
	}
	return b, nil
}
