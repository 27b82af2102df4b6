package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline/expression"
	"github.com/aggrun/aggrun/spec"
)

// This file compiles group_by and what goes with it: where group values come
// from, what they are called, and whether a shard may be one partition.

// compileGroups finds the values to group by in each source.
func (p *Plan) compileGroups(drafts []*draft) (errs spec.Errors) {
	by := map[string]string{}
	for _, name := range reserved {
		by[name] = "the window's " + name
	}
	for i, name := range p.Spec.GroupBy {
		at := fmt.Sprintf("group_by[%d]", i)
		out := AvroName(strings.ReplaceAll(strings.TrimPrefix(name, "$"), "]", ""))
		if other, ok := by[out]; ok {
			errs = append(errs, p.Spec.Errorf(at, "%s and %s would both be written as %s: rename one with map", other, name, out))
		}
		by[out] = name
		p.groups = append(p.groups, GroupField{Name: out, Types: metaTypes(name)})
		for _, d := range drafts {
			g, ok := d.group(name)
			if !ok {
				errs = append(errs, p.Spec.Errorf(at, "unknown metadata %s; want %s, %s or %s", name, metaKey, metaTopic, metaPartition))
				break
			}
			if g.kind == groupKey && g.path == "" {
				errs = append(errs, p.Spec.Errorf(at, "%s is renamed %s: use that name", name, d.spec.Map[name]))
				break
			}
			d.groups = append(d.groups, g)
			if g.kind == groupKey && name != metaKey {
				d.needs = append(d.needs, need{path: d.path(name), form: Key, name: name, at: at})
			}
		}
	}
	return append(errs, p.checkShard()...)
}

// metaTypes are the types of group values that are no fields.
func metaTypes(name string) []KeyType {
	switch name {
	case metaKey, metaTopic:
		return []KeyType{KeyText}
	case metaPartition:
		return []KeyType{KeyInteger}
	}
	return nil
}

// group is where the values of one name come from; not ok for metadata that
// there is not.
func (d *draft) group(name string) (groupColumn, bool) {
	switch name {
	case metaKey:
		return groupColumn{kind: groupKey, path: metaKey, slot: d.column(metaKey, Key)}, true
	case metaTopic:
		return groupColumn{kind: groupTopic}, true
	case metaPartition:
		return groupColumn{kind: groupPartition}, true
	}
	if f, ok := d.find(name); ok {
		kinds := map[expression.Type]groupKind{
			expression.Number: groupNumber, expression.Boolean: groupBoolean, expression.Text: groupText,
		}
		return groupColumn{kind: kinds[f.kind], derived: name}, true
	}
	if strings.HasPrefix(name, "$") {
		return groupColumn{}, false
	}
	return groupColumn{kind: groupKey, path: d.path(name), slot: d.columnIf(d.path(name), Key)}, true
}

// derivedTypes are the types that a derived field's group values can have.
func (g groupColumn) derivedTypes() []KeyType {
	switch g.kind {
	case groupNumber:
		return []KeyType{KeyInteger, KeyNumber}
	case groupBoolean:
		return []KeyType{KeyBoolean}
	case groupText:
		return []KeyType{KeyText}
	}
	return nil
}

// checkShard refuses shards of one partition whose groups could be in several.
func (p *Plan) checkShard() (errs spec.Errors) {
	has := func(name string) bool { return slices.Contains(p.Spec.GroupBy, name) }
	keyed := has(metaKey) && p.Spec.Partitioner != ""
	switch {
	case p.Spec.Shard != spec.ShardPartition:
		return nil
	case !has(metaPartition) && !keyed:
		errs = append(errs, p.Spec.Errorf("shard", "with shard: partition no group may be in two partitions: want group_by with %s, or with %s and a partitioner, murmur2 or crc32", metaPartition, metaKey))
	case len(p.Spec.Sources) > 1 || p.oneSink() && !has(metaTopic):
		errs = append(errs, p.Spec.Errorf("shard", "with shard: partition no group may be in two topics: want one source, and %s in sink.topic or %s in group_by", placeholder, metaTopic))
	}
	return errs
}

// oneSink tells that two topics may lead to one sink.
func (p *Plan) oneSink() bool { return !strings.Contains(p.Spec.Sink.Topic, placeholder) }
