package example

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline/codec"
)

// Progress is how far a load was written.
type Progress struct {
	Written int64     // records that the broker has
	Until   time.Time // event time that the schedule has reached
	Took    time.Duration
}

// Rate is the records written a second so far.
func (p Progress) Rate() float64 {
	if p.Took <= 0 {
		return 0
	}
	return float64(p.Written) / p.Took.Seconds()
}

// flushLimit bounds the wait for records that are under way when the work is to
// end.
const flushLimit = 15 * time.Second

// Produce writes the load until it is done or ctx ends, which is no error. Every
// so often it reports.
func (s Source) Produce(ctx context.Context, load Load, every time.Duration, report func(Progress)) (Progress, error) {
	if err := load.Check(); err != nil {
		return Progress{}, err
	}
	client, err := s.client(ctx,
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()), // noise does not shrink
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.MetadataMinAge(100*time.Millisecond), // new topics get their leaders one by one
	)
	if err != nil {
		return Progress{}, err
	}
	defer client.Close()
	targets, err := s.targets(ctx, client, load.Topics)
	if err != nil {
		return Progress{}, err
	}
	if load.Start.IsZero() {
		load.Start = time.Now().Truncate(time.Millisecond)
	}
	w := &writer{client: client, load: load, began: time.Now(), every: every, report: report}
	for i, t := range targets {
		if err := load.checkPartitions(t.Name, t.partitions); err != nil {
			return Progress{}, err
		}
		w.topics = append(w.topics, topic{t, newSchedule(load, i, t.Topic, t.partitions)})
	}
	return w.run(ctx)
}

// writer writes the topics' messages in turns.
type writer struct {
	client  *kgo.Client
	load    Load
	topics  []topic
	began   time.Time
	until   time.Time
	sent    int64
	written atomic.Int64
	failed  atomic.Pointer[error] // the first failure to write

	every    time.Duration
	reported time.Time
	report   func(Progress)
}

type topic struct {
	target
	*schedule
}

// run writes until ctx ends, and then gives what is under way some time more.
func (w *writer) run(ctx context.Context) (Progress, error) {
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(flushLimit, cancel) })()
	w.write(ctx, hard)
	if err := w.client.Flush(hard); err != nil && w.failed.Load() == nil {
		return w.progress(), fmt.Errorf("%d records could not be written within %v", w.sent-w.written.Load(), flushLimit)
	}
	if err := w.failed.Load(); err != nil {
		return w.progress(), *err
	}
	return w.progress(), nil
}

func (w *writer) write(ctx, hard context.Context) {
	for !w.topics[0].done() {
		for _, t := range w.topics {
			m, ok := t.next()
			if !w.pace(ctx, m.due) || w.failed.Load() != nil {
				return
			}
			w.until = m.due
			if ok {
				w.send(hard, t, m)
			}
		}
	}
}

// pace waits until a message that is made at due may be written; false: the work
// is to end. Waiting takes a millisecond at least, so that records are written
// in batches.
func (w *writer) pace(ctx context.Context, due time.Time) bool {
	now := time.Now()
	w.tell(now)
	if w.load.Rate > 0 {
		turn := w.began.Add(time.Duration(float64(w.sent) / w.load.Rate * 1e9))
		if turn.After(due) {
			due = turn
		}
	}
	wait := due.Sub(now)
	if wait <= 0 {
		return w.sent%256 != 0 || ctx.Err() == nil
	}
	timer := time.NewTimer(max(wait, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// tell reports when it is time to.
func (w *writer) tell(now time.Time) {
	if w.report == nil || w.every <= 0 {
		return
	}
	if w.reported.IsZero() {
		w.reported = w.began
	}
	if now.Sub(w.reported) >= w.every {
		w.reported = now
		w.report(w.progress())
	}
}

func (w *writer) send(ctx context.Context, t topic, m message) {
	w.sent++
	w.client.Produce(ctx, &kgo.Record{
		Topic: t.Name, Partition: m.partition, Key: m.key, Timestamp: m.time,
		Value: append(codec.AppendDoubles(make([]byte, 0, 5+8*len(m.values)+len(m.fields)), t.target.schema, m.values...), m.fields...),
	}, w.acknowledged)
}

func (w *writer) acknowledged(r *kgo.Record, err error) {
	if err != nil {
		err = fmt.Errorf("write to topic %s, partition %d: %w", r.Topic, r.Partition, err)
		w.failed.CompareAndSwap(nil, &err)
		return
	}
	w.written.Add(1)
}

func (w *writer) progress() Progress {
	return Progress{w.written.Load(), w.until, time.Since(w.began)}
}
