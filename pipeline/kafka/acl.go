package kafka

import (
	"cmp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/spec"
)

// ACL is one permission that Run needs.
type ACL struct {
	Resource  string `json:"resource"`  // topic, group or transactional-id, as kafka-acls.sh calls them
	Name      string `json:"name"`      // of the resource, or what such names begin with
	Prefixed  bool   `json:"prefixed"`  // the latter
	Operation string `json:"operation"` // as kafka-acls.sh has it
	Why       string `json:"why"`
}

// everything is the name that stands for all.
const everything = "*"

// What is asked of a topic, by what the topic is to us. Describe comes with Read and
// with Write, and is named for the people who look.
var (
	ofSource = []asked{
		{"Read", "fetch records, and commit how far"},
		{"Describe", "find its partitions, offsets and leaders"},
		{"DescribeConfigs", "refuse a topic that is compacted, or forgets too soon"},
	}
	ofSink = []asked{
		{"Write", "write results"},
		{"Describe", "find its partitions and leaders"},
		{"DescribeConfigs", "wait until it is there, and warn of a short retention"},
		{"Read", "find results that are there when the group has lost its offsets"},
	}
	ofDeadLetter = []asked{
		{"Write", "set records aside"},
		{"Describe", "find its partitions and leaders"},
		{"DescribeConfigs", "wait until it is there"},
		{"Create", "make it where it is missing"},
	}
	ofGroup = []asked{
		{"Read", "join it, and commit offsets"},
	}
	ofTransactions = []asked{
		{"Write", "write results and offsets in one transaction"},
		{"Describe", "wait until a transaction is complete"},
	}
	toCreate = asked{"Create", "make it where it is missing; sink.create: false does without"}
)

type asked struct{ operation, why string }

// ACLs are the permissions that a worker of the plans needs, and no more: as far as
// names can be told without a cluster, each named, else by what they begin with.
// cfg gives Group and, where workers have one, Instance.
func ACLs(cfg Config, plans []*pipeline.Plan) []ACL {
	var all []ACL
	add := func(resource string, n extent, ask []asked) {
		for _, a := range ask {
			all = append(all, ACL{resource, n.name, n.prefix, a.operation, a.why})
		}
	}
	for _, p := range plans {
		sink := ofSink
		if p.Spec.Sink.Create {
			sink = append(slices.Clone(sink), toCreate)
		}
		for _, src := range p.Spec.Sources {
			for _, n := range sourceNames(src) {
				add("topic", n, ofSource)
				add("topic", sinkName(p, n), sink)
			}
		}
		add("topic", extent{p.DeadLetter(), false}, ofDeadLetter)
		group := cfg.Group + "." + p.Spec.Name
		add("group", extent{group, false}, ofGroup)
		add("transactional-id", extent{group + "." + cfg.Instance, cfg.Instance == ""}, ofTransactions)
	}
	return distinct(all)
}

// extent is a name, or what names begin with.
type extent struct {
	name   string
	prefix bool
}

// begins is what begins with text, which where there is none is everything.
func begins(text string) extent { return extent{cmp.Or(text, everything), text != ""} }

func sourceNames(s spec.Source) []extent {
	if s.Regex != "" {
		return []extent{begins(regexPrefix(s.Regex))}
	}
	var all []extent
	for _, topic := range s.Topics {
		if i := strings.IndexAny(topic, `*?[`); i >= 0 {
			all = append(all, begins(topic[:i]))
		} else {
			all = append(all, extent{topic, false})
		}
	}
	return all
}

// regexPrefix is what every topic begins with that a regular expression for the whole
// name takes.
func regexPrefix(text string) string {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return "" // it is refused where specs are read
	}
	prefix, _ := literalPrefix(parsed)
	return prefix
}

// literalPrefix is what everything begins with that re takes; whole tells that it takes
// nothing else, so that what follows it follows the prefix.
func literalPrefix(re *syntax.Regexp) (prefix string, whole bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText:
		return "", true
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune), true
		}
	case syntax.OpCapture:
		return literalPrefix(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			text, whole := literalPrefix(sub)
			if prefix += text; !whole {
				return prefix, false
			}
		}
		return prefix, true
	}
	return "", false
}

// sinkName is where results of a source go.
func sinkName(p *pipeline.Plan, source extent) extent {
	template := p.Spec.Sink.Topic
	head, rest, found := strings.Cut(template, "{")
	switch {
	case !found:
		return extent{template, false}
	case !source.prefix && source.name != everything:
		return extent{p.Sink(source.name), false}
	case strings.HasPrefix(rest, "topic}") && source.prefix:
		return begins(head + source.name)
	}
	return begins(head)
}

// distinct keeps the first of equal permissions, and drops those of a name that are
// those of a prefix too.
func distinct(all []ACL) []ACL {
	var kept []ACL
	for i, a := range all {
		covered := slices.ContainsFunc(all[:i], func(b ACL) bool { return b.same(a) }) ||
			slices.ContainsFunc(all, func(b ACL) bool { return b.covers(a) })
		if !covered {
			kept = append(kept, a)
		}
	}
	return kept
}

func (a ACL) same(b ACL) bool {
	return a.Resource == b.Resource && a.Operation == b.Operation && a.Name == b.Name && a.Prefixed == b.Prefixed
}

// covers tells that b is not needed beside a.
func (a ACL) covers(b ACL) bool {
	if a.same(b) || a.Resource != b.Resource || a.Operation != b.Operation {
		return false
	}
	return a.Name == everything || a.Prefixed && strings.HasPrefix(b.Name, a.Name) && b.Name != everything
}
