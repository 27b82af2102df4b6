package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/connect"
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

	listing chan struct{}     // held by who asks for the topics, and looks at what follows
	topics  kadm.TopicDetails // not to be changed
	failed  error             // in their place
	listed  time.Time         // when they were asked for
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
	return &shared{client: client, admin: admin, ends: newEnds(admin), registries: map[string]*registry{}, listing: make(chan struct{}, 1)}, nil
}

func (s *shared) close() { s.client.Close() }

// registry is the one of a name.
func (s *shared) registry(cfg Config, name string) (*registry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.registries[name]; r != nil {
		return r, nil
	}
	access := cfg.Access[name]
	if access == nil {
		access = connect.Open(name, cfg.Registries[name])
	}
	r, err := newRegistry(access, cfg.Log)
	if err == nil {
		s.registries[name] = r
	}
	return r, err
}

// list is what topics there are, as of no longer than age ago. Whoever comes while
// brokers are asked waits for that answer, an error too.
func (s *shared) list(ctx context.Context, age time.Duration) (kadm.TopicDetails, error) {
	came := time.Now()
	select {
	case s.listing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.listing }()
	if s.listed.After(came) || s.failed == nil && s.topics != nil && time.Since(s.listed) < age {
		return s.topics, s.failed
	}
	asked := time.Now()
	topics, err := s.admin.ListTopics(ctx)
	if ctx.Err() != nil {
		return nil, err // says nothing of the brokers
	}
	s.topics, s.failed, s.listed = topics, err, asked
	return topics, err
}
