package simulation

import (
	"github.com/aggrun/aggrun/pipeline"
)

// This file is the client's decoders: columns of a partition's offsets, in memory
// that the next poll uses again.

// layoutOf is what a session knows of the fields of a source that lead to a sink.
type layoutOf struct {
	source int
	sink   string
}

// layout adds the second field once a record of a schema that has it is decoded.
func (s *session) layout(topic string, wide bool) *pipeline.Layout {
	at := layoutOf{s.script.of(topic), s.script.sink(topic)}
	l := s.layouts[at]
	if l == nil {
		l = s.plan.NewLayout(at.source)
		s.layouts[at] = l
		s.mustAdd(l, at.source, "a")
	}
	if wide {
		s.mustAdd(l, at.source, "b")
	}
	return l
}

func (s *session) mustAdd(l *pipeline.Layout, source int, path string) {
	name := path
	if to, ok := s.script.spec.Sources[source].Map[path]; ok {
		name = to
	}
	if err := l.Add(pipeline.Field{Path: path, Name: name}); err != nil {
		panic(err)
	}
}

// decode makes columns of the offsets up to end. What a transaction aborted is
// filtered, and if nothing else was read the batch is empty.
func (s *session) decode(c *cursor, end int64) pipeline.Batch {
	b := pipeline.Batch{Partition: c.id, Epoch: 1}
	wide := false
	for o := c.next; o < end; o++ {
		e := &c.entries[o]
		if e.what == aborted {
			continue
		}
		b.Next = o + 1
		switch {
		case e.what == control:
		case e.what == garbage:
			b.Bad = append(b.Bad, pipeline.BadRecord{Offset: o, Reason: "garbage", Record: o})
		case !s.w.knows(e.schema):
			b.Bad = append(b.Bad, pipeline.BadRecord{Offset: o, Reason: "unknown", Unknown: true, Schema: e.schema, Record: o})
		case s.script.timed(c.id.Topic) && e.time-e.stamp > int64(s.script.spec.MaxFuture):
			b.Bad = append(b.Bad, pipeline.BadRecord{Offset: o, Reason: "ahead of its timestamp", Record: o})
		default:
			b.Offsets, b.Times, b.Schemas = append(b.Offsets, o), append(b.Times, s.script.when(c.id.Topic, e)), append(b.Schemas, e.schema)
			wide = wide || e.schema != 1
		}
	}
	layout := s.layout(c.id.Topic, wide)
	b.Fields = layout.Fields
	b.Numbers, b.Texts = make([][]float64, layout.Numbers), make([][][]byte, layout.Texts)
	for _, column := range layout.Columns {
		c.fill(column, &b)
	}
	b.Record = func(row int) any { return b.Offsets[row] }
	s.lent = append(s.lent, b)
	return b
}

// fill fills one column.
func (s *source) fill(c pipeline.Column, b *pipeline.Batch) {
	switch c.Form {
	case pipeline.Time:
	case pipeline.Number, pipeline.Boolean:
		rows := make([]float64, len(b.Offsets))
		for i, o := range b.Offsets {
			rows[i] = s.entries[o].number(c.Path)
		}
		b.Numbers[c.Slot] = rows
	default:
		rows := make([][]byte, len(b.Offsets))
		for i, o := range b.Offsets {
			at := len(b.Arena)
			if b.Arena = s.entries[o].text(c, b.Arena); len(b.Arena) > at {
				rows[i] = b.Arena[at:len(b.Arena):len(b.Arena)]
			}
		}
		b.Texts[c.Slot] = rows
	}
}

func (e *entry) number(path string) float64 {
	switch path {
	case "a":
		return e.a
	case "b":
		return e.b
	case "x":
		return e.x
	case "c", "d", "side": // of another source
		return nan
	}
	panic("no number " + path)
}

// text appends a text or the value of a group; nothing for null.
func (e *entry) text(c pipeline.Column, dst []byte) []byte {
	switch {
	case c.Path == "$key" && e.key == "":
		return dst
	case c.Path == "$key" && c.Form == pipeline.Key:
		return pipeline.AppendKeyText(dst, e.key)
	case c.Path == "$key":
		return append(dst, e.key...)
	case c.Path == "h":
		return e.groupValue(dst, keys[e.h])
	case c.Path == "g", c.Path == "k":
		return e.groupValue(dst, keys[e.g])
	}
	if v := e.number(c.Path); v == v { // count takes values of any type
		return pipeline.AppendKeyNumber(dst, v)
	}
	return dst
}

// groupValue appends a value as its schema types it: one writes integers as
// doubles.
func (e *entry) groupValue(dst []byte, k key) []byte {
	switch v := k.value.(type) {
	case int64:
		if e.schema == 2 && v < 1<<53 {
			return pipeline.AppendKeyNumber(dst, float64(v))
		}
		return pipeline.AppendKeyInteger(dst, v)
	case float64:
		return pipeline.AppendKeyNumber(dst, v)
	case bool:
		return pipeline.AppendKeyBoolean(dst, v)
	case string:
		return pipeline.AppendKeyText(dst, v)
	}
	return dst
}

// takeBack uses the memory of the last poll's batches again, for something else.
func (s *session) takeBack() {
	for _, b := range s.lent {
		for i := range b.Arena {
			b.Arena[i] = 0xEE
		}
		for _, column := range b.Numbers {
			for i := range column {
				column[i] = 1e9 + float64(i)
			}
		}
		for i := range b.Times {
			b.Times[i] = 0
		}
	}
	s.lent = s.lent[:0]
}
