package dashboard

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline/status"
)

var update = flag.Bool("update", false, "write docs/metrics.md and testdata/metrics.txt")

// docs is the page for users. `go test ./dashboard -update` writes it.
const docs = "../docs/metrics.md"

func TestDocsAreCurrent(t *testing.T) { golden(t, docs, page()) }

// The whole answer about a pipeline, in Prometheus' form: names and labels are relied
// upon, and change with a word in CHANGELOG.md.
func TestMetrics(t *testing.T) {
	p := healthy()
	still(&p, 2*time.Minute)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(newCollector(func() []status.Pipeline { return []status.Pipeline{p} }, func() time.Time { return now }))
	text, err := testutil.CollectAndFormat(registry, expfmt.TypeTextPlain, names()...)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/metrics.txt", string(text))
}

func names() (all []string) {
	for _, m := range metrics() {
		all = append(all, m.name)
	}
	return all
}

func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != text {
		t.Errorf("%s is not what the table says (%v): go test ./dashboard -update\n%s", path, err, text)
	}
}

// Names, units and kinds are as Prometheus wants them.
func TestLint(t *testing.T) {
	c := newCollector(func() []status.Pipeline { return []status.Pipeline{healthy()} }, time.Now)
	problems, err := testutil.CollectAndLint(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, m := range metrics() {
		if !strings.HasPrefix(m.name, "aggrun_") || m.help == "" || m.unit == "" || !strings.HasSuffix(m.help, ".") {
			t.Errorf("%s: %q in %q", m.name, m.help, m.unit)
		}
	}
}

// Pipelines stand side by side, and clients that come and go are counted together.
func TestClients(t *testing.T) {
	clients := NewClients()
	source := func() []status.Pipeline {
		p, q := healthy(), healthy()
		q.Name = "q"
		return []status.Pipeline{p, q}
	}
	for range 3 {
		client, err := kgo.NewClient(kgo.WithHooks(clients))
		if err != nil {
			t.Fatal(err)
		}
		clients.OnBrokerConnect(kgo.BrokerMetadata{NodeID: 1}, 0, nil, nil)
		client.Close()
	}
	g := Gatherer(source, clients, Build{"v1", "go1"}, time.Now)
	if err := testutil.GatherAndCompare(g, strings.NewReader(`# HELP aggrun_kafka_connects_total Total number of connections opened
# TYPE aggrun_kafka_connects_total counter
aggrun_kafka_connects_total{node_id="1"} 3
`), "aggrun_kafka_connects_total"); err != nil {
		t.Error(err)
	}
	found, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if strings.Contains(f.GetName(), "buffered") {
			t.Errorf("%s is of the first client alone", f.GetName())
		}
	}
	if problems, err := promlint.NewWithMetricFamilies(found).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

const introduction = `# Metrics and health

<!-- Written by "go test ./dashboard -update" from the table in dashboard/. -->

` + "`aggrun run --listen 9090`" + ` tells how its pipelines stand, over HTTP at 127.0.0.1; with ` + "`--listen 0.0.0.0:9090`" + ` whoever can reach the machine is told. Nothing that is asked changes anything.

| path | answers |
|---|---|
| ` + "`/metrics`" + ` | the metrics below, in Prometheus' form |
| ` + "`/livez`" + ` | 200 while the process's loops move: 503 where a worker has made no step for a minute though it waits for nothing outside, or a transaction has not ended for six. While brokers or registries are waited for it is 200, since a new process would wait, too |
| ` + "`/readyz`" + ` | 200 when every pipeline has joined its group and every shard gets on; else 503 and a line for each trouble: pipeline, shard, why, since when |

A process is not ready while a pipeline is being prepared, joins, or has stopped; while a registry does not answer and is waited for; and while a shard is

- **torn**: some of its partitions are with another worker, so that it holds; after 10 s its session begins anew;
- **stalled**: for a minute it has had something to read or to commit, and neither a committed offset nor C moved; what a transaction keeps back that a producer left open is something to read;
- **stopped** alone, while the others go on;
- **not told of**: brokers have not said for a minute where a silent partition ends.

A worker that stands by, since others have all the shards, is ready. So is one that reads again what open windows need.

**The account.** Every offset that a commit moved over has one fate, so for each partition

` + "```" + `
sum without (fate) (aggrun_records_total) == aggrun_offsets_committed_total
` + "```" + `

holds at all times: the two are counted in different places. Late in part is no fate: those records are among the aggregated. Counts are of commits that this process knows of; one that ended with a doubt, and had been committed after all, is in neither.

**Worth a warning:** ` + "`aggrun_shard_state{state=~\"stalled|stopped\"} == 1`" + `, ` + "`aggrun_pipeline_state{state=\"stopped\"} == 1`" + `, a rise of ` + "`aggrun_dead_letters_total`, `aggrun_sessions_ended_total` or `aggrun_registry_errors_total`" + `, and ` + "`aggrun_partition_retention_headroom_records`" + ` that comes near 0.

State is at most a second old while a worker makes steps. Every metric but aggrun_build_info and those of the clients has the label ` + "`pipeline`" + `; partitions and shards are those that are with this worker, and the counts of those that have left stay.
`

// page is docs/metrics.md.
func page() string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("\n| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n")
	for _, m := range metrics() {
		labels := make([]string, len(m.labels))
		for i, l := range m.labels {
			labels[i] = "`" + l + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.name, m.kind, m.unit, strings.Join(labels, ", "), m.help)
	}
	b.WriteString("| `aggrun_build_info` | gauge | 1 | `version`, `goversion` | 1, with the version of aggrun and of Go. |\n")
	b.WriteString(`
## The Kafka clients

By franz-go's kprom, with the label ` + "`node_id`" + ` of the broker (` + "`seed_0`" + ` is the first address that was given). All clients of the process are counted together: each pipeline has up to three, which are gone with their session.

| metric | type | unit | meaning |
|---|---|---|---|
`)
	for _, m := range clientMetrics() {
		fmt.Fprintf(&b, "| `%s` | counter | %s | %s. |\n", m[0], m[1], m[2])
	}
	b.WriteString("\nBeside these there are the usual metrics of a process and of Go: `process_*` and `go_*`.\n")
	return b.String()
}

// clientMetrics are the name, unit and help of kprom's metrics, as it gives them.
func clientMetrics() (all [][3]string) {
	clients := NewClients()
	client, err := kgo.NewClient(kgo.WithHooks(clients))
	if err != nil {
		panic(err)
	}
	defer client.Close()
	descriptions := make(chan *prometheus.Desc, 100)
	clients.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		name, help := quoted(d.String(), "fqName: "), quoted(d.String(), "help: ")
		if strings.HasSuffix(name, "_total") && !strings.Contains(name, "_buffered_") {
			what := strings.Split(strings.TrimSuffix(name, "_total"), "_")
			all = append(all, [3]string{name, what[len(what)-1], strings.TrimSuffix(help, ".")})
		}
	}
	slices.SortFunc(all, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	return all
}

// quoted is the text in quotes that follows a word.
func quoted(text, after string) string {
	_, rest, _ := strings.Cut(text, after+`"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
