package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// adoption is a source topic on its way to be read: what was found out about it
// so far, or why it cannot be.
type adoption struct {
	kadm.TopicDetail
	sink   string
	source int
	schema *codec.Schema // nil while it has none
	err    error
}

// adopt checks source topics and makes their sinks ready. There may be hundreds:
// brokers are asked about all of them at once, and registries, which cannot be,
// about a few at a time. list is what topics there are.
func (r *run) adopt(ctx context.Context, all []*adoption, list kadm.TopicDetails) {
	for _, a := range all {
		a.err = r.mayRead(a)
	}
	r.checkSources(ctx, usable(all))
	made := r.readySinks(ctx, usable(all), list)
	var led sync.WaitGroup
	led.Go(func() { r.awaitLeaders(ctx, made) })
	defer led.Wait()
	r.newest(ctx, usable(all))
	for _, a := range usable(all) {
		if a.schema != nil && !r.prepared {
			r.schemas[a.source] = append(r.schemas[a.source], a.schema)
		}
	}
	each(bySink(usable(all)), func(shared []*adoption) {
		for _, a := range shared {
			a.err = r.shards.describe(ctx, a.Topic, len(a.Partitions), a.schema)
		}
	})
}

// usable are the adoptions that have not failed.
func usable(all []*adoption) (left []*adoption) {
	for _, a := range all {
		if a.err == nil {
			left = append(left, a)
		}
	}
	return left
}

// bySink are the adoptions of each sink, in their order: it is that of the sink's
// fields.
func bySink(all []*adoption) (shared [][]*adoption) {
	at := map[string]int{}
	for _, a := range all {
		i, ok := at[a.sink]
		if !ok {
			i = len(shared)
			at[a.sink] = i
			shared = append(shared, nil)
		}
		shared[i] = append(shared[i], a)
	}
	return shared
}

// atOnce is how many questions a registry is asked at once.
const atOnce = 8

// each does all the work there is, some of it at once.
func each[T any](work []T, do func(T)) {
	var wg sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, w := range work {
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room }()
			do(w)
		})
	}
	wg.Wait()
}

// about gives an error its topic; a Stop stays one.
func about(topic string, err error) error {
	if s := (*pipeline.Stop)(nil); errors.As(err, &s) {
		return stop("topic %s: %s", topic, s.Msg)
	}
	return fmt.Errorf("topic %s: %w", topic, err)
}

// mayRead tells why a topic cannot be read, as far as the plans know.
func (r *run) mayRead(a *adoption) error {
	if a.Err != nil {
		return r.denied(a.Err, "describe topic "+a.Topic)
	}
	if err := r.plan.CheckTopic(a.Topic); err != nil {
		return err
	}
	for _, other := range r.cfg.Writers {
		if other != r.plan && r.writesSame(other, a.sink, a.Topic) {
			return stop("pipelines %s and %s both write %s: give one of them another sink.topic", r.plan.Spec.Name, other.Spec.Name, a.sink)
		}
	}
	return nil
}

// writesSame tells that another plan writes the sink too, from this topic or by
// a fixed name.
func (r *run) writesSame(other *pipeline.Plan, sink, topic string) bool {
	return other.Sink(topic) == sink && (other.Matches(topic, r.cfg.Writers) || other.Sink("") == sink)
}
