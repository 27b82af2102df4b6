package main

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/sr"
)

// What the world may hold against a pipeline: each is told in words that say what
// to do, before any result is written.
func TestEndToEndRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		world  func(s *stage, topic string)
		change func(spec string) string
		flags  []string
		want   string // in which MY- stands for the prefix
	}{
		"a missing topic": {
			change: replace("MY-mount-000", "MY-mount-007"),
			want:   "topic MY-mount-007 does not exist: create it",
		},
		"no topic of a glob": {
			change: replace("MY-mount-000", `"MY-dome-*"`),
			want:   "no topic matches the source",
		},
		"a missing field": {
			change: replace("topics: [MY-mount-000]", "topics: [MY-mount-000], fields: [valu0]"),
			want:   "no source topic has a field valu0 (did you mean value0?)",
		},
		"a missing field in an expression": {
			change: replace("operations: [mean]", "aggregates:\n      far: >-\n        max(value0)\n        - min(valu0)"),
			want: "spec.yaml:9:15: pipelines.MY-p.aggregates.far: no source topic has a field valu0 (did you mean value0?)\n" +
				"    - min(valu0)\n" +
				"          ^\n",
		},
		"a field of another type": {
			change: replace("{topics: [MY-mount-000]}", "{topics: [MY-mount-000],\n      where: \"value0 > 1 && time == 'noon'\"}"),
			want: "spec.yaml:5:29: pipelines.MY-p.source.where: field time is double, not a string or an enum\n" +
				"    where: \"value0 > 1 && time == 'noon'\"}\n" +
				"                          ^\n",
		},
		"a compacted source": {
			world: func(s *stage, topic string) { s.configure(topic, "cleanup.policy", "compact") },
			want:  "topic MY-mount-000: it is compacted",
		},
		"a short retention": {
			world: func(s *stage, topic string) { s.configure(topic, "retention.ms", "3999") },
			want:  "topic MY-mount-000: its retention.ms is 3999, less than 4 x (window.size + window.grace) = 4000",
		},
		"too much to read again": { // within twenty years: brokers before 3.0 do not tell their newest timestamp, and now stands for it
			change: replace("window: 1s", "window: 175200h\n    max_replay: 5"),
			want:   "more than max_replay (5)",
		},
		"a missing sink": {
			change: replace("sink: {", "sink: {create: false, "),
			want:   "create it, or set sink.create: true",
		},
		"an incompatible schema": {
			world: func(s *stage, _ string) { s.describeSink(`{"name":"mean_value0","type":"string"}`) },
			want:  "the derived schema is incompatible with the registered one: ",
		},
		"foreign offsets": {
			world: func(s *stage, topic string) { s.commit(topic, "somebody else's") },
			want:  "was not committed by aggrun",
		},
		"offsets beyond the end": {
			world: func(s *stage, topic string) { s.commitAt(topic, 1_000_000, "") },
			flags: []string{"--accept-offsets"},
			want:  "the log ends at 50, before the committed offset 1000000",
		},
		"offsets that are gone": {
			world: func(s *stage, _ string) {
				s.must("run", "--until-end", "-f", s.spec(refusalSpec))
				s.forget()
			},
			want: "are gone, and sink MY-out has results of this pipeline to 2024-01-01T00:00:19Z; use --resume-from-sink to go on after them, --start",
		},
		"a topic that was made anew": { // brokers forget the offsets of a topic that is deleted
			world: func(s *stage, topic string) {
				s.history("dome", 1, "1", "--start", "2024-01-01T00:00:00Z", "--rate", "max", "--frequency", "10", "--max-messages", "200")
				s.must("run", "--until-end", "-f", s.spec(twoTopics(refusalSpec)))
				s.forgetTopic(topic)
			},
			change: twoTopics,
			want: "are gone for the topics of one sink (were they deleted and made anew?), and sink MY-mount-000-out has results of this pipeline to 2024-01-01T00:00:19Z; " +
				"use --resume-from-sink",
		},
		"a version of the pipeline with other shards": {
			world:  func(s *stage, _ string) { s.must("run", "--until-end", "-f", s.spec(refusalSpec)) },
			change: replace("topic: MY-out", "topic: '{topic}-out'"),
			want:   "another version of this pipeline, which differs in sink.topic: one for all topics, or one each; partitions would be grouped to other shards",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			topic := s.history("mount", 1, "1", "--start", "2024-01-01T00:00:00Z", "--rate", "max", "--frequency", "10", "--max-messages", "200")[0]
			spec := refusalSpec
			if c.change != nil {
				spec = c.change(spec)
			}
			if c.world != nil {
				c.world(s, topic)
			}
			before := s.written()
			o := s.run(append([]string{"run", "--until-end", "-f", s.spec(spec)}, c.flags...)...)
			want := strings.ReplaceAll(c.want, "MY-", s.Prefix)
			if o.code != 1 || !strings.Contains(o.stderr, "aggrun: pipeline "+s.Prefix+"p: ") || !strings.Contains(o.stderr, want) {
				t.Errorf("exit code %d, and want an error with %q in\n%s", o.code, want, o.stderr)
			}
			if after := s.written(); after != before {
				t.Errorf("%d results, %d before", after, before)
			}
		})
	}
}

