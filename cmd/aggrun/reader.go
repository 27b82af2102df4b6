package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// reader reads aggregated topics as any consumer would: what is committed, by
// the schemas of the sink registry.
type reader struct {
	client   *kgo.Client
	registry *sr.Client
	outputs  map[string]pipeline.Output // by topic: its groups and aggregates
	schemas  map[int32]*sinkSchema
}

// sinkSchema is a sink's schema, ready to decode with.
type sinkSchema struct {
	groups  []string // names of the group's values
	columns []string // the aggregates, then the operations
	decoder *codec.Decoder
	room    pipeline.Batch
}

// result is one aggregated window.
type result struct {
	topic  string // the source topic, or the sink where the key holds a group
	time   time.Time
	count  int64
	schema *sinkSchema
	group  []any     // as JSON has them
	values []float64 // of the schema's columns; NaN is no value; good until the next result
}

func newReader(brokers []string, registry string, plans []*pipeline.Plan, topics []string) (*reader, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...),
		kgo.ConsumeTopics(topics...),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.MetadataMinAge(100*time.Millisecond), // the topics are about to be made
		kgo.MetadataMaxAge(250*time.Millisecond),
	)
	if err != nil {
		return nil, err
	}
	schemas, err := sr.NewClient(sr.URLs(registry))
	if err != nil {
		return nil, err
	}
	outputs, err := outputs(plans, topics)
	return &reader{client: client, registry: schemas, outputs: outputs, schemas: map[int32]*sinkSchema{}}, err
}

// outputs are what the plans write to their sinks, as far as specs tell.
func outputs(plans []*pipeline.Plan, topics []string) (map[string]pipeline.Output, error) {
	of := map[string]pipeline.Output{}
	for _, p := range plans {
		out, err := p.Output(nil)
		if err != nil {
			return nil, err
		}
		for _, topic := range topics {
			if p.Writes(topic) {
				of[topic] = out
			}
		}
	}
	return of, nil
}

func (r *reader) close() { r.client.Close() }

// read hands every result to visit until ctx ends.
func (r *reader) read(ctx context.Context, visit func(result)) error {
	for ctx.Err() == nil {
		fetches := r.client.PollFetches(ctx)
		if errs := fetches.Errors(); len(errs) > 0 && ctx.Err() == nil {
			return fmt.Errorf("read topic %s: %w", errs[0].Topic, errs[0].Err)
		}
		records := fetches.Records()
		slices.SortStableFunc(records, func(a, b *kgo.Record) int { return a.Timestamp.Compare(b.Timestamp) })
		for _, record := range records {
			found, err := r.decode(ctx, record)
			if err != nil {
				return fmt.Errorf("a result in topic %s: %w", record.Topic, err)
			}
			visit(found)
		}
	}
	return nil
}

func (r *reader) decode(ctx context.Context, record *kgo.Record) (result, error) {
	id, body, err := codec.Header(record.Value)
	if err != nil {
		return result{}, err
	}
	s, err := r.schema(ctx, id, r.outputs[record.Topic])
	if err != nil {
		return result{}, err
	}
	if err := s.decoder.Decode(body, 0, &s.room); err != nil {
		return result{}, err
	}
	found := result{topic: string(record.Key), schema: s, count: int64(s.room.Numbers[1][0])}
	found.time = time.UnixMicro(int64(math.Round(s.room.Numbers[0][0] * 1e6))).UTC()
	for _, column := range s.room.Numbers[2:] {
		found.values = append(found.values, column[0])
	}
	if len(s.groups) > 0 {
		found.topic = record.Topic
		err = json.Unmarshal(record.Key, &found.group)
	}
	return found, err
}

// schema fetches a schema of a sink once.
func (r *reader) schema(ctx context.Context, id int32, out pipeline.Output) (*sinkSchema, error) {
	if s, ok := r.schemas[id]; ok {
		return s, nil
	}
	text, err := r.registry.SchemaByID(ctx, int(id))
	if err != nil {
		return nil, err
	}
	parsed, err := codec.ParseSchema(text.Schema)
	if err != nil {
		return nil, err
	}
	s := newSinkSchema(parsed, out)
	want := []pipeline.Column{{Path: "time", Slot: 0}, {Path: "count", Slot: 1}}
	for _, name := range s.columns {
		want = append(want, pipeline.Column{Path: name, Slot: len(want)})
	}
	for range want {
		s.room.Numbers = append(s.room.Numbers, make([]float64, 1))
	}
	if s.decoder, err = codec.CompileDecoder(parsed, want); err != nil {
		return nil, err
	}
	r.schemas[id] = s
	return s, nil
}

// newSinkSchema puts the columns in the order in which people want to see them.
func newSinkSchema(parsed *codec.Schema, out pipeline.Output) *sinkSchema {
	s := &sinkSchema{}
	known := []string{"time", "window_size", "count"}
	for _, g := range out.Group {
		s.groups = append(s.groups, g.Name)
	}
	for _, a := range out.Aggregates {
		s.columns = append(s.columns, a.Name)
	}
	known = slices.Concat(known, s.groups, s.columns)
	for _, f := range parsed.Fields() {
		if !slices.Contains(known, f.Path) {
			s.columns = append(s.columns, f.Path)
		}
	}
	return s
}
