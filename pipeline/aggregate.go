package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/functions"
	"github.com/aggrun/aggrun/pipeline/expression"
	"github.com/aggrun/aggrun/spec"
)

// This file compiles operations and aggregates: which accumulators are fed with
// what, each once, and how results are read from them. Names are those outside
// the sources.

// input is what accumulators are fed with, whatever fields join: the argument of
// an aggregate, or a derived field. Equal arguments are one input. Its kinds are
// those of the operations, if they are computed of it, then those of its calls.
type input struct {
	key      string
	kinds    []functions.Kind
	operated bool // operations are computed of it, should it be a field
	text     bool // its values are texts
}

// call is one distinct call of an aggregate function.
type call struct {
	name  string // of the function
	input int    // in Plan.inputs; -1: count() of records
	slot  int    // of its kind in the input's kinds
	value func(functions.Accumulator) (float64, bool)
}

// kindSlot gives the index of k in kinds, adding it the first time.
func kindSlot(kinds *[]functions.Kind, k functions.Kind) int {
	if i := slices.Index(*kinds, k); i >= 0 {
		return i
	}
	*kinds = append(*kinds, k)
	return len(*kinds) - 1
}

func (p *Plan) compileOperations() (errs spec.Errors) {
	for i, name := range p.Spec.Operations {
		f, ok := functions.Lookup(name)
		at := fmt.Sprintf("operations[%d]", i)
		switch names := functions.Operations(); {
		case !ok:
			errs = append(errs, p.Spec.Errorf(at, "unknown operation %q%s; want %s", name,
				DidYouMean(name, names), strings.Join(names, ", ")))
		case !f.Operation:
			errs = append(errs, p.Spec.Errorf(at, "%s needs more than a field: write %s under aggregates", name, f.Signature()))
		default:
			p.Operations = append(p.Operations, f)
			p.slots = append(p.slots, kindSlot(&p.kinds, f.Kind))
		}
	}
	return errs
}

// compileAggregates splits each aggregate into calls, and what is computed of
// them.
func (p *Plan) compileAggregates(drafts []*draft, o expression.Options) (errs spec.Errors) {
	calls := map[string]int{}
	for _, a := range p.Spec.Aggregates {
		at := "aggregates." + a.Name
		tree, of, err := expression.ParseAggregates(a.Text)
		if err != nil {
			errs = append(errs, p.inExpression(at, err)...)
			continue
		}
		slots := make([]int, len(of))
		for i, c := range of {
			n, known := calls[c.Key]
			if !known {
				n = len(p.calls)
				compiled, bad := p.compileCall(at, c, drafts)
				if bad != nil {
					errs = append(errs, bad...)
					continue
				}
				calls[c.Key] = n
				p.calls = append(p.calls, compiled)
			}
			slots[i] = n
		}
		checked, err := tree.Check(noNames, expression.Number)
		if err != nil {
			errs = append(errs, p.inExpression(at, err)...)
			continue
		}
		p.aggregates = append(p.aggregates, checked.Compile(func(r expression.Read) int { return slots[r.Call] }, o))
	}
	return errs
}

// parseAggregates tells the mistakes that show without the sources.
func (p *Plan) parseAggregates() (errs spec.Errors) {
	for _, a := range p.Spec.Aggregates {
		if _, _, err := expression.ParseAggregates(a.Text); err != nil {
			errs = append(errs, p.inExpression("aggregates."+a.Name, err)...)
		}
	}
	return errs
}

// noNames is the scope of what is computed of aggregates.
func noNames(string) (expression.Type, bool) { return 0, false }

// compileCall finds the input of a call, or adds it to every source.
func (p *Plan) compileCall(at string, c *expression.Call, drafts []*draft) (call, spec.Errors) {
	if c.Arg == nil {
		return call{name: c.Function.Name, input: -1, value: c.Value}, nil
	}
	if errs := p.checkRenamed(at, c, drafts); errs != nil {
		return call{}, errs
	}
	args, text, errs := p.checkArgument(at, c, drafts)
	if errs != nil {
		return call{}, errs
	}
	key, kind := c.ArgKey, c.Function.Kind
	switch {
	case text:
		key, kind = "text "+key, c.Function.TextKind
	case c.Function.Takes == functions.Condition:
		key = "condition " + key // a number is none, though a condition may be a number
	}
	i := slices.IndexFunc(p.inputs, func(in input) bool { return in.key == key })
	if i < 0 {
		_, bare := c.Arg.Field()
		i = p.addInput(key, text, bare && c.Function.Takes != functions.Condition && len(drafts) == 1)
		for j, d := range drafts {
			d.take(i, at, c, args[j], text)
		}
	}
	return call{name: c.Function.Name, input: i, slot: kindSlot(&p.inputs[i].kinds, kind), value: c.Value}, nil
}

