package codec

import (
	"slices"

	"github.com/aggrun/aggrun/pipeline"
)

// class is what the values of a type mean, whatever bytes they are written in.
type class uint8

const (
	classOther     class = iota // no form takes it
	classNull                   // missing
	classInteger                // int, long
	classNumber                 // float, double
	classDecimal                // decimal
	classBoolean                // boolean
	classText                   // string
	classSymbol                 // enum
	classInstant                // date, timestamp-*, local-timestamp-*
	classTimeOfDay              // time-*
)

// classes says of each class which forms take it, and the type of its group
// values. A whole one of KeyNumber is written as an integer.
var classes = [...]struct {
	forms Forms
	key   pipeline.KeyType
}{
	classInteger:   {forms(pipeline.Number, pipeline.Key, pipeline.Time), pipeline.KeyInteger},
	classNumber:    {forms(pipeline.Number, pipeline.Key, pipeline.Time), pipeline.KeyNumber},
	classDecimal:   {forms(pipeline.Number, pipeline.Key, pipeline.Time), pipeline.KeyNumber},
	classBoolean:   {forms(pipeline.Number, pipeline.Boolean, pipeline.Key), pipeline.KeyBoolean},
	classText:      {forms(pipeline.Text, pipeline.Key, pipeline.Time), pipeline.KeyText},
	classSymbol:    {forms(pipeline.Text, pipeline.Key), pipeline.KeyText},
	classInstant:   {forms(pipeline.Number, pipeline.Key, pipeline.Time), pipeline.KeyNumber},
	classTimeOfDay: {forms(pipeline.Number, pipeline.Key), pipeline.KeyNumber},
}

// wants is what each form wants, as messages say it.
var wants = [...]string{
	pipeline.Number:  "a number",
	pipeline.Boolean: "a boolean",
	pipeline.Text:    "a string or an enum",
	pipeline.Key:     "a number, boolean, string or enum, to group by",
	pipeline.Time:    "a number, a date, a timestamp or a string, to tell a time",
}

// Forms is a set of forms.
type Forms uint8

func forms(list ...pipeline.Form) (set Forms) {
	for _, f := range list {
		set |= 1 << f
	}
	return set
}

// Has tells whether f is in the set.
func (s Forms) Has(f pipeline.Form) bool { return s&(1<<f) != 0 }

// kindClasses are the classes of types without a logical one.
var kindClasses = map[kind]class{
	kindNull: classNull, kindBoolean: classBoolean, kindString: classText, kindEnum: classSymbol,
	kindInt: classInteger, kindLong: classInteger, kindFloat: classNumber, kindDouble: classNumber,
}

// logicalClasses are the classes of logical types, and how many of their ticks
// make a second. A date's days are read as seconds.
var logicalClasses = map[string]struct {
	class class
	per   uint64
}{
	"date":                   {classInstant, 1},
	"time-millis":            {classTimeOfDay, 1e3},
	"time-micros":            {classTimeOfDay, 1e6},
	"timestamp-millis":       {classInstant, 1e3},
	"timestamp-micros":       {classInstant, 1e6},
	"timestamp-nanos":        {classInstant, 1e9},
	"local-timestamp-millis": {classInstant, 1e3},
	"local-timestamp-micros": {classInstant, 1e6},
	"local-timestamp-nanos":  {classInstant, 1e9},
	"decimal":                {classDecimal, 0},
}

// class is that of a type that is not a union.
func (n *node) class() class {
	if l, ok := logicalClasses[n.logical]; ok {
		return l.class
	}
	return kindClasses[n.kind]
}

// members are the branches of a union but null, or n itself.
func (n *node) members() []*node {
	if n.kind != kindUnion {
		return []*node{n}
	}
	return slices.DeleteFunc(slices.Clone(n.branches), func(b *node) bool { return b.kind == kindNull })
}

// forms are those that take every value of n: of a union of several types, the
// forms that take each, null aside.
func (n *node) forms() Forms {
	members := n.members()
	if len(members) == 0 {
		return 0
	}
	all := ^Forms(0)
	for _, m := range members {
		all &= classes[m.class()].forms
	}
	return all
}

// numeric tells whether n is aggregated by default: its values are plain numbers,
// and perhaps null. A date or a time is not one for being written as an int.
func (n *node) numeric() bool {
	members := n.members()
	return len(members) > 0 && !slices.ContainsFunc(members, func(m *node) bool {
		return m.class() != classInteger && m.class() != classNumber
	})
}
