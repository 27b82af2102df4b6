package main

import (
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/pipeline/kafka"
	"github.com/aggrun/aggrun/spec"
)

// patience bounds how long a cluster may take to answer a command that asks it
// something.
const patience = 30 * time.Second

// connection is how to reach a cluster and its registries: flags, which beat the
// environment, which beats the spec.
type connection struct {
	brokers      addresses
	source, sink string // URLs

	kafka            kafkaSettings
	ofSource, ofSink registrySettings
}

func (c *connection) bindBrokers(fs *pflag.FlagSet) {
	fs.Var(&c.brokers, "brokers", "the Kafka cluster")
	orEnvironment(fs, "brokers", "AGGRUN_BROKERS", "KAFKA_BROKER_URL")
}

func (c *connection) bindSource(fs *pflag.FlagSet) {
	fs.StringVar(&c.source, "source-registry", "", "`URL` of the schema registry of source topics")
	orEnvironment(fs, "source-registry", "AGGRUN_SOURCE_REGISTRY", "SCHEMA_REGISTRY_URL")
}

func (c *connection) bindSink(fs *pflag.FlagSet) {
	fs.StringVar(&c.sink, "sink-registry", "", "`URL` of the schema registry of aggregated topics")
	orEnvironment(fs, "sink-registry", "AGGRUN_SINK_REGISTRY", "INTERNAL_SCHEMA_REGISTRY_URL")
}

// cluster is how to reach the brokers; loaded may be nil.
func (c *connection) cluster(loaded *spec.Spec, s streams, log *slog.Logger) (*connect.Cluster, error) {
	brokers := []string(c.brokers)
	if len(brokers) == 0 && loaded != nil {
		brokers = loaded.Kafka.Brokers
	}
	return c.kafka.cluster(brokers, loaded, connect.Surroundings{Env: s.env, Log: log})
}

// registry is how to reach the one of a name; loaded may be nil.
func (c *connection) registry(name string, loaded *spec.Spec, s streams, log *slog.Logger) (*connect.Registry, error) {
	var said spec.Registry
	if loaded != nil {
		said = loaded.Registries[name]
	}
	around := connect.Surroundings{Env: s.env, Log: log}
	switch name {
	case spec.SourceRegistry:
		return c.ofSource.registry(name, c.source, said, loaded, around)
	case spec.SinkRegistry:
		return c.ofSink.registry(name, c.sink, said, loaded, around)
	}
	other := registrySettings{}
	return other.registry(name, "", said, loaded, around)
}

// over fills in from a spec what neither flags nor environment gave.
func (c *connection) over(cfg *kafka.Config, loaded *spec.Spec, s streams) (err error) {
	if cfg.Cluster, err = c.cluster(loaded, s, cfg.Log); err != nil {
		return err
	}
	cfg.Brokers = cfg.Cluster.Brokers
	cfg.Registries, cfg.Access = map[string]string{}, map[string]*connect.Registry{}
	names := []string{spec.SourceRegistry, spec.SinkRegistry}
	for name := range loaded.Registries {
		names = append(names, name)
	}
	var errs []error
	for _, name := range names {
		if cfg.Access[name] != nil {
			continue
		}
		r, err := c.registry(name, loaded, s, cfg.Log)
		if err != nil {
			errs = append(errs, err)
		} else if r.URL != "" {
			cfg.Registries[name], cfg.Access[name] = r.URL, r
		}
	}
	return errors.Join(errs...)
}

var errNoBrokers = errors.New("no brokers: give --brokers, AGGRUN_BROKERS or, in a spec, kafka.brokers")
