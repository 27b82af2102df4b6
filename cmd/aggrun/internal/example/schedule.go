package example

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// message is one record of an example topic, before it is encoded.
type message struct {
	partition int32
	key       []byte
	due       time.Time // when it is made: it is not written before
	time      time.Time // event time; earlier than due where it is disordered
	values    []float64 // time in seconds, then the signals; good until the next message
	fields    []byte    // the topic's other fields, encoded; good until the next message
}

// schedule is the messages of one topic, in order.
type schedule struct {
	load       Load
	partitions int32
	n          int64 // messages made or passed over
	turn       int32 // the partition that is next
	keys       []key
	random     *rand.Rand
	signals    []signal
	fields     *node
	values     []float64
	encoded    []byte
}

// key is a record key and the partition that Kafka's own producer gives it.
type key struct {
	bytes     []byte
	partition int32
}

// newSchedule makes the schedule of the load's topic with number i. The load's
// Start is set.
func newSchedule(load Load, i int, topic Topic, partitions int32) *schedule {
	s := &schedule{
		load: load, partitions: partitions,
		random: rand.New(rand.NewPCG(load.Seed, uint64(i))),
		values: make([]float64, 1+topic.Signals),
	}
	for field := range topic.Signals {
		s.signals = append(s.signals, newSignal(s.random, field))
	}
	s.fields = fieldTree(topic.Fields, s.random)
	hash := kgo.StickyKeyPartitioner(nil).ForTopic("")
	for k := range load.Keys {
		text := fmt.Appendf(nil, "key-%d", k)
		s.keys = append(s.keys, key{text, int32(hash.Partition(&kgo.Record{Key: text}, int(partitions)))})
	}
	return s
}

// next gives the message whose turn it is; ok is false when its partition, or
// every partition, is silent just now: then there is none at this time.
func (s *schedule) next() (m message, ok bool) {
	since := time.Duration(math.Round(float64(s.n) / s.load.Frequency * 1e9))
	m.due = s.load.Start.Add(since)
	m.partition, ok = s.place(since, &m)
	s.n++
	m.time = m.due
	back := s.random.Float64()
	if s.random.Float64() < s.load.Disorder {
		m.time = m.due.Add(-time.Duration(back * float64(s.load.DisorderBy)))
	}
	s.values[0] = float64(m.time.UnixNano()) / 1e9
	at := float64(m.time.Sub(s.load.Start)) / 1e9
	for i, signal := range s.signals {
		s.values[1+i] = signal.at(at, s.random.Float64())
	}
	s.encoded = s.fields.append(s.encoded[:0], m.time, at, s.random)
	m.values, m.fields = s.values, s.encoded
	return m, ok
}

// done tells that the load has been made.
func (s *schedule) done() bool { return s.load.Messages > 0 && s.n >= s.load.Messages }

// place chooses the partition: the key's, or else the next that is not silent.
func (s *schedule) place(since time.Duration, m *message) (int32, bool) {
	if len(s.keys) > 0 {
		k := s.keys[s.n%int64(len(s.keys))]
		m.key = k.bytes
		return k.partition, !s.silent(k.partition, since)
	}
	for range s.partitions {
		p := s.turn
		s.turn = (s.turn + 1) % s.partitions
		if !s.silent(p, since) {
			return p, true
		}
	}
	return 0, false
}

func (s *schedule) silent(partition int32, since time.Duration) bool {
	return slices.ContainsFunc(s.load.Silence, func(q Silence) bool { return q.Partition == partition && q.contains(since) })
}

// signal is a sine with noise upon an offset.
type signal struct{ offset, height, pace, phase, noise float64 }

func newSignal(random *rand.Rand, field int) signal {
	period := float64(20 + 10*field) // seconds
	return signal{
		offset: float64(10 * field), height: 5, pace: 2 * math.Pi / period,
		phase: 2 * math.Pi * random.Float64(), noise: 0.5,
	}
}

// at is the value at t seconds, given a random number from 0 to 1.
func (s signal) at(t, random float64) float64 {
	return s.offset + s.height*math.Sin(s.pace*t+s.phase) + s.noise*(2*random-1)
}
