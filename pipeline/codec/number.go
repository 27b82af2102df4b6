package codec

// numbers are the kinds that become a float64, and how a field of the kind is
// read. Kinds of one size are read where they stand in a run of fixed bytes.
var numbers = map[kind]opcode{
	kindInt:    opInt,
	kindLong:   opLong,
	kindFloat:  opFixed,
	kindDouble: opFixed,
}

// numeric tells whether values of n can be aggregated: they are numbers, or a
// union of numbers and null. A date or a time is not one for being written as an int.
func (n *node) numeric() bool {
	if n.kind == kindUnion {
		return n.numericUnion()
	}
	_, ok := numbers[n.kind]
	return ok && n.logical == ""
}

func (n *node) numericUnion() bool {
	some := false
	for _, b := range n.branches {
		switch {
		case b.kind == kindNull:
		case b.kind != kindUnion && b.numeric():
			some = true
		default:
			return false
		}
	}
	return some
}
