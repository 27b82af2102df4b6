package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/example"
	"github.com/aggrun/aggrun/spec"
)

func initExampleCommand() command {
	return command{
		name: "init-example",
		doc:  "make the example topics and register their schemas",
		long: `Makes the topics example-000, example-001 and so on, with records of time and
value0, value1 ..., all doubles, and registers their schemas in the source
registry. Topics that exist stay as they are. aggrun produce writes to them.

	aggrun init-example --brokers localhost:9092 --source-registry http://localhost:8081
`,
		bind: func(fs *pflag.FlagSet) action {
			o := &initOptions{}
			o.bind(fs)
			return o.run
		},
	}
}

// exampleTopics is which example topics a command is about.
type exampleTopics struct {
	connection
	name   string
	topics int
}

func (o *exampleTopics) bind(fs *pflag.FlagSet) {
	o.bindBrokers(fs)
	o.bindSource(fs)
	o.kafka.bind(fs)
	o.ofSource.bind(fs, spec.SourceRegistry)
	fs.StringVar(&o.name, "name", "example", "`NAME` that the topics' names begin with")
	fs.IntVar(&o.topics, "topics", 10, "`N` topics")
}

// check finds what is missing and gives the source and its topics.
func (o *exampleTopics) check(s streams) (example.Source, []example.Topic, error) {
	switch {
	case len(o.brokers) == 0:
		return example.Source{}, nil, errors.New("no brokers: give --brokers or AGGRUN_BROKERS")
	case o.source == "":
		return example.Source{}, nil, errors.New("no source registry: give --source-registry or AGGRUN_SOURCE_REGISTRY")
	case o.topics < 1 || o.topics > 1000:
		return example.Source{}, nil, fmt.Errorf("--topics %d: want 1 to 1000", o.topics)
	}
	cluster, err := o.cluster(nil, s, nil)
	if err != nil {
		return example.Source{}, nil, err
	}
	registry, err := o.registry(spec.SourceRegistry, nil, s, nil)
	if err != nil {
		return example.Source{}, nil, err
	}
	return example.Source{Cluster: cluster, Registry: registry}, example.Topics(o.name, o.topics), nil
}

// initOptions are the flags of init-example.
type initOptions struct {
	exampleTopics
	partitions, replication, fields int
}

func (o *initOptions) bind(fs *pflag.FlagSet) {
	o.exampleTopics.bind(fs)
	fs.IntVar(&o.partitions, "partitions", 4, "`N` partitions of each topic")
	fs.IntVar(&o.replication, "replication", -1, "`N` replicas of each partition; -1 is the broker's default")
	fs.IntVar(&o.fields, "fields", 10, "`N` signals in each record: value0, value1 ...")
}

func (o *initOptions) run(ctx context.Context, s streams, _ []string) error {
	source, topics, err := o.check(s)
	if err != nil {
		return err
	}
	if o.partitions < 1 || o.fields < 1 || o.fields > 1000 {
		return errors.New("want at least 1 partition, and 1 to 1000 fields")
	}
	for i := range topics {
		topics[i].Signals = o.fields
	}
	made, err := source.Init(ctx, topics, o.partitions, o.replication)
	if err != nil {
		return err
	}
	for _, topic := range made {
		fmt.Fprintf(s.err, "made %s\n", topic)
	}
	if there := len(topics) - len(made); there > 0 {
		fmt.Fprintf(s.err, "%d topics were there already\n", there)
	}
	return nil
}
