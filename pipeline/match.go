package pipeline

import (
	"maps"
	"path"
	"slices"
	"strings"
)

const placeholder = "{topic}"

// Sink is the topic that results of a source topic go to: it names the shard.
func (p *Plan) Sink(topic string) string {
	return strings.ReplaceAll(p.Spec.Sink.Topic, placeholder, topic)
}

// DeadLetter is the topic for records that cannot be used.
func (p *Plan) DeadLetter() string { return p.Spec.Name + "-dead-letter" }

// Matches tells whether the source names the topic. A glob or a regex never
// takes a topic that one of the writers writes; an exact name may.
func (p *Plan) Matches(topic string, writers []*Plan) bool {
	src := p.Spec.Sources[0]
	if matchesAny(src.Exclude, topic) {
		return false
	}
	if slices.Contains(src.Topics, topic) {
		return true
	}
	if strings.HasPrefix(topic, "__") || !p.named(topic) {
		return false
	}
	return !slices.ContainsFunc(writers, func(w *Plan) bool { return w.Writes(topic) })
}

// Exact are the topics that the source names without a pattern.
func (p *Plan) Exact() []string {
	return slices.DeleteFunc(slices.Clone(p.Spec.Sources[0].Topics), isGlob)
}

// named tells whether the source's patterns hold the topic.
func (p *Plan) named(topic string) bool {
	if p.regex != nil {
		return p.regex.MatchString(topic)
	}
	return matchesAny(p.Spec.Sources[0].Topics, topic)
}

// Writes tells whether the topic is a sink or the dead letters of p: some topic
// that the source names leads to it, whether that exists any more or not.
func (p *Plan) Writes(topic string) bool {
	if topic == p.DeadLetter() {
		return true
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
		if source := rest[:end]; p.Sink(source) == topic && p.named(source) && !matchesAny(p.Spec.Sources[0].Exclude, source) {
			return true
		}
	}
	return false
}

func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		ok, _ := path.Match(g, name) // Compile checked the pattern
		return ok
	})
}

func isGlob(name string) bool { return strings.ContainsAny(name, `*?[\`) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
