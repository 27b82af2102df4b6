package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/embedded"
)

func devCommand() command {
	return command{
		name: "dev",
		doc:  "run a broker and two registries to work against",
		long: `Runs an embedded broker and two schema registries on 127.0.0.1 until Ctrl-C, and
prints the environment that points the other commands at them. They are for
development: nothing is replicated, and without --dir nothing is kept.

	aggrun dev > /tmp/env & sleep 1; source /tmp/env
	aggrun init-example && aggrun produce & aggrun run -f examples/seed
`,
		bind: func(fs *pflag.FlagSet) action {
			var o embedded.Options
			fs.IntVar(&o.KafkaPort, "kafka-port", 9092, "let the broker listen on port `N`; 0 is any")
			fs.IntVar(&o.SourceRegistryPort, "source-registry-port", 8081, "let the source registry listen on port `N`; 0 is any")
			fs.IntVar(&o.SinkRegistryPort, "sink-registry-port", 28081, "let the sink registry listen on port `N`; 0 is any")
			fs.StringVar(&o.Dir, "dir", "", "keep topics and schemas in the folder `PATH`")
			return func(ctx context.Context, s streams, _ []string) error { return dev(ctx, s, o) }
		},
	}
}

func dev(ctx context.Context, s streams, o embedded.Options) error {
	cluster, err := embedded.Start(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "export AGGRUN_BROKERS=%s\nexport AGGRUN_SOURCE_REGISTRY=%s\nexport AGGRUN_SINK_REGISTRY=%s\n",
		strings.Join(cluster.Brokers(), ","), cluster.SourceRegistry(), cluster.SinkRegistry())
	kept := "in memory"
	if o.Dir != "" {
		kept = "in " + o.Dir
	}
	fmt.Fprintf(s.err, "an embedded broker and registries run, for development alone, their data %s; Ctrl-C stops them\n", kept)
	<-ctx.Done()
	return cluster.Close()
}
