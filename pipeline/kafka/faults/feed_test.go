package faults

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// feed writes the sources: disorder within the grace, stragglers beyond it, bad
// records, transactions that abort or stay open for a while. What it wrote is not
// asked of it: the oracle reads the log.
type feed struct {
	*world
	rng    *rand.Rand
	topics []*fedTopic
	newest int64 // ms
}

// fedTopic is a topic and who writes it.
type fedTopic struct {
	topicSetup
	schemas []int32 // ids, of one value and of two
	parts   []*fedPart
	client  *kgo.Client // of transactions; nil: none
	open    bool        // a transaction is
}

// fedPart is a partition's clock and its appends.
type fedPart struct {
	id      pipeline.Partition
	clock   int64 // ms
	early   bool  // records were committed before there were workers
	added   bool  // there were workers before it
	appends []span
}

// span is when records were appended, and the offset of the first of them.
type span struct {
	from, to time.Time
	first    int64
}

const epochMS = 1_700_000_000_000

func newFeed(w *world) *feed {
	return &feed{world: w, rng: rand.New(rand.NewPCG(w.seed, 2)), newest: epochMS}
}

func (f *feed) close() {
	for _, t := range f.topics {
		if t.client != nil {
			t.client.Close()
		}
	}
}

// create makes a topic with its first schema.
func (w *world) create(s topicSetup) {
	t := &fedTopic{topicSetup: s}
	w.feed.describe(t, 1)
	if err := w.fake.CreateTopic(s.name, s.partitions, nil); err != nil {
		w.wrong("harness: create %s: %v", s.name, err)
	}
	id := w.fake.TopicInfo(s.name).TopicID // not under the lock, which the fake broker takes to tell of members
	w.mu.Lock()
	w.topicIDs[id] = s.name
	w.mu.Unlock()
	for range s.partitions {
		w.feed.part(t)
	}
	w.feed.topics = append(w.feed.topics, t)
}

// part adds a partition, whose time begins where that of the others is.
func (f *feed) part(t *fedTopic) {
	t.parts = append(t.parts, &fedPart{
		id: pipeline.Partition{Topic: t.name, ID: int32(len(t.parts))}, clock: f.newest, added: !f.workersFrom.IsZero(),
	})
}

// widen adds a partition.
func (w *world) widen(topic string) {
	for _, t := range w.feed.topics {
		if t.name == topic {
			resp, err := w.admin.CreatePartitions(context.Background(), 1, topic)
			if err == nil && resp.Error() == nil {
				w.feed.part(t)
				w.add("partitions added", 1)
			}
		}
	}
}

// describe registers the schema of a number of values.
func (f *feed) describe(t *fedTopic, values int) {
	s, err := codec.ExampleSchema(t.name, values)
	if err == nil {
		var id int
		if id, _, err = f.source.store.RegisterSchema(t.name+"-value", sr.Schema{Schema: s.Text()}); err == nil {
			t.schemas = append(t.schemas, int32(id))
		}
	}
	if err != nil {
		f.wrong("harness: schema of %s: %v", t.name, err)
	}
}

// round writes some records to each partition.
func (f *feed) round() {
	for _, t := range f.topics {
		if len(t.schemas) == 1 && f.rng.IntN(6) == 0 {
			f.describe(t, 2)
		}
		for _, p := range t.parts {
			if t.empty && int(p.id.ID) == len(t.parts)-1 {
				continue
			}
			f.write(t, p, f.records(t, p, f.rng.IntN(25)))
		}
		f.decide(t, f.rng.IntN(10))
	}
}

