package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/example"
)

// Cluster is what is measured on.
type Cluster struct {
	Brokers []string `json:"brokers"`
	Source  string   `json:"source_registry"` // URL
	Sink    string   `json:"sink_registry"`   // URL
}

// patience bounds what a cluster or a registry may take to answer.
const patience = 30 * time.Second

// topicConfig is that of all topics of a bench. They are kept for ever, as their
// records are old. Their files are gone soon after them: brokers wait a minute if
// they are not told, and remove the files of one work in the midst of another.
func topicConfig() map[string]string {
	return map[string]string{"retention.ms": "-1", "file.delete.delay.ms": "1000"}
}

// prepare makes the topics and registers their schemas. It gives the schemas' ids.
func (c Cluster) prepare(ctx context.Context, l Load, topics []string) ([]int32, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...), kgo.MetadataMinAge(100*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	config := map[string]*string{}
	for k, v := range topicConfig() {
		config[k] = &v
	}
	made, err := admin.CreateTopics(ctx, int32(l.Partitions), -1, config, topics...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("create topics: %w", err)
	}
	if err := example.Await(ctx, admin, topics); err != nil {
		return nil, err
	}
	registry, err := registry(c.Source)
	if err != nil {
		return nil, err
	}
	var ids []int32
	for _, topic := range topics {
		s, err := registry.CreateSchema(ctx, topic+"-value", sr.Schema{Schema: l.schema()})
		if err != nil {
			return nil, fmt.Errorf("register %s-value: %w", topic, err)
		}
		ids = append(ids, int32(s.ID))
	}
	return ids, nil
}

func registry(url string) (*sr.Client, error) {
	return sr.NewClient(sr.URLs(strings.TrimSuffix(url, "/")), sr.UserAgent("aggrun"), sr.HTTPClient(&http.Client{Timeout: patience}))
}

// clear removes the topics, groups and subjects whose names begin with a bench's
// own name: what it made, and what its pipelines did. It has its own time, as the
// bench may have been interrupted.
func (c Cluster) clear(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	err := errors.Join(c.clearBroker(ctx, name), clearSubjects(ctx, c.Source, name))
	if c.Sink != c.Source {
		err = errors.Join(err, clearSubjects(ctx, c.Sink, name))
	}
	if err != nil {
		return fmt.Errorf("removing what is called %s...: %w", name, err)
	}
	return nil
}

func (c Cluster) clearBroker(ctx context.Context, name string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		return err
	}
	if mine := own(topics.Names(), name); len(mine) > 0 {
		gone, err := admin.DeleteTopics(ctx, mine...)
		if err = errors.Join(err, gone.Error()); err != nil {
			return err
		}
	}
	groups, err := admin.ListGroups(ctx)
	if err != nil {
		return err
	}
	for _, group := range own(groups.Groups(), name) {
		if err := deleteGroup(ctx, admin, group); err != nil {
			return err
		}
	}
	return nil
}

// deleteGroup waits for members that were killed: their session has to end first.
func deleteGroup(ctx context.Context, admin *kadm.Client, group string) error {
	for {
		_, err := admin.DeleteGroup(ctx, group)
		if err == nil || !errors.Is(err, kerr.NonEmptyGroup) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("group %s: %w", group, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func clearSubjects(ctx context.Context, url, name string) error {
	client, err := registry(url)
	if err != nil {
		return err
	}
	subjects, err := client.Subjects(ctx)
	if err != nil {
		return err
	}
	for _, subject := range own(subjects, name) {
		for _, how := range []sr.DeleteHow{sr.SoftDelete, sr.HardDelete} {
			if _, err := client.DeleteSubject(ctx, subject, how); err != nil {
				return err
			}
		}
	}
	return nil
}

// own are the names that begin with a bench's.
func own(names []string, name string) (mine []string) {
	for _, n := range names {
		if strings.HasPrefix(n, name) {
			mine = append(mine, n)
		}
	}
	return mine
}
