package pipeline

// Field is a numeric field of a source schema.
type Field struct {
	Path        string // in the source's record
	Name        string // outside the source: Path, or what map makes of it
	Doc         string
	Units       string
	Description string
}

// Layout is the columns of one shard: which field has which slot. Slots are
// only ever added, in the order in which writer schemas bring their fields, so
// that a batch decoded earlier has a prefix of the columns of a later one.
type Layout struct {
	Fields []Field
	slots  map[string]int // by Name
}

// Slot gives the slot of f, a new one when the layout has none of its name.
func (l *Layout) Slot(f Field) int {
	if i, ok := l.slots[f.Name]; ok {
		return i
	}
	if l.slots == nil {
		l.slots = make(map[string]int)
	}
	i := len(l.Fields)
	l.Fields = append(l.Fields, f)
	l.slots[f.Name] = i
	return i
}
