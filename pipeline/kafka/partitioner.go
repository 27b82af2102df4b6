package kafka

import (
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/spec"
)

// partitioner tells which partition a producer gives a record by its key: Kafka's
// Java client and franz-go by murmur2, librdkafka by CRC-32 (its consistent
// partitioner). It is nil where none is named.
func partitioner(name spec.Partitioner) func(r *kgo.Record, partitions int) int {
	switch name {
	case spec.Murmur2:
		return kgo.StickyKeyPartitioner(nil).ForTopic("").Partition
	case spec.CRC32:
		return func(r *kgo.Record, partitions int) int {
			return int(crc32.ChecksumIEEE(r.Key) % uint32(partitions))
		}
	}
	return nil
}

// misplaced tells what is wrong with a record that its producer's partitioner
// would not have put where it is. Without a key it could be anywhere, so that its
// group would be in several partitions: it is a bad record. In another partition
// than its key's it shows that the spec, or the number of partitions, is not what
// it was: an error, for somebody has to decide.
func (s *shards) misplaced(t topicShard, r *kgo.Record) (reason string, err error) {
	if r.Key == nil || len(r.Key) == 0 && s.plan.Spec.Partitioner == spec.CRC32 { // librdkafka takes an empty key for none
		return "the record has no key, by which it should be in its partition", nil
	}
	if want := s.partition(r, t.partitions); want != int(r.Partition) {
		return "", stop("topic %s, partition %d, offset %d: by partitioner %s its key belongs to partition %d of %d: "+
			"name the producer's partitioner, or leave shard: partition out; the number of partitions must not change",
			r.Topic, r.Partition, r.Offset, s.plan.Spec.Partitioner, want, t.partitions)
	}
	return "", nil
}
