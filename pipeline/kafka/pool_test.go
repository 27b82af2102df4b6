package kafka

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// holding is the dumb twin of a pool: every record that is out, and what was written
// to it. What was dropped stays in it for ever, since somebody may hold it.
type holding struct {
	out    map[*kgo.Record]int64
	carved int64
}

// carve gets a batch, and writes to it.
func (h *holding) carve(t *testing.T, p *recordPool, n int) []kgo.Record {
	t.Helper()
	recs := p.GetRecords(n)
	if len(recs) != n || cap(recs) != n {
		t.Fatalf("%d records of a capacity of %d, want %d", len(recs), cap(recs), n)
	}
	for i := range recs {
		if _, held := h.out[&recs[i]]; held {
			t.Fatal("a record is out twice")
		}
		if !reflect.ValueOf(recs[i]).IsZero() {
			t.Fatalf("a record holds on to %+v", recs[i])
		}
		h.carved++
		recs[i] = kgo.Record{Offset: h.carved, Value: []byte{1}, Context: context.Background()}
		h.out[&recs[i]] = h.carved
	}
	return recs
}

// back takes records out of it that are given back.
func (h *holding) back(t *testing.T, records ...*kgo.Record) {
	t.Helper()
	for _, r := range records {
		if at, held := h.out[r]; !held || r.Offset != at || len(r.Value) != 1 {
			t.Fatalf("a record was changed while it was out: %+v, held %v", r, held)
		}
		delete(h.out, r)
	}
}

// check holds what slabs count against what is out.
func (h *holding) check(t *testing.T, p *recordPool) {
	t.Helper()
	all := 0
	for _, s := range p.slabs {
		out := 0
		for i := range s.records {
			if _, held := h.out[&s.records[i]]; held {
				if out++; i >= s.used {
					t.Fatalf("record %d is out, of %d", i, s.used)
				}
			}
		}
		if out != s.used-s.back {
			t.Fatalf("%d records are out, the slab says %d - %d", out, s.used, s.back)
		}
		all += out
	}
	if all != p.out {
		t.Fatalf("%d records are out, the pool says %d", all, p.out)
	}
}

// polledOf is a poll that brought records of several partitions.
func polledOf(partitions ...[]*kgo.Record) kgo.Fetches {
	var topic kgo.FetchTopic
	for i, records := range partitions {
		topic.Partitions = append(topic.Partitions, kgo.FetchPartition{Partition: int32(i), Records: records})
	}
	return kgo.Fetches{{Topics: []kgo.FetchTopic{topic}}}
}

func pointers(recs []kgo.Record) (all []*kgo.Record) {
	for i := range recs {
		all = append(all, &recs[i])
	}
	return all
}

// split deals records to partitions in rows, as a fetch brings batches.
func split(rng *rand.Rand, records []*kgo.Record) (partitions [][]*kgo.Record) {
	for len(records) > 0 {
		n := rng.IntN(len(records)) + 1
		partitions, records = append(partitions, records[:n]), records[n:]
	}
	rng.Shuffle(len(partitions), func(i, j int) { partitions[i], partitions[j] = partitions[j], partitions[i] })
	return partitions
}

// What is out is never given out again nor changed, and memory comes back once every
// record of it was given back: batches of all sizes, of which kgo drops some as a
// whole, or the beginning or the end, come back in any order and in parts, or never.
func TestRecordPool(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var p recordPool
		held := holding{out: map[*kgo.Record]int64{}}
		var out [][]*kgo.Record
		known, again, all := map[*kgo.Record]bool{}, 0, 0
		for step := range 600 {
			for range rng.IntN(4) {
				n := []int{rng.IntN(20) + 1, rng.IntN(20) + 1, rng.IntN(400) + 1, rng.IntN(3000) + 1, rng.IntN(9000) + 1}[rng.IntN(5)/(rng.IntN(4)+1)]
				recs := held.carve(t, &p, n)
				records := pointers(recs)
				for _, r := range records {
					if all++; known[r] {
						again++
					}
					known[r] = true
				}
				switch rng.IntN(60) {
				case 0: // kgo kept none
					held.back(t, records...)
					clear(recs)
					p.PutRecords(recs)
					continue
				case 1: // reading began in the midst of it
					records = records[rng.IntN(n):]
				case 2: // it was cut short
					records = records[:rng.IntN(n)+1]
				case 3: // a pause, and kgo drops what it has
					continue
				case 4: // a part of it comes with another poll
					at := rng.IntN(n)
					out, records = append(out, records[:at]), records[at:]
				}
				out = append(out, records)
			}
			for len(out) > 6 {
				i := min(rng.IntN(3), rng.IntN(3)) // mostly what has been out for longest
				if rng.IntN(50) == 0 {
					i = len(out) - 2
				}
				records := append(slices.Clone(out[i]), out[i+1]...)
				out = slices.Delete(out, i, i+2)
				held.back(t, records...)
				if rng.IntN(10) == 0 { // old message formats are of no pool
					records = slices.Insert(records, rng.IntN(len(records)+1), &kgo.Record{})
				}
				p.put(polledOf(split(rng, records)...))
			}
			if step%20 == 0 {
				held.check(t, &p)
			}
		}
		held.check(t, &p)
		if again < all/5 {
			t.Errorf("seed %d: of %d records %d were in memory used again", seed, all, again)
		}
	}
}

