package example

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/pipeline/codec"
)

// Source is the cluster and the registry of example topics.
type Source struct {
	Brokers  []string
	Registry string // URL
}

// patience bounds what a cluster or a registry may take to answer.
const patience = 30 * time.Second

// Init makes the topics and registers their schemas, as many signals as fields.
// What is there already stays as it is; made tells which topics were not. Old
// records are kept for ever: a broker would remove them by their event time.
func (s Source) Init(ctx context.Context, topics []string, partitions, replication, fields int) (made []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers...))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	forEver := "-1"
	admin := kadm.NewClient(client)
	answers, err := admin.CreateTopics(ctx, int32(partitions), int16(replication),
		map[string]*string{"retention.ms": &forEver}, topics...)
	if err != nil {
		return nil, fmt.Errorf("create topics: %w", err)
	}
	for _, topic := range topics {
		switch err := answers[topic].Err; {
		case err == nil:
			made = append(made, topic)
		case !errors.Is(err, kerr.TopicAlreadyExists):
			return made, fmt.Errorf("create topic %s: %w", topic, err)
		}
	}
	if err := Await(ctx, admin, topics); err != nil {
		return made, err
	}
	return made, s.register(ctx, topics, fields)
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

func (s Source) register(ctx context.Context, topics []string, fields int) error {
	client, err := s.registry()
	if err != nil {
		return err
	}
	for _, topic := range topics {
		schema, err := codec.ExampleSchema(topic, fields)
		if err != nil {
			return err
		}
		if _, err := client.CreateSchema(ctx, subject(topic), sr.Schema{Schema: schema.Text()}); err != nil {
			return fmt.Errorf("register %s: %w", subject(topic), err)
		}
	}
	return nil
}

func (s Source) registry() (*sr.Client, error) {
	client, err := sr.NewClient(sr.URLs(strings.TrimSuffix(s.Registry, "/")), sr.UserAgent("aggrun"),
		sr.HTTPClient(&http.Client{Timeout: patience}))
	if err != nil {
		return nil, fmt.Errorf("registry %s: %w", s.Registry, err)
	}
	return client, nil
}

func subject(topic string) string { return topic + "-value" }

// target is an example topic as it is found.
type target struct {
	topic      string
	partitions int32
	schema     int32 // id
	fields     int   // signals
}

// targets looks the topics up.
func (s Source) targets(ctx context.Context, client *kgo.Client, topics []string) ([]target, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := kadm.NewClient(client).ListTopics(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	registry, err := s.registry()
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, topic := range topics {
		if err := found[topic].Err; err != nil {
			return nil, fmt.Errorf("topic %s: %w; aggrun init-example makes it", topic, err)
		}
		t := target{topic: topic, partitions: int32(len(found[topic].Partitions))}
		if t.schema, t.fields, err = latest(ctx, registry, topic); err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// latest reads the schema that a topic's records are to have.
func latest(ctx context.Context, registry *sr.Client, topic string) (id int32, fields int, err error) {
	const newest = -1
	found, err := registry.SchemaByVersion(ctx, subject(topic), newest)
	if err != nil {
		return 0, 0, fmt.Errorf("schema %s: %w; aggrun init-example registers it", subject(topic), err)
	}
	fields, err = signals(topic, found.Schema.Schema)
	return int32(found.ID), fields, err
}

// signals counts the signals of an example topic's schema, and refuses another
// schema: records of doubles alone would not fit it.
func signals(topic, text string) (int, error) {
	type form struct{ Fields []struct{ Name, Type string } }
	var found, want form
	if err := json.Unmarshal([]byte(text), &found); err != nil || len(found.Fields) == 0 {
		return 0, fmt.Errorf("schema %s is not an example topic's: want time and value0, value1 ..., all doubles", subject(topic))
	}
	n := len(found.Fields) - 1
	schema, err := codec.ExampleSchema(topic, n)
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal([]byte(schema.Text()), &want); err != nil {
		return 0, err
	}
	for i, f := range want.Fields {
		if found.Fields[i] != f {
			return 0, fmt.Errorf("schema %s is not an example topic's: field %s is %s, want %s, a %s",
				subject(topic), found.Fields[i].Name, found.Fields[i].Type, f.Name, f.Type)
		}
	}
	return n, nil
}
