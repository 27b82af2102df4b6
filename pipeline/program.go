package pipeline

import (
	"encoding/binary"
	"slices"

	"github.com/aggrun/aggrun/pipeline/expression"
)

// program evaluates the expressions of one source over batches. It has one
// owner; what it gives is good until it runs again.
type program struct {
	source  *source
	in      expression.Input
	derived []*expression.Evaluator
	where   *expression.Evaluator // nil: every record passes
	args    []*expression.Evaluator

	pass    []float64   // of where; nil: every record passes
	picked  []int32     // room for the rows that pass
	numbers [][]float64 // by input; nil for texts, and for what the source does not have
	texts   [][][]byte
	groups  []groupValues
	width   int      // inputs that a cell has room for: the batch's rows have values of no others
	topic   [][]byte // room for $topic
	number  []float64
}

// groupValues are the values of one part of group_by.
type groupValues struct {
	kind    groupKind
	keys    [][]byte  // of groupKey, as they are, and groupText
	numbers []float64 // of groupNumber and groupBoolean
	same    []byte    // of groupTopic and groupPartition
}

func newProgram(s *source) *program {
	r := &program{source: s, groups: make([]groupValues, len(s.groups))}
	for _, d := range s.derived {
		r.derived = append(r.derived, d.expr.NewEvaluator())
	}
	if s.where != nil {
		r.where = s.where.NewEvaluator()
	}
	for _, a := range s.inputs {
		var e *expression.Evaluator
		if a.expr != nil {
			e = a.expr.NewEvaluator()
		}
		r.args = append(r.args, e)
	}
	r.numbers, r.texts = make([][]float64, len(s.inputs)), make([][][]byte, len(s.inputs))
	return r
}

// run evaluates everything for the rows of b.
func (r *program) run(b *Batch) {
	r.inputs(b)
	r.width = len(r.source.inputs)
	for i := range b.Fields {
		r.width = max(r.width, b.Fields[i].Input+1)
	}
	for i, d := range r.source.derived {
		if d.kind == expression.Text {
			r.in.Texts[d.slot] = r.derived[i].Texts(&r.in)
		} else {
			r.in.Numbers[d.slot] = r.derived[i].Numbers(&r.in)
		}
	}
	r.pass = nil
	if r.where != nil {
		r.pass = r.where.Numbers(&r.in)
	}
	for i, a := range r.source.inputs {
		r.argument(i, a)
	}
	for i, g := range r.source.groups {
		r.group(i, g, b.Partition)
	}
}

// inputs lays the columns out as expressions read them: those that decoders
// fill, room for derived ones, the topic and the partition.
func (r *program) inputs(b *Batch) {
	s, n := r.source, len(b.Offsets)
	r.in.Rows = n
	r.in.Numbers = append(r.in.Numbers[:0], b.Numbers[:s.numbers]...)
	r.in.Texts = append(r.in.Texts[:0], b.Texts[:s.texts]...)
	for _, d := range s.derived {
		if d.kind == expression.Text {
			r.in.Texts = append(r.in.Texts, nil)
		} else {
			r.in.Numbers = append(r.in.Numbers, nil)
		}
	}
	if !s.meta {
		return
	}
	r.topic, r.number = slices.Grow(r.topic[:0], n)[:n], slices.Grow(r.number[:0], n)[:n]
	topic := []byte(b.Partition.Topic)
	for i := range r.topic {
		r.topic[i], r.number[i] = topic, float64(b.Partition.ID)
	}
	r.in.Texts, r.in.Numbers = append(r.in.Texts, r.topic), append(r.in.Numbers, r.number)
}

func (r *program) argument(i int, a argument) {
	switch {
	case a.expr != nil && a.text:
		r.texts[i] = r.args[i].Texts(&r.in)
	case a.expr != nil:
		r.numbers[i] = r.args[i].Numbers(&r.in)
	case a.slot == absent:
	case a.text:
		r.texts[i] = r.in.Texts[a.slot]
	default:
		r.numbers[i] = r.in.Numbers[a.slot]
	}
}

func (r *program) group(i int, g groupColumn, id Partition) {
	to := &r.groups[i]
	to.kind = g.kind
	switch g.kind {
	case groupKey, groupText:
		to.keys = r.in.Texts[g.slot]
	case groupNumber, groupBoolean:
		to.numbers = r.in.Numbers[g.slot]
	case groupTopic:
		to.same = AppendKeyText(to.same[:0], id.Topic)
	case groupPartition:
		to.same = AppendKeyInteger(to.same[:0], int64(id.ID))
	}
}

// appendValue appends row i's group value; nothing for null.
func (g *groupValues) appendValue(dst []byte, i int) []byte {
	switch g.kind {
	case groupKey:
		return append(dst, g.keys[i]...)
	case groupTopic, groupPartition:
		return append(dst, g.same...)
	case groupText:
		if g.keys[i] == nil {
			return dst
		}
		return AppendKeyText(dst, g.keys[i])
	}
	switch v := g.numbers[i]; {
	case v != v:
		return dst
	case g.kind == groupBoolean:
		return AppendKeyBoolean(dst, v == 1)
	default:
		return AppendKeyNumber(dst, v)
	}
}

// key is what identifies row i's group: the value where there is one, or else
// the values as a groupID has them. It is of the batch, or else in *room.
func (r *program) key(room *[]byte, i int) []byte {
	if v := &r.groups[0]; len(r.groups) == 1 {
		if v.kind == groupKey {
			return v.keys[i] // as it is
		}
		*room = v.appendValue((*room)[:0], i)
		return *room
	}
	key := (*room)[:0]
	for g := range r.groups {
		at := len(key) + lengthBytes
		key = r.groups[g].appendValue(append(key, 0, 0, 0, 0), i)
		binary.BigEndian.PutUint32(key[at-lengthBytes:], uint32(len(key)-at))
	}
	*room = key
	return key
}

// groupID identifies a group: its values, each after its length. "" is that of all
// records, where there is no group_by.
type groupID string

// lengthBytes is what the length of a group value takes.
const lengthBytes = 4

// values takes it apart.
func (k groupID) values() []GroupValue {
	var vs []GroupValue
	for b := []byte(k); len(b) > 0; {
		end := lengthBytes + int(binary.BigEndian.Uint32(b))
		var v GroupValue
		if end > lengthBytes {
			v = GroupValue(b[lengthBytes:end])
		}
		vs, b = append(vs, v), b[end:]
	}
	return vs
}

// outcomes evaluates the aggregates of a window and group. It has one owner.
type outcomes struct {
	plan       *Plan
	in         expression.Input
	evaluators []*expression.Evaluator
}

func newOutcomes(p *Plan) *outcomes {
	o := &outcomes{plan: p, in: expression.Input{Rows: 1, Numbers: make([][]float64, len(p.calls))}}
	for i := range o.in.Numbers {
		o.in.Numbers[i] = make([]float64, 1)
	}
	for _, a := range p.aggregates {
		o.evaluators = append(o.evaluators, a.NewEvaluator())
	}
	return o
}

// appendTo appends the aggregates, from the number of records and the accumulators
// of the inputs.
func (o *outcomes) appendTo(values []float64, count int64, inputs []state) []float64 {
	for i := range o.plan.calls {
		c := &o.plan.calls[i]
		v, ok := float64(count), true
		if c.input >= 0 {
			v, ok = c.value(inputs[c.input].accumulators[c.slot])
		}
		if !ok {
			v = nan
		}
		o.in.Numbers[i][0] = v
	}
	for _, e := range o.evaluators {
		values = append(values, e.Numbers(&o.in)[0])
	}
	return values
}
