package codec

// extent is how many bytes the values of a type take.
type extent struct {
	min   int // at least; 0 only when every value takes none
	fixed int // exactly, or -1 when values differ
}

// boundless stands for any extent over what a value may have.
const boundless = MaxValue + 1

var varying = extent{min: 1, fixed: -1}

var extents = map[kind]extent{
	kindNull:    {0, 0},
	kindBoolean: {1, 1},
	kindFloat:   {4, 4},
	kindDouble:  {8, 8},
}

// measure sets the extent of n and of all that it is made of.
func (n *node) measure(seen map[*node]bool) extent {
	if seen[n] {
		return n.extent
	}
	seen[n] = true
	// What a recursive record contains of itself lies in a union, array or map of
	// it (else it had no finite value), which takes a byte at least.
	n.extent = varying
	e, ok := extents[n.kind]
	switch {
	case ok:
	case n.kind == kindFixed:
		e = extent{min(n.size, boundless), min(n.size, boundless)}
	case n.kind == kindRecord:
		e = n.measureFields(seen)
	case n.kind == kindUnion:
		e = n.measureBranches(seen)
	default:
		e = varying
		if n.item != nil {
			n.item.measure(seen)
		}
	}
	n.extent = e
	return e
}

func (n *node) measureFields(seen map[*node]bool) extent {
	var sum extent
	for _, f := range n.fields {
		e := f.typ.measure(seen)
		sum.min = min(sum.min+e.min, boundless)
		if sum.fixed < 0 || e.fixed < 0 {
			sum.fixed = -1
		} else {
			sum.fixed = min(sum.fixed+e.fixed, boundless)
		}
	}
	return sum
}

// measureBranches takes the branch's index, a byte or more, and the least branch.
func (n *node) measureBranches(seen map[*node]bool) extent {
	least := boundless
	for _, b := range n.branches {
		least = min(least, b.measure(seen).min)
	}
	return extent{min: min(1+least, boundless), fixed: -1}
}