// Sources of two clients get records at once, while both clients' readers give back.
func TestRecordPoolAtOnce(t *testing.T) {
	const clients, sources, rounds = 2, 2, 300
	var p recordPool
	var reading sync.WaitGroup
	for client := range clients {
		polls := make(chan []*kgo.Record, 3)
		var fetching sync.WaitGroup
		for source := range sources {
			fetching.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(client), uint64(source)))
				for at := int64(0); at < rounds<<20; at += 1 << 20 {
					var records []*kgo.Record
					for range rng.IntN(20) {
						recs := p.GetRecords(rng.IntN(300*client+30) + 1)
						if rng.IntN(20) == 0 {
							clear(recs)
							p.PutRecords(recs)
							continue
						}
						for i := range recs {
							recs[i].Offset, recs[i].Partition = at+int64(len(records)), int32(source)
							records = append(records, &recs[i])
						}
					}
					polls <- records
				}
			})
		}
		go func() { fetching.Wait(); close(polls) }()
		reading.Go(func() {
			var late [][]*kgo.Record // what is used for longer
			for records := range polls {
				if late = append(late, records); len(late) < 5 {
					continue
				}
				for i, r := range late[0] {
					if first := late[0][0]; r.Partition != first.Partition || r.Offset != first.Offset+int64(i) {
						t.Error("a record was changed while it was out")
						return
					}
				}
				p.put(polledOf(late[0]))
				late = late[1:]
			}
		})
	}
	reading.Wait()
}

// What a burst left is the collector's after a while, whatever was dropped of it, and
// whoever reads little afterwards holds little.
func TestRecordPoolShrinks(t *testing.T) {
	for _, drop := range []int{0, 3, -3} { // at the beginning, at the end
		var p recordPool
		burst := func() {
			var records []*kgo.Record
			for range 5000 {
				records = append(records, pointers(p.GetRecords(10))...)
			}
			p.put(polledOf(records[max(drop, 0) : len(records)+min(drop, 0)]))
		}
		polls := func(n int) (held int) {
			for range n / 2 {
				p.put(nil)
			}
			for _, s := range p.slabs {
				held += len(s.records)
			}
			return held
		}
		burst()
		if held := polls(400); held > 0 || p.current != nil {
			t.Errorf("%d dropped: %d records are held in silence", drop, held)
		}
		for range 40 {
			burst()
		}
		for range 200 {
			p.put(polledOf(pointers(p.GetRecords(3))))
		}
		if held := polls(0); held > 200 {
			t.Errorf("%d dropped: %d records are held for polls of 3", drop, held)
		}
		for range 100 {
			p.GetRecords(9000) // is dropped
			burst()
		}
		if held := polls(0); held > 1_000_000 {
			t.Errorf("%d dropped: %d records are held for polls of 50,000", drop, held)
		}
	}
}

// Where batches are small, too, nothing is allocated.
func TestRecordPoolAllocatesNothing(t *testing.T) {
	for _, size := range []int{1, 10, 700, 9000} {
		var p recordPool
		records := make([]*kgo.Record, 0, 9000)
		if n := testing.AllocsPerRun(100, func() {
			for records = records[:0]; len(records)+size <= cap(records); {
				recs := p.GetRecords(size)
				for i := range recs {
					records = append(records, &recs[i])
				}
			}
			p.put(polledOf(records))
		}); n > 15 {
			t.Errorf("batches of %d: %v allocations for 9,000 records", size, n)
		}
	}
}

