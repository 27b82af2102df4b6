package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// shared is what the pipelines of a process have in common, so that hundreds of
// them ask no more than one: the client for everything outside their groups, and
// what it and the registries answer to each of them alike.
type shared struct {
	client *kgo.Client
	admin  *admin
	ends   *ends

	mu         sync.Mutex
	registries map[string]*registry // by name

	listing sync.Mutex
	topics  kadm.TopicDetails // not to be changed
	listed  time.Time
}

func newShared(cfg Config) (*shared, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.MetadataMinAge(cfg.Timing.MetadataMin),
	}, cfg.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	admin := newAdmin(client)
	return &shared{client: client, admin: admin, ends: newEnds(admin), registries: map[string]*registry{}}, nil
}

func (s *shared) close() { s.client.Close() }

// registry is the one of a name.
func (s *shared) registry(cfg Config, name string) (*registry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.registries[name]; r != nil {
		return r, nil
	}
	r, err := newRegistry(cfg.Registries[name], name, cfg.Log)
	if err == nil {
		s.registries[name] = r
	}
	return r, err
}

// list is what topics there are, as of no longer than age ago. Whoever comes while
// brokers are asked waits for that answer.
func (s *shared) list(ctx context.Context, age time.Duration) (kadm.TopicDetails, error) {
	s.listing.Lock()
	defer s.listing.Unlock()
	if s.topics != nil && time.Since(s.listed) < age {
		return s.topics, nil
	}
	asked := time.Now()
	topics, err := s.admin.ListTopics(ctx)
	if err != nil {
		return nil, err
	}
	s.topics, s.listed = topics, asked
	return topics, nil
}
