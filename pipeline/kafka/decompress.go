package kafka

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// This file bounds what is decompressed: a few bytes on the wire must not become
// gigabytes.

// maxBatch bounds a decompressed batch, bytes. By default a topic takes batches of 1 MiB
// as they are compressed.
const maxBatch = 32 << 20

// fetchMost bounds what a client decompresses between two polls, bytes, but for the
// batches that reach it: one of each broker.
const fetchMost = 64 << 20

// errEnough is that of a batch which is left for the next fetch. kgo gives what a
// partition has until then, and asks for the batch again.
var errEnough = errors.New("the fetch has brought as much as is read at once")

// decompressor is a client's. It implements kgo.Decompressor.
type decompressor struct {
	kgo.Decompressor
	brought atomic.Int64 // bytes since the last poll
}

// newDecompressor gives one that bounds batches: kgo has it in clients alone.
func newDecompressor() (*decompressor, error) {
	client, err := kgo.NewClient(kgo.MaxDecompressBatchBytes(maxBatch)) // it connects nowhere
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	defer client.Close()
	return &decompressor{Decompressor: client.OptValue(kgo.WithDecompressor).(kgo.Decompressor)}, nil
}

// Decompress implements kgo.Decompressor.
func (d *decompressor) Decompress(batch []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if d.brought.Load() >= fetchMost {
		return nil, errEnough
	}
	text, err := d.Decompressor.Decompress(batch, codec)
	d.brought.Add(int64(len(text)))
	return text, err
}

// polled begins anew: what was brought is the worker's.
func (d *decompressor) polled() { d.brought.Store(0) }
