package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/pipeline"
)

func listCommand() command {
	return command{
		name: "list",
		doc:  "list pipelines, their topics and sink topics",
		long: `Lists each pipeline with the topics that it names and the sink topics that they
lead to. With brokers, given by flag or environment, it asks the cluster and
lists the topics that match now, each with its sink topic.

	aggrun list -f pipelines/
	aggrun list -f pipelines/ --brokers localhost:9092
`,
		bind: func(fs *pflag.FlagSet) action {
			var f specs
			var c connection
			f.bind(fs)
			c.bindBrokers(fs)
			c.kafka.bind(fs)
			return func(ctx context.Context, s streams, _ []string) error {
				loaded, plans, err := f.load()
				if err != nil {
					return err
				}
				if len(c.brokers) == 0 {
					return list(s.out, plans, named)
				}
				cluster, err := c.cluster(loaded, s, nil)
				if err != nil {
					return err
				}
				topics, err := clusterTopics(ctx, cluster)
				if err != nil {
					return err
				}
				return list(s.out, plans, matched(topics, plans))
			}
		},
	}
}

// row is one line of the list.
type row struct{ topic, sink string }

// list prints a table; rows gives a pipeline's lines.
func list(w io.Writer, plans []*pipeline.Plan, rows func(*pipeline.Plan) []row) error {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PIPELINE\tTOPIC\tSINK TOPIC\tDESCRIPTION")
	for _, p := range plans {
		for _, r := range rows(p) {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", p.Spec.Name, r.topic, r.sink, firstLine(p.Spec.Description))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	return nil
}

// named are the topics as the spec names them.
func named(p *pipeline.Plan) []row {
	var rows []row
	for _, src := range p.Spec.Sources {
		if src.Regex != "" {
			rows = append(rows, row{"/" + src.Regex + "/", p.Spec.Sink.Topic})
		}
		for _, topic := range src.Topics {
			rows = append(rows, row{topic, p.Sink(topic)})
		}
	}
	return rows
}

// matched gives the rows of a cluster that has these topics.
func matched(topics []string, all []*pipeline.Plan) func(*pipeline.Plan) []row {
	return func(p *pipeline.Plan) []row {
		var rows []row
		for _, topic := range topics {
			if p.Matches(topic, all) {
				rows = append(rows, row{topic, p.Sink(topic)})
			}
		}
		if len(rows) == 0 {
			return []row{{"(none matches)", p.Spec.Sink.Topic}}
		}
		return rows
	}
}

// clusterTopics are the cluster's topics, in order of name.
func clusterTopics(ctx context.Context, cluster *connect.Cluster) ([]string, error) {
	client, err := kgo.NewClient(cluster.Options()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := cluster.Reach(ctx, client); err != nil {
		return nil, err
	}
	topics, err := kadm.NewClient(client).ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the topics of %s: %w", strings.Join(cluster.Brokers, ","), err)
	}
	return topics.Names(), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
