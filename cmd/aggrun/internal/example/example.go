// Package example plays the source of a telemetry system: it makes the example
// topics, describes them in the source registry, and writes records to them.
//
//	Source.Init -> topics, schemas
//	Load -> schedule (partition, event time, values of each message) -> Source.Produce -> topics
//
// Their records hold time and signals, and whatever fields else a Topic names.
//
// A schedule is pure: the same Load gives the same messages, in the same order,
// however fast they are written. Its clock is event time: message n of a topic
// is made at Start + n/Frequency, and none is written before its time has come.
package example

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aggrun/aggrun/pipeline/codec"
)

// Load is what is to be written.
type Load struct {
	Topics    []Topic
	Start     time.Time // event time of the first messages; zero is now
	Frequency float64   // messages a second of event time, in each topic
	Messages  int64     // of each topic; 0 goes on for ever
	// Rate is the most messages a second that are written, of all topics
	// together; 0 sets no bound but event time, which bounds it in any case.
	Rate float64

	Disorder   float64       // share of messages, 0 to 1, whose event time lies back
	DisorderBy time.Duration // at most so far

	Silence []Silence // partitions that get no message for a time
	Keys    int       // distinct record keys, which choose the partition; 0 gives none
	Seed    uint64
}

// Silence is a time, of event time since the start, in which a partition of
// every topic gets no message.
type Silence struct {
	Partition   int32
	After, Span time.Duration // Span 0 is for ever
}

// contains tells whether the silence covers the time since the start.
func (s Silence) contains(since time.Duration) bool {
	return since >= s.After && (s.Span == 0 || since < s.After+s.Span)
}

// Topic is an example topic. Its records hold time, the signals value0, value1 ...
// and the fields.
type Topic struct {
	Name    string
	Signals int // that Init describes; to write, it is the schema that tells
	Fields  []Field
}

// Topics are n example topics: prefix-000 and so on.
func Topics(prefix string, n int) []Topic {
	topics := make([]Topic, n)
	for i := range topics {
		topics[i].Name = fmt.Sprintf("%s-%03d", prefix, i)
	}
	return topics
}

func names(topics []Topic) []string {
	var names []string
	for _, t := range topics {
		names = append(names, t.Name)
	}
	return names
}

// tree is the topic's fields beside the signals.
func (t Topic) tree() *node { return fieldTree(t.Fields, rand.New(rand.NewPCG(0, 0))) }

// schema is the Avro schema of the topic's records.
func (t Topic) schema() (string, error) {
	plain, err := codec.ExampleSchema(t.Name, t.Signals)
	if err != nil {
		return "", err
	}
	if len(t.Fields) == 0 {
		return plain.Text(), nil
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(plain.Text()), &record); err != nil {
		return "", err
	}
	record["fields"] = append(record["fields"].([]any), t.tree().fields(record["name"].(string))...)
	text, err := json.Marshal(record)
	return string(text), err
}

// Check finds what a load cannot mean.
func (l Load) Check() error {
	switch {
	case l.Frequency <= 0 || l.Frequency > 1e6:
		return fmt.Errorf("frequency %v: want more than 0 and at most 1000000 Hz", l.Frequency)
	case l.Messages < 0:
		return fmt.Errorf("%d messages: want 0 or more", l.Messages)
	case l.Disorder < 0 || l.Disorder > 1:
		return fmt.Errorf("disorder of %v %%: want 0 to 100", 100*l.Disorder)
	case l.Disorder > 0 && l.DisorderBy <= 0:
		return fmt.Errorf("disorder by %v: want how far event times may lie back", l.DisorderBy)
	case l.Keys < 0:
		return fmt.Errorf("%d keys: want 0 or more", l.Keys)
	}
	return nil
}

// checkPartitions finds partitions that a topic does not have, and a topic of
// which every partition is empty.
func (l Load) checkPartitions(topic string, partitions int32) error {
	empty := map[int32]bool{}
	for _, s := range l.Silence {
		if s.Partition < 0 || s.Partition >= partitions {
			return fmt.Errorf("topic %s has no partition %d, only 0 to %d", topic, s.Partition, partitions-1)
		}
		if s == (Silence{Partition: s.Partition}) {
			empty[s.Partition] = true
		}
	}
	if len(empty) == int(partitions) {
		return fmt.Errorf("topic %s: every partition is to stay empty", topic)
	}
	return nil
}

// SignalName is the field of signal i.
func SignalName(i int) string { return fmt.Sprintf("value%d", i) }
