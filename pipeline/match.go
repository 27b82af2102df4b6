package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/aggrun/aggrun/spec"
)

// placeholder stands for the source topic in sink.topic; {1}, {2}... for what
// the groups of its source's regex captured.
const placeholder = "{topic}"

var captures = regexp.MustCompile(`\{[1-9][0-9]*\}`)

// Sink is the topic that results of a source topic go to.
func (p *Plan) Sink(topic string) string {
	name := strings.ReplaceAll(p.Spec.Sink.Topic, placeholder, topic)
	if !captures.MatchString(name) {
		return name
	}
	var found []string
	if i, ok := p.SourceOf(topic); ok && p.sources[i].regex != nil {
		found = p.sources[i].regex.FindStringSubmatch(topic)
	}
	return captures.ReplaceAllStringFunc(name, func(c string) string {
		if n, err := strconv.Atoi(c[1 : len(c)-1]); err == nil && n < len(found) {
			return found[n]
		}
		return ""
	})
}

// Shard names what a partition moves between workers with: all that leads to its
// sink topic, or nothing else.
func (p *Plan) Shard(id Partition) string {
	if p.Spec.Shard == spec.ShardPartition {
		return fmt.Sprintf("topic %s, partition %d", id.Topic, id.ID)
	}
	return p.Sink(id.Topic)
}

// DeadLetter is the topic for records that cannot be used.
func (p *Plan) DeadLetter() string { return p.Spec.Name + "-dead-letter" }

// SourceOf gives the source that a topic belongs to: the one that names it
// exactly, or else the first whose patterns hold it.
func (p *Plan) SourceOf(topic string) (int, bool) {
	for i, s := range p.sources {
		if !matchesAny(s.spec.Exclude, topic) && slices.Contains(s.spec.Topics, topic) {
			return i, true
		}
	}
	for i, s := range p.sources {
		if !matchesAny(s.spec.Exclude, topic) && s.named(topic) {
			return i, true
		}
	}
	return 0, false
}

// CheckTopic refuses a topic that patterns of two sources hold.
func (p *Plan) CheckTopic(topic string) error {
	var by []string
	for _, s := range p.sources {
		if matchesAny(s.spec.Exclude, topic) {
			continue
		}
		if slices.Contains(s.spec.Topics, topic) {
			return nil
		}
		if s.named(topic) {
			by = append(by, s.spec.Path)
		}
	}
	if len(by) > 1 {
		return &Stop{p.Spec.Errorf(by[1], "topic %s belongs to %s too: exclude it from one of them", topic, by[0]).Error()}
	}
	return nil
}

// Matches tells whether a source names the topic. A glob or a regex never takes
// a topic that one of the writers writes; an exact name may.
func (p *Plan) Matches(topic string, writers []*Plan) bool {
	i, ok := p.SourceOf(topic)
	if !ok {
		return false
	}
	if slices.Contains(p.sources[i].spec.Topics, topic) {
		return true
	}
	if strings.HasPrefix(topic, "__") {
		return false
	}
	return !slices.ContainsFunc(writers, func(w *Plan) bool { return w.Writes(topic) })
}

// Exact are the topics that the sources name without a pattern.
func (p *Plan) Exact() []string {
	var names []string
	for _, s := range p.sources {
		names = append(names, s.exact()...)
	}
	return names
}

// Writes tells whether the topic is a sink or the dead letters of p: some topic
// that a source names leads to it, whether that exists any more or not.
func (p *Plan) Writes(topic string) bool {
	if topic == p.DeadLetter() {
		return true
	}
	if captures.MatchString(p.Spec.Sink.Topic) {
		return slices.ContainsFunc(p.sources, func(s *source) bool {
			sinks, err := s.sinks(p.Spec.Sink.Topic)
			return err == nil && sinks.MatchString(topic) // Compile checked it
		})
	}
	before, after, found := strings.Cut(p.Spec.Sink.Topic, placeholder)
	if !found {
		return topic == p.Spec.Sink.Topic
	}
	if len(topic) < len(before)+len(after) || !strings.HasPrefix(topic, before) {
		return false
	}
	rest := topic[len(before):]
	for end := range len(rest) + 1 {
		source := rest[:end]
		if _, ok := p.SourceOf(source); ok && p.Sink(source) == topic {
			return true
		}
	}
	return false
}

