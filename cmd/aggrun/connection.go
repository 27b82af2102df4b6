package main

import (
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/spf13/pflag"

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

// over fills in from a spec what neither flags nor environment gave.
func (c connection) over(s *spec.Spec) (brokers []string, registries map[string]string) {
	brokers = c.brokers
	if len(brokers) == 0 {
		brokers = s.Kafka.Brokers
	}
	registries = map[string]string{}
	for name, r := range s.Registries {
		registries[name] = r.URL
	}
	given := map[string]string{spec.SourceRegistry: c.source, spec.SinkRegistry: c.sink}
	maps.DeleteFunc(given, func(_, url string) bool { return url == "" })
	maps.Copy(registries, given)
	for name, url := range registries {
		registries[name] = strings.TrimSuffix(url, "/")
	}
	return brokers, registries
}

var errNoBrokers = errors.New("no brokers: give --brokers, AGGRUN_BROKERS or, in a spec, kafka.brokers")
