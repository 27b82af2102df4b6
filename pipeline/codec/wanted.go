package codec

import (
	"maps"
	"slices"
)

// wanted is a tree of the paths that are read. Of its members one at most is not
// empty, which CompileDecoder has checked to fit the type it is read from.
type wanted struct {
	path    string
	columns []column           // that end here
	fields  map[string]*wanted // of a record
	items   map[int]*wanted    // of an array
}

// under gives the tree at the end of steps below w.
func (w *wanted) under(steps []step) *wanted {
	for _, s := range steps {
		w = w.child(s)
	}
	return w
}

func (w *wanted) child(s step) *wanted {
	if s.name != "" {
		if w.fields == nil {
			w.fields = map[string]*wanted{}
		}
		if w.fields[s.name] == nil {
			w.fields[s.name] = &wanted{}
		}
		return w.fields[s.name]
	}
	if w.items == nil {
		w.items = map[int]*wanted{}
	}
	if w.items[s.index] == nil {
		w.items[s.index] = &wanted{}
	}
	return w.items[s.index]
}

// all are the columns of w and below.
func (w *wanted) all() []column {
	columns := slices.Clone(w.columns)
	for _, name := range slices.Sorted(maps.Keys(w.fields)) {
		columns = append(columns, w.fields[name].all()...)
	}
	for _, i := range slices.Sorted(maps.Keys(w.items)) {
		columns = append(columns, w.items[i].all()...)
	}
	return columns
}
