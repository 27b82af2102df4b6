package dashboard

import (
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"

	"github.com/aggrun/aggrun/pipeline/status"
)

// Gatherer gathers the metrics of the table, those of the Kafka clients if there are
// any, and those of the process.
func Gatherer(source Source, clients *Clients, build Build, now Clock) prometheus.Gatherer {
	own := prometheus.NewPedanticRegistry()
	own.MustRegister(
		newCollector(source, now), newBuildInfo(build),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if clients == nil {
		return own
	}
	return prometheus.Gatherers{own, clients}
}

// newBuildInfo is the metric that says which program this is.
func newBuildInfo(b Build) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "aggrun_build_info", Help: "1, with the version of aggrun and of Go.",
		ConstLabels: prometheus.Labels{"version": b.Version, "goversion": b.Go},
	})
	g.Set(1)
	return g
}

// collector reads the table's metrics from snapshots.
type collector struct {
	source Source
	now    Clock
	rows   []row
}

type row struct {
	metric
	desc *prometheus.Desc
}

func newCollector(source Source, now Clock) *collector {
	c := &collector{source: source, now: now}
	for _, m := range metrics() {
		labels := append([]string{"pipeline"}, m.labels...)
		c.rows = append(c.rows, row{m, prometheus.NewDesc(m.name, m.help, labels, nil)})
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, r := range c.rows {
		out <- r.desc
	}
}

// Collect implements prometheus.Collector: all values are of the same snapshots.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	now := c.now()
	for _, p := range c.source() {
		for _, r := range c.rows {
			switch r.kind {
			case histogram:
				out <- durations(r.desc, &p)
			case counter:
				r.read(&p, now, &values{r.desc, prometheus.CounterValue, p.Name, out})
			default:
				r.read(&p, now, &values{r.desc, prometheus.GaugeValue, p.Name, out})
			}
		}
	}
}

// durations is the one histogram there is.
func durations(desc *prometheus.Desc, p *status.Pipeline) prometheus.Metric {
	d := &p.Commits
	return prometheus.MustNewConstHistogram(desc, d.Count, d.Sum.Seconds(), d.Cumulated(), p.Name)
}

// Clients counts what the Kafka clients of a process do, by kprom: a hook for each of
// them (kgo.WithHooks). A pipeline has three clients and a session's are gone with it,
// so that metrics of each would be thousands, and begin anew. They are counted
// together, by broker.
type Clients struct {
	*kprom.Metrics
	registry *prometheus.Registry
	once     sync.Once
}

// NewClients makes the hook.
func NewClients() *Clients {
	registry := prometheus.NewRegistry()
	return &Clients{
		registry: registry,
		Metrics: kprom.NewMetrics("aggrun_kafka", kprom.Registry(registry),
			kprom.FetchAndProduceDetail(kprom.ByNode, kprom.Batches, kprom.Records, kprom.CompressedBytes, kprom.UncompressedBytes, kprom.ConsistentNaming)),
	}
}

// OnNewClient implements kgo.HookNewClient: kprom makes its metrics with the first
// client, and would make them again.
func (c *Clients) OnNewClient(client *kgo.Client) {
	c.once.Do(func() { c.Metrics.OnNewClient(client) })
}

// OnClientClosed implements kgo.HookClientClosed: kprom would take its metrics away.
func (c *Clients) OnClientClosed(*kgo.Client) {}

// Gather implements prometheus.Gatherer. What is buffered is left out: kprom asks the
// first client alone.
func (c *Clients) Gather() ([]*dto.MetricFamily, error) {
	found, err := c.registry.Gather()
	var kept []*dto.MetricFamily
	for _, f := range found {
		if !strings.Contains(f.GetName(), "_buffered_") {
			kept = append(kept, f)
		}
	}
	return kept, err
}
