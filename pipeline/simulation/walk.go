package simulation

import (
	"math"
	"reflect"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// This file takes values apart for a fingerprint, the fields of others that are not
// exported among them: what a worker holds.

// field is one of a struct.
type field struct {
	index int
	time  bool
}

// times are fields that hold one; of some only silence depends.
var times = map[string][]string{
	"Worker":   {"now", "began", "waiting"},
	"task":     {"torn"},
	"stoppage": {"since", "next"},
}

var timesOfSilence = map[string][]string{
	"Worker": {"asked"},
	"part":   {"active"},
	"End":    {"Asked"},
}

// skippedFields are fields that decide nothing: what is shared and never changes, room
// that is written before it is read, and what is only counted.
var skippedFields = map[string][]string{
	"Worker": {"tasks", "plan", "client", "gen", "last", "totals", "metadata", "lengths", "shards"},
	"task":   {"plan", "fields"},
	"cells":  {"plan", "free", "slab", "panes", "paneSlab", "programs", "folder", "dealer", "closer", "room"},
	"pane":   {"sorted"},
	"book":   {"source"},
	"sample": {"e"},
	"ledger": {"script", "tried", "sink", "only", "at", "left", "idled", "silent", "visible"},
}

func (f *fingerprint) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Invalid, reflect.Func, reflect.Chan:
	case reflect.Bool:
		if v.Bool() {
			f.add(1)
		} else {
			f.add(2)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		f.add(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		f.add(v.Uint())
	case reflect.Float32, reflect.Float64:
		f.add(math.Float64bits(v.Float()))
	case reflect.String:
		f.text(v.String())
	case reflect.Pointer, reflect.Interface:
		f.add(3)
		if !v.IsNil() {
			f.value(v.Elem())
		}
	case reflect.Struct:
		for _, i := range f.fields(v.Type()) {
			if i.time {
				f.time(v.Field(i.index).Int())
			} else {
				f.value(v.Field(i.index))
			}
		}
	case reflect.Slice, reflect.Array:
		f.add(uint64(v.Len()))
		for i := range v.Len() {
			f.value(v.Index(i))
		}
	case reflect.Map:
		f.entries(v)
	}
}

// time adds how long ago it was. Nothing looks back further than some seconds.
func (f *fingerprint) time(t int64) {
	if t == pipeline.None {
		f.add(4)
		return
	}
	f.add(uint64(min(f.now-t, 20*sec)))
}

func (f *fingerprint) text(s string) {
	f.add(uint64(len(s)))
	for i := range len(s) {
		f.add(uint64(s[i]))
	}
}

// entries adds a map, whatever its order.
func (f *fingerprint) entries(m reflect.Value) {
	before, sum := f.h, uint64(0)
	for it := m.MapRange(); it.Next(); {
		f.h = 0
		f.value(it.Key())
		f.value(it.Value())
		sum += f.h
	}
	f.h = before
	f.add(sum)
	f.add(uint64(m.Len()))
}

// fields are those of a struct that count.
func (f *fingerprint) fields(t reflect.Type) []field {
	kept, ok := f.kept[t]
	if ok {
		return kept
	}
	for i := range t.NumField() {
		name := t.Field(i).Name
		silent := slices.Contains(timesOfSilence[t.Name()], name)
		if !slices.Contains(skippedFields[t.Name()], name) && (!silent || f.idle) {
			kept = append(kept, field{i, silent || slices.Contains(times[t.Name()], name)})
		}
	}
	f.kept[t] = kept
	return kept
}
