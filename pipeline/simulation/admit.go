package simulation

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
)

// What the judge says of a record that is in time: its group, whether max_groups
// admits that, and the windows it belongs to.

// passes tells whether where is true of a record.
func (j *judge) passes(topic string, e *entry) bool {
	where := j.s.spec.Sources[j.s.of(topic)].Where
	return where == "" || named(conditions, func(c condition) bool { return c.text == where }).passes(e)
}

// aggregate puts a record into its windows that are not decided.
func (j *judge) aggregate(l *ledger, b *book, e *entry, letters *letterBox, n *pipeline.Counts) {
	s, o := j.s, b.done
	pane := s.pane(s.when(b.id.Topic, e))
	group := j.group(b.id, e)
	if !j.admit(b, pane, group) {
		b.refused = append(b.refused, o)
		j.overflow(b, o, letters, n)
		return
	}
	n.Aggregated++
	if pane+s.advance() <= l.closed {
		j.w.partial++
		if pane+s.advance() > l.silent {
			j.w.tardy++
		}
		if j.missed(l, pane) {
			n.LatePartial++
			j.w.reached[partialRecord]++
		}
	}
	if l.idled {
		l.idled = false
		j.w.reached[woken]++
	}
	j.fill(l, b, o, pane, group)
}

// fill puts a record of a pane into its windows that are not decided.
func (j *judge) fill(l *ledger, b *book, o, pane int64, group string) {
	s, e := j.s, &b.entries[o]
	for start := pane; start > pane-j.size() && start+j.size() > l.closed; start -= s.advance() {
		w := l.window(start)
		if _, ok := w.first[b.index]; !ok {
			w.first[b.index] = o
		}
		w.samples = append(w.samples, sample{e: e, at: s.when(b.id.Topic, e), from: b.index, source: s.of(b.id.Topic), offset: o, group: group})
	}
}

// missed tells that one of a pane's windows was decided, and not for the start.
func (j *judge) missed(l *ledger, pane int64) bool {
	for end := pane + j.s.advance(); end <= min(l.closed, pane+j.size()); end += j.s.advance() {
		if end > l.skipped {
			return true
		}
	}
	return false
}

// admit counts the groups of a pane of a partition, in the order of offsets.
func (j *judge) admit(b *book, pane int64, group string) bool {
	if group == "" {
		return true
	}
	admitted := b.groups[pane]
	if admitted == nil {
		admitted = map[string]bool{}
		b.groups[pane] = admitted
	}
	if !admitted[group] && len(admitted) >= j.s.spec.MaxGroups {
		return false
	}
	admitted[group] = true
	return true
}

// overflow is the fate of a record whose group is one too many.
func (j *judge) overflow(b *book, o int64, letters *letterBox, n *pipeline.Counts) {
	j.aside(b, o, letters, n, tooManyGroups, groupSkipped, groupRefused, "has a group too many")
}

// group is what identifies a record's group: its values, each after its length;
// "" without group_by.
func (j *judge) group(id pipeline.Partition, e *entry) string {
	group := ""
	for _, part := range j.s.spec.GroupBy {
		v := j.value(part, id, e)
		group += string(binary.BigEndian.AppendUint32(nil, uint32(len(v)))) + v
	}
	return group
}

// value is one value of a record's group; "" is null.
func (j *judge) value(part string, id pipeline.Partition, e *entry) string {
	switch {
	case part == "$topic":
		return "t" + id.Topic
	case part == "$partition":
		return idInteger(int64(id.ID))
	case part == "$key" && e.key == "":
		return ""
	case part == "$key":
		return "t" + e.key
	case part == "g":
		return keys[e.g].id
	case part == "h":
		return keys[e.h].id
	}
	return named(derivations, func(d derivation) bool { return d.name == part }).id(e)
}

// within tells whether a group can be of no partition but one, and which.
func (j *judge) within(id pipeline.Partition, group []pipeline.GroupValue) bool {
	for i, part := range j.s.spec.GroupBy {
		v := string(group[i])
		switch {
		case part == "$topic" && v != "t"+id.Topic:
			return false
		case part == "$partition" && v != idInteger(int64(id.ID)):
			return false
		case part == "$key" && j.s.language.byKey && !strings.HasPrefix(v, "tp"+strconv.Itoa(int(id.ID))+"-"):
			return false
		}
	}
	return true
}

// split takes a group apart.
func split(group string) (values []string) {
	for len(group) > 0 {
		n := binary.BigEndian.Uint32([]byte(group[:4]))
		values, group = append(values, group[4:4+n]), group[4+n:]
	}
	return values
}

// inJSON is the record key of a group.
func inJSON(group string) string {
	texts := []string{}
	for _, v := range split(group) {
		texts = append(texts, valueJSON(v))
	}
	return "[" + strings.Join(texts, ",") + "]"
}

func valueJSON(v string) string {
	for _, k := range keys {
		if k.id == v {
			return k.json
		}
	}
	switch v[0] {
	case 'i':
		return strconv.FormatInt(int64(binary.BigEndian.Uint64([]byte(v[1:]))), 10)
	case 't':
		return strconv.Quote(v[1:])
	}
	panic("a group value without JSON")
}
