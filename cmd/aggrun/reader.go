package main

import (
	"context"
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
	schemas  map[int32]*sinkSchema
}

// sinkSchema is a sink's schema, ready to decode with.
type sinkSchema struct {
	columns []string // after time, window_size and count
	decoder *codec.Decoder
	room    pipeline.Batch
}

// result is one aggregated window.
type result struct {
	topic  string // the record's key: the source topic
	time   time.Time
	count  int64
	schema *sinkSchema
	values []float64 // of the schema's columns; NaN is no value; good until the next result
}

func newReader(brokers []string, registry string, topics []string) (*reader, error) {
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
	return &reader{client: client, registry: schemas, schemas: map[int32]*sinkSchema{}}, nil
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
	s, err := r.schema(ctx, id)
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
	return found, nil
}

// schema fetches a schema once.
func (r *reader) schema(ctx context.Context, id int32) (*sinkSchema, error) {
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
	s := &sinkSchema{}
	want := []pipeline.Column{{Path: "time", Slot: 0}, {Path: "count", Slot: 1}}
	for _, f := range parsed.Fields() {
		if f.Path != "time" && f.Path != "window_size" && f.Path != "count" {
			want = append(want, pipeline.Column{Path: f.Path, Slot: len(want)})
			s.columns = append(s.columns, f.Path)
		}
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
