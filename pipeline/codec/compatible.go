package codec

import (
	"fmt"
	"slices"
	"strings"
)

// Differences are the reasons why one schema cannot read what another wrote.
type Differences []string

// Error is all of them, in the order of the reader's fields.
func (d Differences) Error() string { return strings.Join(d, "; ") }

// Compatible tells whether reader can read what writer wrote, by the resolution
// rules of Avro 1.12; it is what registries call BACKWARD when reader is the newer.
// The error is Differences, each naming the field and both types.
func Compatible(reader, writer *Schema) error {
	c := comparison{seen: map[pair]bool{}, unfit: map[pair]bool{}}
	c.compare("", reader.root, writer.root)
	if len(c.differences) == 0 {
		return nil
	}
	return c.differences
}

// comparison takes a pair that it has met before to be compatible, for it was
// compared, or is being compared further out: there a recursive schema finds its
// own beginning.
type comparison struct {
	differences Differences
	seen        map[pair]bool
	trail       []pair        // of seen, in order
	unfit       map[pair]bool // tries that failed: with every pair being compared taken for good, so for ever
}

type pair struct{ reader, writer *node }

func (c *comparison) add(path, format string, args ...any) {
	if path == "" {
		path = "the schema"
	} else {
		path = "field " + path
	}
	c.differences = append(c.differences, path+": "+fmt.Sprintf(format, args...))
}

// fits is compare for a try whose reasons do not matter: a failed one leaves no trace.
func (c *comparison) fits(reader, writer *node) bool {
	p := pair{reader, writer}
	if c.unfit[p] {
		return false
	}
	found, met := len(c.differences), len(c.trail)
	c.compare("", reader, writer)
	if len(c.differences) == found {
		return true
	}
	c.unfit[p] = true
	for _, p := range c.trail[met:] {
		delete(c.seen, p)
	}
	c.differences, c.trail = c.differences[:found], c.trail[:met]
	return false
}

func (c *comparison) compare(path string, reader, writer *node) {
	p := pair{reader, writer}
	if c.seen[p] {
		return
	}
	c.seen[p] = true
	c.trail = append(c.trail, p)
	switch {
	case writer.kind == kindUnion:
		for _, b := range writer.branches {
			c.compare(path, reader, b)
		}
	case reader.kind == kindUnion:
		if !slices.ContainsFunc(reader.branches, func(b *node) bool { return c.fits(b, writer) }) {
			c.add(path, "a reader of %s cannot read %s", reader, writer)
		}
	case reader.kind != writer.kind:
		if !slices.Contains(promotions[writer.kind], reader.kind) {
			c.add(path, "a reader of %s cannot read %s", reader, writer)
		}
	case reader.name != "" && !named(reader, writer):
		c.add(path, "a reader of %s cannot read %s: their names differ", reader, writer)
	default:
		c.compareMembers(path, reader, writer)
	}
}

// promotions are the other kinds as which a reader may read what was written.
var promotions = map[kind][]kind{
	kindInt:    {kindLong, kindFloat, kindDouble},
	kindLong:   {kindFloat, kindDouble},
	kindFloat:  {kindDouble},
	kindString: {kindBytes},
	kindBytes:  {kindString},
}

// named tells whether the names of two types match: without their namespaces, or
// by an alias of the reader's.
func named(reader, writer *node) bool {
	return unqualified(reader.name) == unqualified(writer.name) || slices.Contains(reader.aliases, writer.name)
}

func unqualified(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func (c *comparison) compareMembers(path string, reader, writer *node) {
	switch reader.kind {
	case kindArray, kindMap:
		c.compare(path+"[]", reader.item, writer.item)
	case kindFixed:
		if reader.size != writer.size {
			c.add(path, "a reader of %s cannot read %s", reader, writer)
		}
	case kindEnum:
		for _, symbol := range writer.symbols {
			if !reader.fallback && !slices.Contains(reader.symbols, symbol) {
				c.add(path, "the reader's %s has no symbol %s", reader, symbol)
			}
		}
	case kindRecord:
		for _, f := range reader.fields {
			c.compareField(path, f, writer)
		}
	}
}

func (c *comparison) compareField(path string, f field, writer *node) {
	full := f.name
	if path != "" {
		full = path + "." + f.name
	}
	for _, w := range writer.fields {
		if w.name == f.name || slices.Contains(f.aliases, w.name) {
			c.compare(full, f.typ, w.typ)
			return
		}
	}
	if !f.hasDefault {
		c.add(full, "the writer has no such field, and the reader no default for it (%s)", f.typ)
	}
}
