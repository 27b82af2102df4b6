package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
)

func aclsCommand() command {
	return command{
		name: "acls",
		doc:  "print the permissions that the pipelines of specs need",
		long: `Prints the ACLs that workers of the specs need, and no more, as commands for
Kafka's own tool, as a table that says what each is for, or as JSON. It asks no
cluster: topics that are named exactly are named; of a glob or a regular
expression, Kafka's ACLs can only hold what the names begin with.

	aggrun acls -f pipelines/ --principal User:aggrun --brokers kafka:9093 \
	    --command-config admin.properties
	aggrun acls -f pipelines/ --principal User:aggrun --format text
`,
		bind: func(fs *pflag.FlagSet) action {
			o := &aclsOptions{}
			o.bind(fs)
			return o.run
		},
	}
}

// aclsOptions are the flags of acls.
type aclsOptions struct {
	specs
	brokers         addresses
	only            []string
	principal       string
	config          string
	group, instance string
	format          choice
}

func (o *aclsOptions) bind(fs *pflag.FlagSet) {
	o.specs.bind(fs)
	fs.StringVar(&o.principal, "principal", "", "whom to permit, `TYPE:NAME`, such as User:aggrun or User:CN=aggrun")
	fs.StringSliceVar(&o.only, "only", nil, "those of the pipelines `NAME,...` alone")
	fs.StringVar(&o.group, "group", "aggrun", "consumer group: `NAME`.<pipeline> of each pipeline")
	orEnvironment(fs, "group", "AGGRUN_GROUP")
	fs.StringVar(&o.instance, "instance", "", "of the worker called `NAME` alone; any by default")
	fs.Var(&o.brokers, "brokers", "the Kafka cluster, for the commands; the spec's by default")
	orEnvironment(fs, "brokers", "AGGRUN_BROKERS", "KAFKA_BROKER_URL")
	fs.StringVar(&o.config, "command-config", "", "`FILE` of the administrator's connection, for the commands")
	o.format = choice{"commands", []string{"commands", "text", "json"}}
	fs.Var(&o.format, "format", "form of the answer")
}

var principal = regexp.MustCompile(`^[A-Za-z]+:.+$`)

func (o *aclsOptions) run(_ context.Context, s streams, _ []string) error {
	loaded, all, err := o.load()
	if err != nil {
		return err
	}
	plans, err := only(all, o.only)
	if err != nil {
		return err
	}
	if o.format.word != "text" && !principal.MatchString(o.principal) {
		return errors.New("--principal is missing: give whom to permit, such as User:aggrun")
	}
	brokers := []string(o.brokers)
	if len(brokers) == 0 {
		brokers = loaded.Kafka.Brokers
	}
	if err := (&connect.Cluster{Brokers: brokers}).Check(); err != nil {
		return err
	}
	acls := kafka.ACLs(kafka.Config{Group: o.group, Instance: o.instance}, plans)
	for _, note := range notes(plans) {
		fmt.Fprintln(s.err, note)
	}
	switch o.format.word {
	case "json":
		return aclsJSON(s.out, o.principal, acls)
	case "text":
		return aclsTable(s.out, acls)
	}
	return aclsCommands(s.out, o.command(brokers), acls)
}

// command is what each of Kafka's commands begins with.
func (o *aclsOptions) command(brokers []string) string {
	text := "kafka-acls.sh --bootstrap-server " + quoted(cmp.Or(strings.Join(brokers, ","), "localhost:9092"))
	if o.config != "" {
		text += " --command-config " + quoted(o.config)
	}
	return text + " --add --allow-principal " + quoted(o.principal)
}

// aclsCommands is one command for each resource.
func aclsCommands(w io.Writer, begin string, acls []kafka.ACL) error {
	var order []resource
	operations := map[resource]string{}
	for _, a := range acls {
		r := resource{a.Resource, a.Name, a.Prefixed}
		if operations[r] == "" {
			order = append(order, r)
		}
		operations[r] += " --operation " + a.Operation
	}
	for _, r := range order {
		pattern := ""
		if r.prefixed {
			pattern = " --resource-pattern-type prefixed"
		}
		if _, err := fmt.Fprintf(w, "%s --%s %s%s%s\n", begin, r.kind, quoted(r.name), pattern, operations[r]); err != nil {
			return err
		}
	}
	return nil
}

// resource is what a command is about.
type resource struct {
	kind, name string
	prefixed   bool
}

func aclsTable(w io.Writer, acls []kafka.ACL) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RESOURCE\tNAME\tOPERATION\tTO")
	for _, a := range acls {
		name := a.Name
		if a.Prefixed {
			name += "*"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", a.Resource, name, a.Operation, a.Why)
	}
	return t.Flush()
}

func aclsJSON(w io.Writer, principal string, acls []kafka.ACL) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"principal": principal, "acls": acls})
}

// notes are what these permissions let pass beyond the specs' words.
func notes(plans []*pipeline.Plan) (lines []string) {
	for _, p := range plans {
		read, write := map[string]bool{}, map[string]bool{}
		for _, a := range kafka.ACLs(kafka.Config{}, []*pipeline.Plan{p}) {
			if a.Resource == "topic" && (a.Prefixed || a.Name == "*") {
				read[a.Name] = read[a.Name] || a.Operation == "Read"
				write[a.Name] = write[a.Name] || a.Operation == "Write"
			}
		}
		switch {
		case write["*"]:
			lines = append(lines, fmt.Sprintf("note: pipeline %s may write every topic: let the names of its sinks begin with a word of their own (sink.topic)", p.Spec.Name))
		case slices.ContainsFunc(slices.Collect(maps.Keys(write)), func(n string) bool { return write[n] && strings.HasPrefix(p.Spec.Sink.Topic, "{") }):
			lines = append(lines, fmt.Sprintf("note: pipeline %s may write its sources too, since the names of its sinks begin alike: "+
				"a sink.topic such as \"aggregated.{topic}\" keeps them apart", p.Spec.Name))
		}
		if read["*"] {
			lines = append(lines, fmt.Sprintf("note: pipeline %s may read every topic: the names of its sources begin with nothing in common", p.Spec.Name))
		}
	}
	return lines
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:,=@+-]+$`)

// quoted is text as a shell's word.
func quoted(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
