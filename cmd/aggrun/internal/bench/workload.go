package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Load is the records that are read again and again.
type Load struct {
	Records     int64   `json:"records"`             // of all topics together
	Fields      int     `json:"fields"`              // beside time and the key's number
	Mixed       bool    `json:"mixed"`               // of nine types in turns, instead of doubles
	Partitions  int     `json:"partitions"`          // of each topic
	Topics      int     `json:"topics"`              //
	Rate        float64 `json:"rate"`                // records a second of event time in each topic
	Keys        int     `json:"keys"`                // distinct record keys, which choose the partition; 0 gives none
	Disorder    float64 `json:"disorder"`            // share of records, 0 to 1, whose event time lies back
	DisorderBy  float64 `json:"disorder_by_seconds"` // at most so far
	Batch       int     `json:"batch"`               // records a batch, about; 0 is the client's choice
	Compression string  `json:"compression"`         // a codec's name; "" and none: none
}

func (l Load) with(change func(*Load)) Load {
	change(&l)
	return l
}

// compressions are the codecs by name.
func compressions() map[string]kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{
		"": kgo.NoCompression(), "none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
}

// Check finds what a load cannot be.
func (l Load) Check() error {
	_, known := compressions()[l.Compression]
	switch {
	case l.Topics < 1 || l.Topics > 1000:
		return fmt.Errorf("%d topics: want 1 to 1000", l.Topics)
	case l.Records < int64(l.Topics):
		return fmt.Errorf("%d records: want one for each topic at least", l.Records)
	case l.Fields < 1 || l.Fields > 1000:
		return fmt.Errorf("%d fields: want 1 to 1000", l.Fields)
	case l.Partitions < 1:
		return fmt.Errorf("%d partitions: want 1 or more", l.Partitions)
	case !(l.Rate > 0 && l.Rate <= 1e9):
		return fmt.Errorf("rate %v: want more than 0 and at most 1e9 records a second", l.Rate)
	case l.Keys < 0 || l.Batch < 0:
		return errors.New("keys and records a batch: want 0 or more")
	case !(l.Disorder >= 0 && l.Disorder <= 1) || l.Disorder > 0 && l.DisorderBy <= 0:
		return errors.New("disorder: want 0 to 100 percent, and how far event times may lie back")
	case !known:
		return fmt.Errorf("compression %q: want none, gzip, snappy, lz4 or zstd", l.Compression)
	}
	return nil
}

// Filled is what was written.
type Filled struct {
	Bytes   int64   `json:"bytes"` // of keys and values
	Batches int64   `json:"batches"`
	Seconds float64 `json:"seconds"`
}

// old is how long ago the last event time is: nothing is ahead of anybody's clock.
const old = time.Hour

// filler writes a load. Record i of each topic is made i/rate seconds after the
// first, and topics take turns, so that event time comes on everywhere alike.
type filler struct {
	load     Load
	topics   []string
	encoders []encoder // by topic
	keys     []key
	start    int64 // ms since the epoch
	random   *rand.Rand
	room     []byte // for values to come
	bytes    int64
	batches  atomic.Int64
	failed   atomic.Pointer[error]
}

// key is a record key and the partition that Kafka's own producer gives it.
type key struct {
	bytes     []byte
	partition int32
}

func newFiller(load Load, topics []string, schemas []int32, now time.Time) *filler {
	span := time.Duration(float64(load.Records/int64(load.Topics)) / load.Rate * 1e9)
	f := &filler{
		load: load, topics: topics, random: rand.New(rand.NewPCG(1, 1)),
		start: now.Add(-old - span).Truncate(time.Second).UnixMilli(),
	}
	for i := range topics {
		f.encoders = append(f.encoders, encoder{schemas[i], load.Keys > 0, load.fields(), rand.New(rand.NewPCG(1, uint64(2+i)))})
	}
	hash := kgo.StickyKeyPartitioner(nil).ForTopic("")
	for k := range load.Keys {
		text := fmt.Appendf(nil, "key-%d", k)
		f.keys = append(f.keys, key{text, int32(hash.Partition(&kgo.Record{Key: text}, load.Partitions))})
	}
	return f
}

