package dashboard

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// This file has what the rows of the table read their values with.

// values take those of one metric and pipeline.
type values struct {
	desc     *prometheus.Desc
	kind     prometheus.ValueType
	pipeline string
	out      chan<- prometheus.Metric
}

func (v *values) add(x float64, labels ...string) {
	v.out <- prometheus.MustNewConstMetric(v.desc, v.kind, x, append([]string{v.pipeline}, labels...)...)
}

func one(value func(p *status.Pipeline) float64) func(*status.Pipeline, time.Time, *values) {
	return func(p *status.Pipeline, _ time.Time, out *values) { out.add(value(p)) }
}

func perID(of func(*status.Pipeline) map[pipeline.Partition]int64) func(*status.Pipeline, time.Time, *values) {
	return func(p *status.Pipeline, _ time.Time, out *values) {
		all := of(p)
		for _, id := range sorted(all) {
			out.add(float64(all[id]), id.Topic, number(id))
		}
	}
}

func registries(value func(r *status.Registry) float64) func(*status.Pipeline, time.Time, *values) {
	return func(p *status.Pipeline, _ time.Time, out *values) {
		for i := range p.Registries {
			out.add(value(&p.Registries[i]), p.Registries[i].Name)
		}
	}
}

// each goes through the partitions that are here.
func each(p *status.Pipeline, do func(s *pipeline.ShardStatus, q *pipeline.PartitionStatus)) {
	for i := range p.Worker.Shards {
		s := &p.Worker.Shards[i]
		for j := range s.Partitions {
			do(s, &s.Partitions[j])
		}
	}
}

func sorted[V any](of map[pipeline.Partition]V) []pipeline.Partition {
	return slices.SortedFunc(maps.Keys(of), func(a, b pipeline.Partition) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
	})
}

func number(id pipeline.Partition) string { return strconv.Itoa(int(id.ID)) }

// since1970 is an event time in seconds; not known before the first.
func since1970(ns int64) (float64, bool) { return float64(ns) / 1e9, ns != pipeline.None }

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