// checkRenamed finds names that every source has given another.
func (p *Plan) checkRenamed(at string, c *expression.Call, drafts []*draft) (errs spec.Errors) {
	for _, r := range c.Arg.Names() {
		renamed := !slices.ContainsFunc(drafts, func(d *draft) bool {
			_, known := d.scope(r.Name)
			return known || d.path(r.Name) != ""
		})
		if renamed {
			errs = append(errs, p.Spec.ErrorAt(at, r.Offset, "%s is called %s outside its source, by map: use that name", r.Name, drafts[0].spec.Map[r.Name]))
		}
	}
	return errs
}

// checkArgument gives the argument its type in each source. One that is nothing
// but a field of which any type will do is read as texts, and needs no check.
func (p *Plan) checkArgument(at string, c *expression.Call, drafts []*draft) (args []*parsed, text bool, errs spec.Errors) {
	args = make([]*parsed, len(drafts))
	name, bare := c.Arg.Field()
	if bare && anyType(c.Function) && !p.isDerived(name, drafts) && name != metaTopic && name != metaPartition {
		return args, true, nil
	}
	for j, d := range drafts {
		checked, err := c.Check(d.outside(drafts))
		if err != nil {
			return nil, false, p.inExpression(at, err)
		}
		is := checked.Type == expression.Text
		if j > 0 && is != text {
			return nil, false, spec.Errors{p.Spec.ErrorAt(at, c.Offset, "the argument is a text in one source and a number in another")}
		}
		text = is
		args[j] = &parsed{at: at, tree: c.Arg, checked: checked}
	}
	return args, text, nil
}

// outside is the scope of names outside the sources: what another source derives
// as a text is a text, though it may be missing here.
func (d *draft) outside(drafts []*draft) expression.Scope {
	return func(name string) (expression.Type, bool) {
		if is, ok := d.scope(name); ok {
			return is, true
		}
		for _, other := range drafts {
			if f, ok := other.find(name); ok && f.kind == expression.Text {
				return expression.Text, true
			}
		}
		return 0, false
	}
}

// anyType tells that a function takes texts as well as numbers.
func anyType(f functions.Function) bool {
	return f.Takes == functions.Anything || f.Takes == functions.AnythingOrNothing
}

func (p *Plan) isDerived(name string, drafts []*draft) bool {
	return slices.ContainsFunc(drafts, func(d *draft) bool { _, ok := d.find(name); return ok })
}

// addInput adds an input. Of one that is operated, operations are computed too,
// should a field be the same: of one source's, for operations are of its records
// alone.
func (p *Plan) addInput(key string, text, operated bool) int {
	in := input{key: key, text: text}
	if operated && !text {
		in.kinds, in.operated = slices.Clone(p.kinds), true
	}
	p.inputs = append(p.inputs, in)
	return len(p.inputs) - 1
}

// take adds the argument of c as input i: a column where it is nothing but a
// field, else an expression.
func (d *draft) take(i int, at string, c *expression.Call, arg *parsed, text bool) {
	a := argument{slot: absent, text: text}
	name, bare := c.Arg.Field()
	_, isDerived := d.find(name)
	switch {
	case bare && arg == nil && name == metaKey:
		a.slot = d.column(metaKey, Key)
	case bare && arg == nil: // a field of any type
		a.slot = d.columnIf(d.path(name), Key)
		d.needs = append(d.needs, need{path: d.path(name), form: Key, name: name, at: at, offset: c.Offset, shared: true})
	case bare && isDerived:
		a.derived, arg = name, nil
		if d.plan.inputs[i].operated {
			d.bare[name] = i
		}
	case bare && !strings.HasPrefix(name, "$"):
		d.reads(*arg, true)
		a.slot, arg = d.columnIf(d.path(name), formOf(arg.checked.Type)), nil
		if d.plan.inputs[i].operated {
			d.bare[d.path(name)] = i
		}
	default:
		d.reads(*arg, true)
	}
	d.args = append(d.args, arg)
	d.inputs = append(d.inputs, a)
}

// operateDerived computes the operations of derived fields too.
func (p *Plan) operateDerived(drafts []*draft) {
	if len(p.Operations) == 0 {
		return
	}
	for j, d := range drafts {
		for _, f := range d.derived {
			if f.kind == expression.Text {
				continue
			}
			i, ok := d.bare[f.name]
			if !ok {
				i = p.addInput(f.name, false, true)
				d.bare[f.name] = i
				for k, other := range drafts {
					a := argument{slot: absent}
					if k == j {
						a.derived = f.name
					}
					other.args = append(other.args, nil)
					other.inputs = append(other.inputs, a)
				}
			}
			d.fields = append(d.fields, Field{Path: f.name, Name: f.name, Doc: d.text(f.name), Slot: absent, Input: i})
		}
	}
}

// text is what a derived field is derived by.
func (s *source) text(name string) string {
	i := slices.IndexFunc(s.spec.Derive, func(n spec.Named) bool { return n.Name == name })
	return s.spec.Derive[i].Text
}