// sinks is an expression that holds every sink of the source under a template
// with captures: each stands for whatever its group can match.
func (s *source) sinks(template string) (*regexp.Regexp, error) {
	groups := map[int]string{}
	if s.regex != nil {
		parsed, _ := syntax.Parse(s.spec.Regex, syntax.Perl)
		capturing(parsed, groups)
	}
	text := regexp.QuoteMeta(strings.ReplaceAll(template, placeholder, "{0}"))
	text = regexp.MustCompile(`\\\{[0-9]+\\\}`).ReplaceAllStringFunc(text, func(c string) string {
		n, _ := strconv.Atoi(c[2 : len(c)-2])
		if n == 0 {
			return ".*"
		}
		return "(?:" + groups[n] + ")?"
	})
	return regexp.Compile(`^(?:` + text + `)$`)
}

// capturing notes the expression of each group in re, by its number.
func capturing(re *syntax.Regexp, groups map[int]string) {
	if re.Op == syntax.OpCapture {
		groups[re.Cap] = re.Sub[0].String()
	}
	for _, sub := range re.Sub {
		capturing(sub, groups)
	}
}

// checkTopics finds sinks that are sources too, and placeholders that stand for
// nothing.
func (p *Plan) checkTopics() (errs spec.Errors) {
	template := p.Spec.Sink.Topic
	for _, name := range append(p.Exact(), placeholder) {
		if p.Sink(name) == name {
			errs = append(errs, p.Spec.Errorf("sink.topic", "%q would be read and written by this pipeline: results would be aggregated for ever; give the sink another name", name))
		}
	}
	literal := captures.ReplaceAllString(strings.ReplaceAll(template, placeholder, ""), "")
	if strings.ContainsAny(literal, "{}") {
		errs = append(errs, p.Spec.Errorf("sink.topic", "unknown placeholder in %q; want {topic}, the source topic, or {1}, the first capture of its source's regex", template))
	}
	for _, c := range captures.FindAllString(template, -1) {
		n, _ := strconv.Atoi(c[1 : len(c)-1])
		for _, s := range p.sources {
			if s.regex == nil || s.regex.NumSubexp() < n {
				errs = append(errs, p.Spec.Errorf("sink.topic", "%s has no capture %s: want a regex with as many groups, such as regex: \"(.*)-raw\"", s.spec.Path, c))
			}
		}
	}
	if captures.MatchString(template) && literal == "" {
		errs = append(errs, p.Spec.Errorf("sink.topic", "%q could be the name of a source: want some text beside the captures, such as %s-aggregated", template, template))
	}
	return append(append(errs, p.checkCaptures()...), p.checkExact()...)
}

// checkCaptures finds a template whose captures could be too much.
func (p *Plan) checkCaptures() (errs spec.Errors) {
	for _, s := range p.sources {
		var wrong *syntax.Error
		if _, err := s.sinks(p.Spec.Sink.Topic); errors.As(err, &wrong) {
			errs = append(errs, p.Spec.Errorf("sink.topic", "the names that it stands for cannot be told from others: %s; want fewer or shorter captures", wrong.Code))
		}
	}
	return errs
}

// checkExact finds a topic that two sources name.
func (p *Plan) checkExact() (errs spec.Errors) {
	by := map[string]string{}
	for _, s := range p.sources {
		for i, name := range s.spec.Topics {
			if isGlob(name) {
				continue
			}
			if other, ok := by[name]; ok && other != s.spec.Path {
				errs = append(errs, p.Spec.Errorf(fmt.Sprintf("%s.topics[%d]", s.spec.Path, i), "topic %s belongs to %s already: a topic is part of one source", name, other))
			}
			by[name] = s.spec.Path
		}
	}
	return errs
}

func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		ok, _ := path.Match(g, name) // Compile checked the pattern
		return ok
	})
}

func isGlob(name string) bool { return strings.ContainsAny(name, `*?[\`) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
