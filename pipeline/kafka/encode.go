package kafka

import (
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// Headers of results.
const (
	headerPipeline  = "aggrun-pipeline"
	headerWindowEnd = "aggrun-window-end" // ms since the epoch
	resultHeaders   = 2
)

// outgoing are the records of a commit, whose memory the next commit's take. They
// are good until then: kgo is done with a record once it has called its promise,
// which it has for all of them when a transaction has ended.
type outgoing struct {
	all     []*kgo.Record
	records []kgo.Record
	headers []kgo.RecordHeader
	bytes   []byte // keys, values and headers
	from    []byte // the pipeline's name
}

// begin forgets the records there were and makes room for n.
func (o *outgoing) begin(n int, pipeline string) {
	if cap(o.records) < n {
		o.records = make([]kgo.Record, n)
		o.headers = make([]kgo.RecordHeader, n*resultHeaders)
		o.all = make([]*kgo.Record, 0, n)
	}
	o.all, o.bytes, o.from = o.all[:0], o.bytes[:0], append(o.from[:0], pipeline...)
}

// since is what was appended to the bytes since there were n.
func (o *outgoing) since(n int) []byte { return o.bytes[n:len(o.bytes):len(o.bytes)] }

// add appends the record of a result.
func (o *outgoing) add(r *pipeline.Result, encoder *codec.Encoder) {
	i := len(o.all)
	record, headers := &o.records[i], o.headers[i*resultHeaders:(i+1)*resultHeaders:(i+1)*resultHeaders]
	at := len(o.bytes)
	o.bytes = append(o.bytes, r.Key...)
	key := o.since(at)
	at = len(o.bytes)
	o.bytes = encoder.Append(o.bytes, r)
	value := o.since(at)
	at = len(o.bytes)
	o.bytes = strconv.AppendInt(o.bytes, r.End/1e6, 10)
	headers[0] = kgo.RecordHeader{Key: headerPipeline, Value: o.from}
	headers[1] = kgo.RecordHeader{Key: headerWindowEnd, Value: o.since(at)}
	*record = kgo.Record{Topic: r.Sink, Key: key, Value: value, Headers: headers, Timestamp: time.Unix(0, r.Start+(r.End-r.Start)/2)}
	o.all = append(o.all, record)
}

// encode makes the records of a commit's results, after their schemas are
// registered. Nothing of the results is kept.
func (s *shards) encode(ctx context.Context, results []pipeline.Result, into *outgoing) error {
	into.begin(len(results), s.plan.Spec.Name)
	var encoder *codec.Encoder
	for i := range results {
		r := &results[i]
		if i == 0 || r.Sink != results[i-1].Sink {
			var err error
			if encoder, err = s.encoding(ctx, s.sinkShard(r.Sink)); err != nil {
				return err
			}
		}
		into.add(r, encoder)
	}
	return nil
}

func (s *shards) sinkShard(sink string) *shard {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bySink[sink]
}