const refusalSpec = `
pipelines:
  MY-p:
    source: {topics: [MY-mount-000]}
    window: 1s
    operations: [mean]
    sink: {topic: MY-out, config: {retention.ms: -1}}
`

func replace(old, with string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, with, 1) }
}

// twoTopics makes a spec read two topics, into a sink for each.
func twoTopics(text string) string {
	return strings.NewReplacer("[MY-mount-000]", "[MY-mount-000, MY-dome-000]", "topic: MY-out", `topic: "{topic}-out"`).Replace(text)
}

// written counts the results; a sink that is not there has none.
func (s *stage) written() int {
	s.t.Helper()
	topics, err := s.admin.ListTopics(s.context(), s.Prefix+"out")
	if err != nil {
		s.t.Fatal(err)
	}
	if topics.Error() != nil {
		return 0
	}
	return len(s.records(s.Prefix + "out"))
}

func (s *stage) configure(topic, key, value string) {
	s.t.Helper()
	change := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: key, Value: &value}}
	if _, err := s.admin.AlterTopicConfigs(s.context(), change, topic); err != nil {
		s.t.Fatal(err)
	}
}

// describeSink registers another schema for the sink, with one field beside
// those that every result has.
func (s *stage) describeSink(field string) {
	s.t.Helper()
	name := strings.ReplaceAll(s.Prefix+"out", "-", "_")
	text := `{"type":"record","name":"` + name + `","fields":[{"name":"time","type":"double"},{"name":"window_size","type":"double"},{"name":"count","type":"long"},` + field + `]}`
	if _, err := s.registry(s.SinkRegistry).CreateSchema(s.context(), s.Prefix+"out-value", sr.Schema{Schema: text}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) commit(topic, metadata string) { s.commitAt(topic, 10, metadata) }

// commitAt commits offsets for the pipeline's group as any tool could.
func (s *stage) commitAt(topic string, at int64, metadata string) {
	s.t.Helper()
	var offsets kadm.Offsets
	for p := range int32(4) {
		offsets.Add(kadm.Offset{Topic: topic, Partition: p, At: at, LeaderEpoch: -1, Metadata: metadata})
	}
	if err := s.admin.CommitAllOffsets(s.context(), s.group(), offsets); err != nil {
		s.t.Fatal(err)
	}
}

// forget deletes the group.
func (s *stage) forget() {
	s.t.Helper()
	if _, err := s.admin.DeleteGroup(s.context(), s.group()); err != nil {
		s.t.Fatal(err)
	}
}

// forgetTopic deletes the group's offsets of a topic.
func (s *stage) forgetTopic(topic string) {
	s.t.Helper()
	var offsets kadm.TopicsSet
	offsets.Add(topic, 0, 1, 2, 3)
	if _, err := s.admin.DeleteOffsets(s.context(), s.group(), offsets); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) group() string { return s.Prefix + "group." + s.Prefix + "p" }