// With what kgo makes of batches: it begins in the midst of one, leaves out what was
// aborted and what ends a transaction, and copies that were kept stay as they were
// when the memory of their records is used for others.
func TestRecordPoolOfKgo(t *testing.T) {
	const transactional, control = 0x10, 0x30
	var p recordPool
	response := func(text string) *kmsg.FetchResponseTopicPartition {
		rp := &kmsg.FetchResponseTopicPartition{
			RecordBatches: slices.Concat(
				batchOf(0, 40, 0, text), batchOf(40, 30, transactional, text), batchOf(70, 1, control, "\x00\x00\x00\x00"), batchOf(71, 7, 0, text), batchOf(78, 500, 0, text)),
		}
		aborted := kmsg.NewFetchResponseTopicPartitionAbortedTransaction()
		aborted.ProducerID, aborted.FirstOffset = 7, 40
		rp.AbortedTransactions = append(rp.AbortedTransactions, aborted)
		return rp
	}
	copies := map[*kgo.Record]string{}
	memory := map[*kgo.Record]bool{}
	for round := range 30 {
		from := int64(0)
		if round == 0 {
			from = 25
		}
		text := fmt.Sprint("text ", round)
		fetches := processed(&p, from, response(text))
		if n, want := fetches.NumRecords(), 40+7+500-int(from); n != want {
			t.Fatalf("%d records, want %d", n, want)
		}
		if want := 40 + 7 + 500; round < 5 && p.out != want+min(round, 1)*25 {
			t.Errorf("round %d: %d records are out, want %d", round, p.out, want)
		}
		for _, r := range fetches.Records() {
			memory[r] = true
			if r.Offset%50 == 0 {
				copies[kept(r)] = text
			}
		}
		p.put(fetches)
	}
	if len(memory) > 3*578 {
		t.Errorf("%d records' memory was used for 30 times 547", len(memory))
	}
	for r, text := range copies {
		headers := []kgo.RecordHeader{{Key: "h", Value: []byte(text)}}
		if !bytes.HasPrefix(r.Value, fmt.Append(nil, r.Offset, " ")) || string(r.Key) != text || !reflect.DeepEqual(r.Headers, headers) || r.Topic != "t" || r.Context != nil {
			t.Fatalf("a copy of %s is %+v", text, r)
		}
	}
}

// batchOf is a batch of n records with values of 100 bytes, as a broker sends it. Where
// there is a text, it is their key and a header.
func batchOf(first int64, n int, attributes int16, text string) []byte {
	b := kmsg.RecordBatch{FirstOffset: first, Magic: 2, Attributes: attributes, LastOffsetDelta: int32(n - 1), ProducerID: 7, NumRecords: int32(n)}
	for i := range n {
		r := kmsg.Record{OffsetDelta: int32(i), Value: make([]byte, 100)}
		copy(r.Value, fmt.Sprint(first+int64(i), " "))
		if text != "" {
			r.Key, r.Headers = []byte(text), []kmsg.Header{{Key: "h", Value: []byte(text)}}
		}
		r.Length = int32(len(r.AppendTo(nil)) - 1) // of what follows it: a length of 0 takes one byte
		b.Records = r.AppendTo(b.Records)
	}
	b.Length = int32(len(b.AppendTo(nil)) - 12) // of what follows it
	return b.AppendTo(nil)
}

// processed is what kgo makes of a response, with the pool's memory.
func processed(p *recordPool, from int64, rp *kmsg.FetchResponseTopicPartition) kgo.Fetches {
	opts := kgo.ProcessFetchPartitionOpts{Offset: from, DisableCRCValidation: true, IsolationLevel: kgo.ReadCommitted(), Topic: "t", Pools: []kgo.Pool{p}}
	f, _ := kgo.ProcessFetchPartition(opts, rp, kgo.DefaultDecompressor(), nil)
	return kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: "t", Partitions: []kgo.FetchPartition{f}}}}}
}

// BenchmarkRecordPool is what 45,000 records cost that are fetched while three fetches
// are out: in pool the memory alone, in kgo with their decoding.
func BenchmarkRecordPool(b *testing.B) {
	const records, out = 45_000, 3
	for _, size := range []int{10, 1000, 9000} {
		rp := &kmsg.FetchResponseTopicPartition{}
		for at := 0; at < records; at += size {
			rp.RecordBatches = append(rp.RecordBatches, batchOf(int64(at), size, 0, "")...)
		}
		b.Run(fmt.Sprintf("pool/%d", size), func(b *testing.B) {
			var p recordPool
			var fetches [out]kgo.Fetches
			for i := range fetches {
				fetches[i] = polledOf(make([]*kgo.Record, 0, records))
			}
			timed(b, records, func(i int) {
				f := fetches[i%out]
				p.put(f)
				of := &f[0].Topics[0].Partitions[0]
				of.Records = of.Records[:0]
				for range records / size {
					recs := p.GetRecords(size)
					for i := range recs {
						of.Records = append(of.Records, &recs[i])
					}
				}
			})
		})
		b.Run(fmt.Sprintf("kgo/%d", size), func(b *testing.B) {
			var p recordPool
			var fetches [out]kgo.Fetches
			timed(b, records, func(i int) {
				p.put(fetches[i%out])
				fetches[i%out] = processed(&p, 0, rp)
			})
		})
	}
}

// timed tells what a record costs where each run handles so many.
func timed(b *testing.B, records int, run func(i int)) {
	b.ReportAllocs()
	start, n := time.Now(), 0
	for ; b.Loop(); n++ {
		run(n)
	}
	b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(n*records), "ns/record")
}
