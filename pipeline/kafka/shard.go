package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// shards turn source records into columns and results into records, by the
// layouts of their sinks. Discovery, the reader and the worker's goroutine use them.
type shards struct {
	plan      *pipeline.Plan
	source    []*registry // by source of the plan
	sink      *registry
	log       *slog.Logger
	empty     []float64 // the operations of a field without a value
	mu        sync.Mutex
	byTopic   map[string]topicShard
	bySink    map[string]*shard
	rows      rows // room to decode
	watch     *watch
	partition func(r *kgo.Record, partitions int) int // the producer's partitioner; nil where none is known
}

// topicShard is what a source topic leads to.
type topicShard struct {
	*shard
	name       string
	source     int
	partitions int // of the topic, where a partitioner is known
}

// shard is one sink topic. Where each partition is a shard of the plan, those of
// one sink share what is here.
type shard struct {
	sink     string
	layouts  []*pipeline.Layout   // by source; nil for those without a topic
	decoders []map[int32]*decoder // by source and writer schema id
	told     time.Time            // when the log was last told of one that is of no use
	encoder  *codec.Encoder       // of all that the layouts have; nil when they have grown
	grown    int                  // how often they have

	registering sync.Mutex // held over what makes an encoder; taken before the shards' lock
}

// grew tells that the layouts have more than the encoder knows.
func (sh *shard) grew() {
	sh.encoder = nil
	sh.grown++
}

// decoder is what is known of a writer schema.
type decoder struct {
	codec   *codec.Decoder
	reason  string // why its records cannot be used; "" when they can
	unknown time.Time
}

const (
	forget      = 10 * time.Second // how long the answer that an id is unknown is believed
	maxDecoders = 10_000
)

func newShards(plan *pipeline.Plan, source []*registry, sink *registry, log *slog.Logger) *shards {
	return &shards{
		plan: plan, source: source, sink: sink, log: log, empty: plan.Empty(), partition: partitioner(plan.Spec.Partitioner),
		byTopic: map[string]topicShard{}, bySink: map[string]*shard{},
	}
}

// of gives the shard of a source topic.
func (s *shards) of(topic string) topicShard {
	if sh, ok := s.byTopic[topic]; ok {
		return sh
	}
	sink := s.plan.Sink(topic)
	sh, ok := s.bySink[sink]
	if !ok {
		n := len(s.source)
		sh = &shard{sink: sink, layouts: make([]*pipeline.Layout, n), decoders: make([]map[int32]*decoder, n)}
		s.bySink[sink] = sh
	}
	source, _ := s.plan.SourceOf(topic)
	if sh.layouts[source] == nil {
		sh.layouts[source], sh.decoders[source] = s.plan.NewLayout(source), map[int32]*decoder{}
		sh.grew()
	}
	t := topicShard{shard: sh, name: topic, source: source}
	s.byTopic[topic] = t
	return t
}

// decode adds a batch of the records of one partition to a piece that has room for
// them.
func (s *shards) decode(ctx context.Context, id pipeline.Partition, records []*kgo.Record, to *piece) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rs, t := &s.rows, s.of(id.Topic)
	rs.timed, rs.most = s.plan.Spec.Sources[t.source].Time != nil, s.plan.Spec.MaxFuture
	rs.begin(t, to, id, records)
	defer rs.drop()
	for place, r := range records {
		if r.Attrs.IsControl() {
			continue
		}
		if err := s.decodeRecord(ctx, place, r, rs); err != nil {
			return err
		}
	}
	rs.end()
	return nil
}

// decodeRecord decodes the record at a place of the batch.
func (s *shards) decodeRecord(ctx context.Context, place int, r *kgo.Record, rs *rows) error {
	at, reason := int64(0), ""
	if !rs.timed {
		at, reason = eventTime(r)
	}
	if reason == "" && s.partition != nil {
		var err error
		if reason, err = s.misplaced(rs.topic, r); err != nil {
			return err
		}
	}
	if reason != "" {
		rs.bad(r, reason)
		return nil
	}
	id, body, err := codec.Header(r.Value)
	if err != nil {
		rs.bad(r, err.Error())
		return nil
	}
	if rs.decoder == nil || id != rs.id {
		rs.decode()
		if rs.decoder, err = s.decoder(ctx, rs.topic, id); err != nil {
			return err
		}
		rs.id = id
		rs.widen()
	}
	if d := rs.decoder; d.reason != "" {
		bad := rs.bad(r, d.reason)
		bad.Schema, bad.Unknown = id, !d.unknown.IsZero()
		return nil
	}
	rs.add(place, at, body)
	return nil
}

