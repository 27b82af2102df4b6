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

// appendValue appends row i's group value, of any kind but groupKey; nothing for
// null.
func (g *groupValues) appendValue(dst []byte, i int) []byte {
	switch g.kind {
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

// appendKey appends what identifies row i's group: the values, each after its
// length.
func (r *program) appendKey(dst []byte, i int) []byte {
	for g := range r.groups {
		v := &r.groups[g]
		if v.kind == groupKey { // as it is
			key := v.keys[i]
			dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(key))), key...)
			continue
		}
		at := len(dst)
		dst = v.appendValue(append(dst, 0, 0, 0, 0), i)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

// values takes the key of a group apart.
func (k groupID) values() []GroupValue {
	var vs []GroupValue
	for b := []byte(k); len(b) > 0; {
		n := int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		var v GroupValue
		if n > 0 {
			v = GroupValue(b[4 : 4+n])
		}
		vs, b = append(vs, v), b[4+n:]
	}
	return vs
}

// groupID identifies a group, as appendKey writes it; "" where there is no
// group_by.
type groupID string

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
