package kafka

import (
	"context"
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

// This file waits for transactions that are open in sinks: what lies after their
// beginning, be it committed or not, cannot be read.

// decided are the bounds of sinks' partitions, once all that was in them at first can be
// read. What others write meanwhile is not waited for.
func (r *run) decided(ctx context.Context, sinks []string, limit time.Duration) (map[pipeline.Partition]pipeline.Bounds, error) {
	high := map[pipeline.Partition]int64{} // as first seen
	told := false
	wait := backoff{least: 20 * time.Millisecond, most: time.Second}
	for deadline := time.Now().Add(limit); ; wait.sleep(ctx) {
		bounds, err := r.bounds(ctx, sinks)
		if err != nil {
			return nil, err
		}
		var open []pipeline.Partition
		for id, b := range bounds {
			if _, seen := high[id]; !seen {
				high[id] = b.End.High
			}
			if b.End.Stable < high[id] {
				open = append(open, id)
			}
		}
		switch {
		case len(open) == 0:
			return bounds, nil
		case time.Now().After(deadline):
			return nil, stop("transactions have been open for %v in sinks %q: whether results of this pipeline lie after them cannot be told; "+
				"wait until they end, or find their producer (kafka-transactions.sh find-hanging)", limit, topicsOf(open))
		case !told:
			told = true
			r.log.Info("waiting for transactions that are open in sinks", "sinks", topicsOf(open))
		}
	}
}