// decoder gives what is known of a writer schema, asking for it where it has to.
func (s *shards) decoder(ctx context.Context, t topicShard, id int32) (*decoder, error) {
	d, ok := t.decoders[t.source][id]
	if !ok || !d.unknown.IsZero() && time.Since(d.unknown) > forget {
		return s.compile(ctx, t, id)
	}
	return d, nil
}

// compile learns a writer schema: its new fields join the layout.
func (s *shards) compile(ctx context.Context, t topicShard, id int32) (*decoder, error) {
	schema, err := s.source[t.source].byID(ctx, id)
	d := &decoder{}
	switch {
	case errors.As(err, new(*schemaError)):
		d.reason = fmt.Sprintf("schema id %d: %v", id, err)
	case err != nil:
		return nil, err
	case schema == nil:
		s.watch.unknown()
		d.unknown = time.Now()
		d.reason = fmt.Sprintf("the source registry does not know schema id %d", id)
	default:
		if err := s.grow(t, schema); err != nil {
			return nil, err
		}
		d.codec, d.reason = s.project(t, schema, id)
	}
	if d.reason != "" && time.Since(t.told) > forget {
		t.told = time.Now()
		s.log.Warn("records that cannot be decoded", "topic", t.name, "schema", id, "reason", d.reason)
	}
	decoders := t.decoders[t.source]
	if len(decoders) > maxDecoders {
		clear(decoders) // garbage must not fill the memory
	}
	decoders[id] = d
	return d, nil
}

// grow adds the fields of a writer schema to the layout, and the types of its
// group values. Decoders know only the columns there were when they were
// compiled, so new ones are compiled again.
func (s *shards) grow(t topicShard, schema *codec.Schema) error {
	layout := t.layouts[t.source]
	had := len(layout.Fields)
	lookup := func(path string) (pipeline.Field, bool) {
		info, ok, err := schema.Field(path)
		return info.Field, ok && err == nil && info.Forms.Has(pipeline.Number)
	}
	for _, f := range s.plan.Select(t.source, schema.Fields(), lookup) {
		if err := layout.Add(f); err != nil {
			return err
		}
	}
	if len(layout.Fields) > had {
		clear(t.decoders[t.source])
		t.grew()
	}
	for _, c := range layout.Columns {
		if c.Form != pipeline.Key {
			continue
		}
		if info, ok, err := schema.Field(c.Path); ok && err == nil && layout.Group(info.Field, info.KeyTypes) {
			t.grew()
		}
	}
	return nil
}

// project compiles the layout's columns; those that the schema does not have are
// missing in its records.
func (s *shards) project(t topicShard, schema *codec.Schema, id int32) (*codec.Decoder, string) {
	for _, path := range s.plan.Listed(t.source) {
		if info, ok, err := schema.Field(path); err == nil && ok && !info.Forms.Has(pipeline.Number) {
			return nil, fmt.Sprintf("field %s is %s in schema id %d, not a number", path, info.Type, id)
		}
	}
	for _, c := range t.layouts[t.source].Columns {
		if info, ok, err := schema.Field(c.Path); c.Optional && err == nil && ok && !info.Forms.Has(c.Form) {
			s.log.Warn("a field is no number in one of the schemas, and is missing in its records", "sink", t.sink, "field", c.Path, "type", info.Type, "schema", id)
		}
	}
	d, err := codec.CompileDecoder(schema, t.layouts[t.source].Columns)
	if err != nil {
		return nil, fmt.Sprintf("schema id %d: %v", id, err)
	}
	return d, ""
}