// fill writes everything and waits until the brokers have it.
func (f *filler) fill(ctx context.Context, brokers []string) (Filled, error) {
	client, err := kgo.NewClient(f.options(brokers)...)
	if err != nil {
		return Filled{}, err
	}
	began := time.Now()
	err = f.write(ctx, client)
	took := time.Since(began)
	client.Close() // the last batches are counted
	if failed := f.failed.Load(); failed != nil {
		err = *failed
	}
	return Filled{f.bytes, f.batches.Load(), took.Seconds()}, err
}

// write hands the records over. The first goes alone: until a broker has answered
// once, batches are sized for its oldest format.
func (f *filler) write(ctx context.Context, client *kgo.Client) error {
	topics := int64(f.load.Topics)
	for n := int64(0); n < f.load.Records && ctx.Err() == nil && f.failed.Load() == nil; n++ {
		client.Produce(ctx, f.record(int(n%topics), n/topics), f.acknowledged)
		if n > 0 {
			continue
		}
		if err := client.Flush(ctx); err != nil {
			return err
		}
	}
	return client.Flush(ctx)
}

// record makes record i of a topic.
func (f *filler) record(topic int, i int64) *kgo.Record {
	r := &kgo.Record{Topic: f.topics[topic], Partition: int32(i % int64(f.load.Partitions))}
	chosen := int64(0)
	if len(f.keys) > 0 {
		chosen = i % int64(len(f.keys))
		r.Key, r.Partition = f.keys[chosen].bytes, f.keys[chosen].partition
	}
	ms := f.start + int64(math.Round(float64(i)/f.load.Rate*1e3))
	if f.load.Disorder > 0 && f.random.Float64() < f.load.Disorder {
		ms -= int64(f.random.Float64() * f.load.DisorderBy * 1e3)
	}
	r.Timestamp = time.UnixMilli(ms)
	const chunk = 1 << 20
	if cap(f.room)-len(f.room) < chunk/16 {
		f.room = make([]byte, 0, chunk)
	}
	at := len(f.room)
	f.room = f.encoders[topic].append(f.room, ms, chosen)
	r.Value = slices.Clip(f.room[at:])
	f.bytes += int64(len(r.Key) + len(r.Value))
	return r
}

func (f *filler) acknowledged(r *kgo.Record, err error) {
	if err != nil {
		err = fmt.Errorf("write to topic %s, partition %d: %w", r.Topic, r.Partition, err)
		f.failed.CompareAndSwap(nil, &err)
	}
}

// OnProduceBatchWritten counts batches: a kgo hook.
func (f *filler) OnProduceBatchWritten(kgo.BrokerMetadata, string, int32, kgo.ProduceBatchMetrics) {
	f.batches.Add(1)
}

// options make batches as full as they may be: memory is cheap here, and a batch
// that is cut short by a timer would be another load.
func (f *filler) options(brokers []string) []kgo.Opt {
	opts := []kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(compressions()[f.load.Compression]),
		kgo.ProducerLinger(time.Second),
		kgo.MaxBufferedRecords(1 << 19),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.WithHooks(f),
	}
	if f.load.Batch > 0 {
		limit := f.batchBytes()
		opts = append(opts, kgo.ProducerBatchMaxBytesFn(func(topic string) int32 {
			if topic == "" {
				return largest
			}
			return limit
		}))
	}
	return opts
}

// largest is the batch that brokers take by default, bytes.
const largest = 1_000_000

// batchBytes is the size of a batch that holds the wanted number of records and
// no more, as a client bounds batches by bytes alone: what Kafka's format has
// before the records, and then for each of them its length, attributes, the
// differences of time and offset from the first one's, key, value and headers.
func (f *filler) batchBytes() int32 {
	const batch, attributes, headers = 65, 1, 1
	length := func(x int) int { return len(binary.AppendVarint(nil, int64(x))) }
	value := len((&encoder{keyed: f.load.Keys > 0, fields: f.load.fields(), random: f.random}).append(nil, f.start, int64(f.load.Keys)))
	key := 0
	if n := len(f.keys); n > 0 {
		key = len(f.keys[n-1].bytes)
	}
	apart := float64(f.load.Partitions) / f.load.Rate * 1e3 // ms
	size := batch
	for i := 0; i < f.load.Batch && size < largest; i++ {
		record := attributes + length(int(float64(i)*apart)) + length(i) + length(key) + key + length(value) + value + headers
		size += length(record) + record
	}
	return int32(min(size, largest))
}
