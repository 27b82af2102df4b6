package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// shards turn source records into columns and results into records, each with
// its own layout. Discovery and the worker's goroutine use them.
type shards struct {
	plan         *pipeline.Plan
	source, sink *registry
	log          *slog.Logger
	empty        []float64 // the operations of a field without a value
	mu           sync.Mutex
	byTopic      map[string]*shard // by source topic
	bySink       map[string]*shard
}

// shard is one sink topic.
type shard struct {
	sink     string
	layout   pipeline.Layout
	decoders map[int32]*decoder // by writer schema id
	told     time.Time          // when the log was last told of one that is of no use
	encoder  *codec.Encoder     // of the first encoded fields of the layout
	encoded  int
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

func newShards(plan *pipeline.Plan, source, sink *registry, log *slog.Logger) *shards {
	return &shards{plan: plan, source: source, sink: sink, log: log, empty: plan.Empty(), byTopic: map[string]*shard{}, bySink: map[string]*shard{}}
}

// of gives the shard of a source topic.
func (s *shards) of(topic string) *shard {
	if sh, ok := s.byTopic[topic]; ok {
		return sh
	}
	sink := s.plan.Sink(topic)
	sh, ok := s.bySink[sink]
	if !ok {
		sh = &shard{sink: sink, decoders: map[int32]*decoder{}}
		s.bySink[sink] = sh
	}
	s.byTopic[topic] = sh
	return sh
}

// describe adds the fields of a topic's schema to its shard and registers what
// follows for the sink.
func (s *shards) describe(ctx context.Context, topic string, schema *codec.Schema) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.of(topic)
	if schema != nil {
		if err := s.grow(sh, schema); err != nil {
			return err
		}
	}
	if len(sh.layout.Fields) == 0 {
		return nil
	}
	_, err := s.encoder(ctx, sh)
	return err
}

// encoder gives the encoder for all fields of the layout, its schema registered.
func (s *shards) encoder(ctx context.Context, sh *shard) (*codec.Encoder, error) {
	if sh.encoder != nil && sh.encoded == len(sh.layout.Fields) {
		return sh.encoder, nil
	}
	if err := s.plan.CheckNames(&sh.layout); err != nil {
		return nil, err
	}
	schema, err := codec.SinkSchema(sh.sink, s.plan.Spec.Sink, sh.layout.Fields, s.plan.Operations)
	if err != nil {
		return nil, stop("sink schema of %s: %v", sh.sink, err)
	}
	id, err := s.sink.register(ctx, sh.sink+"-value", schema)
	if err != nil {
		return nil, err
	}
	sh.encoded = len(sh.layout.Fields)
	sh.encoder = codec.NewEncoder(id, sh.encoded, len(s.plan.Operations), s.plan.Spec.Sink.Nulls)
	return sh.encoder, nil
}

// decode fills a batch from the records of one partition.
func (s *shards) decode(ctx context.Context, p kgo.FetchTopicPartition, b *pipeline.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.of(p.Topic)
	begin(b, p, len(sh.layout.Fields))
	rows := rows{batch: b, records: make([]*kgo.Record, 0, len(p.Records))}
	for _, r := range p.Records {
		b.Next, b.Epoch = r.Offset+1, r.LeaderEpoch
		if r.Attrs.IsControl() {
			continue
		}
		if err := s.decodeRecord(ctx, sh, r, &rows); err != nil {
			return err
		}
	}
	rows.end()
	return nil
}

// rows is a batch that grows.
type rows struct {
	batch   *pipeline.Batch
	records []*kgo.Record
}

// begin empties a batch and gives it room, keeping its memory.
func begin(b *pipeline.Batch, p kgo.FetchTopicPartition, columns int) {
	n := len(p.Records)
	b.Partition = pipeline.Partition{Topic: p.Topic, ID: p.Partition}
	b.Offsets = slices.Grow(b.Offsets[:0], n)
	b.Times = slices.Grow(b.Times[:0], n)
	b.Schemas = slices.Grow(b.Schemas[:0], n)
	b.Bad, b.Record = nil, nil
	b.Columns = b.Columns[:0]
	widen(b, columns, n)
}

// widen gives a batch room for n rows of more columns.
func widen(b *pipeline.Batch, columns, n int) {
	for len(b.Columns) < columns {
		if len(b.Columns) < cap(b.Columns) {
			b.Columns = b.Columns[:len(b.Columns)+1]
		} else {
			b.Columns = append(b.Columns, nil)
		}
		last := &b.Columns[len(b.Columns)-1]
		*last = slices.Grow((*last)[:0], n)[:n]
	}
}

func (rs *rows) end() {
	b, n := rs.batch, len(rs.records)
	for i := range b.Columns {
		b.Columns[i] = b.Columns[i][:n]
	}
	records := rs.records
	b.Record = func(row int) any { return records[row] }
}

