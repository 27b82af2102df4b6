// Package embedded is a development broker and two schema registries inside the
// process, on 127.0.0.1 alone: what demo, dev and the tests run against when no
// real Kafka is given.
//
//	Start(Options) -> *Cluster: Brokers, SourceRegistry, SinkRegistry, Close
//
// The broker is kfake, which speaks Kafka's protocol with groups and
// transactions. It is for development, and differs from Kafka where DESIGN
// section 12 says: it creates no topic by itself, takes any timestamp, and makes
// a commit visible at once.
//
// The registries speak Confluent's API. They take Avro alone, refuse what is not
// valid (code 42201), and check every new version against the earlier ones at the
// subject's compatibility level (409), which is BACKWARD unless it is set.
//
// With Options.Dir all three keep their data there, for one process at a time.
package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"
)

// minSession is the shortest session timeout that a consumer group may ask for:
// so short that a test need not wait for a dead member.
const minSession = 100 * time.Millisecond

// Options say where a cluster listens and what it keeps. The zero value is one
// broker in memory, on ports that are free.
type Options struct {
	Dir                string // where data is kept, made if need be; "": in memory
	Brokers            int    // 0: one
	KafkaPort          int    // of the first broker, the others following it; 0: any
	SourceRegistryPort int    // 0: any
	SinkRegistryPort   int    // 0: any
	Version            string // of Kafka, such as "2.8": no request is newer than it knew; "": the newest
	// Broker is more of the broker, for tests: TLS, users, permissions.
	Broker []kfake.Opt
}

// Cluster is a running broker and its registries.
type Cluster struct {
	fake         *kfake.Cluster
	brokers      []string
	source, sink *server
}

// Start starts a cluster. The caller closes it.
func Start(o Options) (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(o); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded cluster: %w", err), c.Close())
	}
	return c, nil
}

func (c *Cluster) start(o Options) (err error) {
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o755); err != nil {
			return err
		}
	}
	if c.source, err = startRegistry(o.SourceRegistryPort, o.Dir, "source-registry.json"); err != nil {
		return err
	}
	if c.sink, err = startRegistry(o.SinkRegistryPort, o.Dir, "sink-registry.json"); err != nil {
		return err
	}
	opts := o.kafka()
	if o.Version != "" {
		versions := kversion.FromString("v" + o.Version)
		if versions == nil {
			return fmt.Errorf("version %q is none of Kafka's: want one such as 2.8", o.Version)
		}
		opts = append(opts, kfake.MaxVersions(versions))
	}
	if c.fake, err = kfake.NewCluster(opts...); err != nil {
		return err
	}
	c.brokers = c.fake.ListenAddrs()
	return nil
}

// kafka is the broker's options. It listens on 127.0.0.1 by itself.
func (o Options) kafka() []kfake.Opt {
	n := max(o.Brokers, 1)
	opts := []kfake.Opt{
		kfake.NumBrokers(n),
		kfake.ClusterID("aggrun-embedded"),
		kfake.DefaultNumPartitions(1),
		kfake.GroupMinSessionTimeout(minSession),
	}
	if o.KafkaPort != 0 {
		ports := make([]int, n)
		for i := range ports {
			ports[i] = o.KafkaPort + i
		}
		opts = append(opts, kfake.Ports(ports...))
	}
	if o.Dir != "" {
		opts = append(opts, kfake.DataDir(filepath.Join(o.Dir, "kafka")))
	}
	return append(opts, o.Broker...)
}

// Brokers are the brokers' addresses, host:port.
func (c *Cluster) Brokers() []string { return c.brokers }

// SourceRegistry is the URL of the registry of source schemas.
func (c *Cluster) SourceRegistry() string { return c.source.url }

// SinkRegistry is the URL of the registry of sink schemas.
func (c *Cluster) SinkRegistry() string { return c.sink.url }

// Fake is the broker itself, for a test to put faults in.
func (c *Cluster) Fake() *kfake.Cluster { return c.fake }

// Close stops everything. What Dir holds is complete after it.
func (c *Cluster) Close() error {
	err := errors.Join(c.source.close(), c.sink.close())
	if c.fake != nil {
		c.fake.Close()
	}
	return err
}