// decide commits a topic's transaction, aborts it, or leaves it open; false tells that
// it could not be ended.
func (f *feed) decide(t *fedTopic, fate int) bool {
	if !t.open || fate == 9 {
		return true
	}
	how := kgo.TransactionEndTry(fate > 1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := t.client.EndTransaction(ctx, how)
	if err != nil {
		t.client.Close() // who comes next aborts it, if it has not ended
		t.client = nil
	}
	if t.open = false; how == kgo.TryCommit && f.workersFrom.IsZero() {
		for _, p := range t.parts {
			p.early = len(p.appends) > 0
		}
	}
	if how == kgo.TryAbort {
		f.add("source transactions aborted", 1)
	}
	return err == nil
}

// flush ends all transactions, and where silence closes no windows moves every
// partition so far that all before close.
func (f *feed) flush() {
	at := f.newest + (size + grace).Milliseconds() + 1
	for _, t := range f.topics {
		tries := 0
		for !f.flushTopic(t, at) {
			if tries++; tries == 5 {
				f.wrong("harness: %s cannot be written", t.name)
				break
			}
		}
	}
	f.newest = at
}

func (f *feed) flushTopic(t *fedTopic, at int64) bool {
	f.settle(t)
	written := true
	for _, p := range t.parts {
		if !f.idle {
			written = f.write(t, p, []*kgo.Record{f.record(t, p, at)}) && written
		}
	}
	return f.decide(t, 5) && written
}

// settle has a transaction aborted that could not be ended.
func (f *feed) settle(t *fedTopic) {
	if !t.transactional || t.client != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if client := f.begin(t); client != nil {
		if _, _, err := client.ProducerID(ctx); err != nil {
			f.wrong("harness: take over %s: %v", t.name, err)
		}
	}
}

func (f *feed) records(t *fedTopic, p *fedPart, n int) (all []*kgo.Record) {
	for range n {
		p.clock += f.rng.Int64N(60)
		f.newest = max(f.newest, p.clock)
		at := p.clock - f.rng.Int64N(grace.Milliseconds())
		if f.rng.IntN(50) == 0 {
			at -= grace.Milliseconds() + f.rng.Int64N(3*size.Milliseconds())
		}
		r := f.record(t, p, at)
		if f.rng.IntN(40) == 0 {
			f.spoil(r)
		}
		all = append(all, r)
	}
	return all
}

// record is a good one.
func (f *feed) record(t *fedTopic, p *fedPart, at int64) *kgo.Record {
	n := f.rng.IntN(len(t.schemas))
	values := []float64{float64(at) / 1000, float64(f.rng.IntN(1000)), float64(f.rng.IntN(1000))}[:n+2]
	return &kgo.Record{
		Topic: p.id.Topic, Partition: p.id.ID, Timestamp: time.UnixMilli(at),
		Value: codec.AppendDoubles(nil, t.schemas[n], values...),
	}
}

// spoil makes a record a bad one.
func (f *feed) spoil(r *kgo.Record) {
	switch f.rng.IntN(6) {
	case 0:
		r.Value = nil
	case 1:
		r.Value = []byte("garbage")
	case 2:
		r.Value = r.Value[:len(r.Value)-1]
	case 3:
		r.Value = append(r.Value, 0)
	case 4:
		r.Value = codec.AppendDoubles(nil, unknownSchema, 1, 2)
	case 5:
		r.Timestamp = time.Now().Add(time.Hour)
	}
}

// unknownSchema is an id that no registry has.
const unknownSchema = 1 << 20

// write appends records, in a transaction where the topic is written so; false tells
// that some could not be.
func (f *feed) write(t *fedTopic, p *fedPart, records []*kgo.Record) bool {
	if len(records) == 0 {
		return true
	}
	client := f.client
	if t.transactional {
		if client = f.begin(t); client == nil {
			return false
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s := span{time.Now(), time.Time{}, -1}
	for len(records) > 0 && ctx.Err() == nil {
		var again []*kgo.Record // a partition may be new to the client
		for _, r := range client.ProduceSync(ctx, records...) {
			if r.Err != nil {
				again = append(again, r.Record)
			} else if s.first < 0 || r.Record.Offset < s.first {
				s.first = r.Record.Offset
			}
		}
		if records = again; len(again) > 0 {
			client.ForceMetadataRefresh()
			time.Sleep(10 * time.Millisecond)
		}
	}
	f.add("source records not written", len(records))
	if s.to = time.Now(); s.first >= 0 {
		p.appends = append(p.appends, s)
		p.early = p.early || !t.transactional && f.workersFrom.IsZero()
	}
	return len(records) == 0
}

// begin opens a topic's transaction, if none is.
func (f *feed) begin(t *fedTopic) *kgo.Client {
	if t.client == nil {
		var err error
		t.client, err = kgo.NewClient(append(f.plain(), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID("feed."+t.name),
			kgo.TransactionTimeout(10*time.Second))...)
		if err != nil {
			f.wrong("harness: %v", err)
			return nil
		}
	}
	if !t.open {
		if err := t.client.BeginTransaction(); err != nil {
			t.client.Close()
			t.client = nil
			return nil
		}
		t.open = true
	}
	return t.client
}