func (rs *rows) bad(r *kgo.Record, reason string) {
	rs.batch.Bad = append(rs.batch.Bad, pipeline.BadRecord{Offset: r.Offset, Reason: reason, Record: r})
}

func (s *shards) decodeRecord(ctx context.Context, sh *shard, r *kgo.Record, rs *rows) error {
	at, reason := eventTime(r)
	if reason != "" {
		rs.bad(r, reason)
		return nil
	}
	id, body, err := codec.Header(r.Value)
	if err != nil {
		rs.bad(r, err.Error())
		return nil
	}
	d, ok := sh.decoders[id]
	if !ok || !d.unknown.IsZero() && time.Since(d.unknown) > forget {
		if d, err = s.compile(ctx, sh, r.Topic, id); err != nil {
			return err
		}
	}
	if d.reason != "" {
		rs.bad(r, d.reason)
		last := &rs.batch.Bad[len(rs.batch.Bad)-1]
		last.Schema, last.Unknown = id, !d.unknown.IsZero()
		return nil
	}
	return s.row(sh, d, r, at, id, body, rs)
}

// row decodes one record into the next row.
func (s *shards) row(sh *shard, d *decoder, r *kgo.Record, at int64, id int32, body []byte, rs *rows) error {
	b, row := rs.batch, len(rs.records)
	if n := len(sh.layout.Fields); len(b.Columns) < n {
		from := len(b.Columns)
		widen(b, n, cap(b.Offsets))
		for _, column := range b.Columns[from:] {
			missing(column[:row])
		}
	}
	if err := d.codec.Decode(body, row, b.Columns); err != nil {
		rs.bad(r, err.Error())
		return nil
	}
	b.Offsets = append(b.Offsets, r.Offset)
	b.Times = append(b.Times, at)
	b.Schemas = append(b.Schemas, id)
	rs.records = append(rs.records, r)
	return nil
}

// eventTime is the record's timestamp in ns, or why it has none.
func eventTime(r *kgo.Record) (int64, string) {
	const furthest = (1 << 62) / 1_000_000 // windows and grace are added to it
	ms := r.Timestamp.UnixMilli()
	switch {
	case ms == -1:
		return 0, "the record has no timestamp"
	case ms > furthest || ms < -furthest:
		return 0, fmt.Sprintf("timestamp %d ms is out of range", ms)
	}
	return ms * 1e6, ""
}

// compile learns a writer schema: its new fields join the layout.
func (s *shards) compile(ctx context.Context, sh *shard, topic string, id int32) (*decoder, error) {
	schema, err := s.source.byID(ctx, id)
	d := &decoder{}
	switch {
	case errors.As(err, new(*schemaError)):
		d.reason = fmt.Sprintf("schema id %d: %v", id, err)
	case err != nil:
		return nil, err
	case schema == nil:
		d.unknown = time.Now()
		d.reason = fmt.Sprintf("the source registry does not know schema id %d", id)
	default:
		if err := s.grow(sh, schema); err != nil {
			return nil, err
		}
		d.codec, d.reason = s.project(sh, schema, id)
	}
	if d.reason != "" && time.Since(sh.told) > forget {
		sh.told = time.Now()
		s.log.Warn("records that cannot be decoded", "topic", topic, "schema", id, "reason", d.reason)
	}
	if len(sh.decoders) > maxDecoders {
		clear(sh.decoders) // garbage must not fill the memory
	}
	sh.decoders[id] = d
	return d, nil
}

// grow adds the fields of a writer schema to the layout. Decoders know only the
// slots there were when they were compiled, so new ones are compiled again.
func (s *shards) grow(sh *shard, schema *codec.Schema) error {
	had := len(sh.layout.Fields)
	for _, f := range s.plan.Select(schema.Fields()) {
		if err := sh.layout.Add(f); err != nil {
			return err
		}
	}
	if len(sh.layout.Fields) > had {
		clear(sh.decoders)
	}
	return nil
}

// project compiles the layout's fields; those that the schema does not have are
// missing in its records.
func (s *shards) project(sh *shard, schema *codec.Schema, id int32) (*codec.Decoder, string) {
	for _, name := range s.plan.Listed() {
		if typ, numeric, ok := schema.FieldType(name); ok && !numeric {
			return nil, fmt.Sprintf("field %s is %s in schema id %d, not a number", name, typ, id)
		}
	}
	d, err := codec.CompileDecoder(schema, sh.layout.Paths())
	if err != nil {
		return nil, fmt.Sprintf("schema id %d: %v", id, err)
	}
	return d, ""
}

// missing fills rows with no value.
func missing(column []float64) {
	for i := range column {
		column[i] = math.NaN()
	}
}
