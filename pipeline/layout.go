package pipeline

import "fmt"

// Field is a numeric field of a source schema.
type Field struct {
	Path        string // in the source's record
	Name        string // outside the source: Path, or what map makes of it
	Doc         string
	Units       string
	Description string
	Slot        int // in Batch.Numbers
}

// Layout is the columns of one shard: which field has which slot. Slots are
// only ever added, in the order in which writer schemas bring their fields, so
// that a batch decoded earlier has a prefix of the columns of a later one.
type Layout struct {
	Fields []Field
	slots  map[string]int // by Name
}

// Add gives f a slot, if it has none yet. It fails when another field of the
// source has the name.
func (l *Layout) Add(f Field) error {
	if i, ok := l.slots[f.Name]; ok {
		if have := l.Fields[i].Path; have != f.Path {
			return &Stop{fmt.Sprintf("fields %s and %s of the source are both named %s: give one another name with map, or exclude it", have, f.Path, f.Name)}
		}
		return nil
	}
	if l.slots == nil {
		l.slots = make(map[string]int)
	}
	l.slots[f.Name] = len(l.Fields)
	l.Fields = append(l.Fields, f)
	return nil
}

// Paths gives the slot of every field by its path in the source.
func (l *Layout) Paths() map[string]int {
	paths := make(map[string]int, len(l.Fields))
	for slot, f := range l.Fields {
		paths[f.Path] = slot
	}
	return paths
}
