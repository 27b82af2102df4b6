package kafka

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"hash/crc32"
	"math"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// zeros appends a batch of one record of so many zeros to a partition: a thousandth
// of that, as it is compressed.
func (w *world) zeros(id pipeline.Partition, size int) {
	w.t.Helper()
	inner := kmsg.Record{Value: make([]byte, size)}
	inner.Length = int32(len(inner.AppendTo(nil)) - 1) // less that of the length, which is 0
	var records bytes.Buffer
	z := gzip.NewWriter(&records)
	_, _ = z.Write(inner.AppendTo(nil)) // to memory
	_ = z.Close()
	const gzipped, lengthEnd, crcEnd = 1, 8 + 4, 8 + 4 + 4 + 1 + 4
	batch := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: gzipped, FirstTimestamp: epochMS, MaxTimestamp: epochMS,
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, NumRecords: 1, Records: records.Bytes(),
	}
	batch.Length = int32(len(batch.AppendTo(nil)) - lengthEnd)
	batch.CRC = int32(crc32.Checksum(batch.AppendTo(nil)[crcEnd:], crc32.MakeTable(crc32.Castagnoli)))
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 10_000
	req.Topics = []kmsg.ProduceRequestTopic{{
		Topic: id.Topic, TopicID: w.fake.TopicInfo(id.Topic).TopicID,
		Partitions: []kmsg.ProduceRequestTopicPartition{{Partition: id.ID, Records: batch.AppendTo(nil)}},
	}}
	resp, err := req.RequestWith(context.Background(), w.client.Broker(int(w.fake.LeaderFor(id.Topic, id.ID))))
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// A batch that is larger than is read once it is decompressed ends the run and says
// where it lies; one that is not is a record like any other, if too large a one.
func TestRunBatchBombs(t *testing.T) {
	w := newWorld(t, 11, twoTopics())
	w.feedAll(20, sources...)
	w.zeros(sources[0], 8<<20)
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
	w.zeros(sources[1], maxBatch+1)
	_, err := w.untilEnd(nil)
	want := "topic src-a, partition 1, offset 20: a batch of records is larger than 32 MiB once it is decompressed"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ...%s...", err, want)
	}
}

// However many batches grow large, a poll brings a bounded amount of them, and the
// next ones bring the rest.
func TestPollBombs(t *testing.T) {
	w := newWorld(t, 12, twoTopics())
	const batches, size = 12, 24 << 20
	for range batches {
		w.zeros(sources[0], size)
	}
	batch, err := newDecompressor()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(w.fake.ListenAddrs()...), kgo.ConsumeTopics("src-a", "src-b"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.WithDecompressor(batch))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for n := 0; n < batches; {
		brought := int64(0)
		fetches := client.PollFetches(context.Background())
		batch.polled()
		for _, fe := range fetches.Errors() {
			if !errors.Is(fe.Err, errEnough) {
				t.Fatal(fe)
			}
		}
		fetches.EachRecord(func(r *kgo.Record) { n, brought = n+1, brought+int64(len(r.Value)) })
		// A fetch may have begun before the count did.
		if most := int64(2*fetchMost + maxBatch); brought > most {
			t.Errorf("a poll brings %d bytes, over %d", brought, most)
		}
	}
	w.feedAll(20, sources...)
	if _, err := w.untilEnd(nil); err != nil {
		t.Fatal(err)
	}
	w.check(w.results(w.topics()...), math.MaxInt64)
}
