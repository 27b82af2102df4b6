package example

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/connect"
)

// Source is the cluster and the registry of example topics.
type Source struct {
	Cluster  *connect.Cluster
	Registry *connect.Registry
}

// client connects to the cluster, if it is one that will have us.
func (s Source) client(ctx context.Context, opts ...kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(append(s.Cluster.Options(), opts...)...)
	if err != nil {
		return nil, err
	}
	if err := s.Cluster.Reach(ctx, client); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// patience bounds what a cluster or a registry may take to answer.
const patience = 30 * time.Second

// Init makes the topics and registers their schemas. What is there already stays
// as it is; made tells which topics were not. Old records are kept for ever: a
// broker would remove them by their event time.
func (s Source) Init(ctx context.Context, topics []Topic, partitions, replication int) (made []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	forEver := "-1"
	admin := kadm.NewClient(client)
	answers, err := admin.CreateTopics(ctx, int32(partitions), int16(replication),
		map[string]*string{"retention.ms": &forEver}, names(topics)...)
	if err != nil {
		return nil, fmt.Errorf("create topics: %w", err)
	}
	for _, topic := range names(topics) {
		switch err := answers[topic].Err; {
		case err == nil:
			made = append(made, topic)
		case !errors.Is(err, kerr.TopicAlreadyExists):
			return made, fmt.Errorf("create topic %s: %w", topic, err)
		}
	}
	if err := Await(ctx, admin, names(topics)); err != nil {
		return made, err
	}
	return made, s.register(ctx, topics)
}

// Await waits until the topics can be written to: brokers learn of a new one a
// moment after its creation is answered.
func Await(ctx context.Context, admin *kadm.Client, topics []string) error {
	for {
		found, err := admin.ListTopics(ctx, topics...)
		if err == nil {
			err = ready(found)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func ready(topics kadm.TopicDetails) error {
	for _, t := range topics {
		if t.Err != nil {
			return fmt.Errorf("topic %s: %w", t.Topic, t.Err)
		}
		for _, p := range t.Partitions {
			if p.Err != nil {
				return fmt.Errorf("topic %s, partition %d: %w", t.Topic, p.Partition, p.Err)
			}
		}
	}
	return nil
}

func (s Source) register(ctx context.Context, topics []Topic) error {
	client, err := s.registry()
	if err != nil {
		return err
	}
	for _, topic := range topics {
		schema, err := topic.schema()
		if err != nil {
			return err
		}
		if _, err := client.CreateSchema(ctx, subject(topic.Name), sr.Schema{Schema: schema}); err != nil {
			return fmt.Errorf("register %s: %w", subject(topic.Name), s.Registry.Explain(err))
		}
	}
	return nil
}

func (s Source) registry() (*sr.Client, error) {
	base := http.DefaultTransport.(*http.Transport).Clone()
	client, err := sr.NewClient(sr.URLs(strings.TrimSuffix(s.Registry.URL, "/")), sr.UserAgent("aggrun"),
		sr.HTTPClient(&http.Client{Timeout: patience, Transport: s.Registry.Transport(base)}))
	if err != nil {
		return nil, fmt.Errorf("registry %s: %w", s.Registry.URL, err)
	}
	return client, nil
}

func subject(topic string) string { return topic + "-value" }

// target is an example topic as it is found.
type target struct {
	Topic
	partitions int32
	schema     int32 // id
}

// targets looks the topics up.
func (s Source) targets(ctx context.Context, client *kgo.Client, topics []Topic) ([]target, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := kadm.NewClient(client).ListTopics(ctx, names(topics)...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	registry, err := s.registry()
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, topic := range topics {
		there := found[topic.Name]
		if there.Err != nil {
			return nil, fmt.Errorf("topic %s: %w; aggrun init-example makes it", topic.Name, there.Err)
		}
		t := target{Topic: topic, partitions: int32(len(there.Partitions))}
		if err := t.describe(ctx, registry); err != nil {
			return nil, s.Registry.Explain(err)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// describe reads the schema that the topic's records are to have.
func (t *target) describe(ctx context.Context, registry *sr.Client) error {
	const newest = -1
	found, err := registry.SchemaByVersion(ctx, subject(t.Name), newest)
	if err != nil {
		return fmt.Errorf("schema %s: %w; aggrun init-example registers it", subject(t.Name), err)
	}
	t.schema = int32(found.ID)
	t.Signals, err = signals(t.Topic, found.Schema.Schema)
	return err
}

// signals counts the signals of an example topic's schema, and refuses another
// schema, which records of these fields would not fit.
func signals(topic Topic, text string) (int, error) {
	type form struct {
		Fields []struct {
			Name string
			Type any
		}
	}
	var found, want form
	stranger := fmt.Errorf("schema %s is not an example topic's: want time and value0, value1 ..., all doubles", subject(topic.Name))
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return 0, stranger
	}
	topic.Signals = len(found.Fields) - 1 - len(topic.tree().nest)
	if topic.Signals < 0 {
		return 0, stranger
	}
	expected, err := topic.schema()
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal([]byte(expected), &want); err != nil {
		return 0, err
	}
	for i, f := range want.Fields {
		if !reflect.DeepEqual(found.Fields[i], f) {
			return 0, fmt.Errorf("schema %s is not an example topic's: field %s is %v, want %s, a %v",
				subject(topic.Name), found.Fields[i].Name, found.Fields[i].Type, f.Name, f.Type)
		}
	}
	return topic.Signals, nil
}
