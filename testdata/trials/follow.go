package main

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// follower reads the sinks of a pipeline while it works, under read_committed, and notes when each result could be seen.
type follower struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu   sync.Mutex
	seen map[string][]sight // by sink topic, in the order in which they came
	err  error
}

// sight is a result that could be seen.
type sight struct {
	partition int32
	offset    int64
	producer  int64 // who wrote it: a transactional id has one producer id for ever
	end       int64 // of its window, ms since the epoch
	size      int64 // of its window, ms
	at        time.Time
}

// follow starts to read the sinks, which must exist, from their first record.
func (s *stage) follow(ctx context.Context, sinks []string) (*follower, error) {
	client, err := kgo.NewClient(s.readOptions(kgo.ConsumeTopics(sinks...), kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &follower{cancel: cancel, done: make(chan struct{}), seen: map[string][]sight{}}
	go func() {
		defer close(f.done)
		defer client.Close()
		for ctx.Err() == nil {
			f.take(client.PollFetches(ctx))
		}
	}()
	return f, nil
}

func (f *follower) take(fetches kgo.Fetches) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := fetches.Err0(); f.err == nil {
		f.err = err
	}
	fetches.EachRecord(func(r record) {
		if r.Attrs.IsControl() {
			return
		}
		found, err := newResult(r.Topic, r)
		if err != nil {
			f.err = err
			return
		}
		f.seen[r.Topic] = append(f.seen[r.Topic], sight{r.Partition, r.Offset, r.ProducerID, found.end, found.size, now})
	})
}

// stop ends the reading; the error is the first that it met.
func (f *follower) stop() error {
	f.cancel()
	<-f.done
	if f.err == context.Canceled {
		return nil
	}
	return f.err
}

// since is when the first result could be seen that was written to a sink at or after the offsets.
func (f *follower) since(sink string, from kadm.ListedOffsets) (time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.seen[sink] {
		if o, ok := from.Lookup(sink, r.partition); !ok || r.offset >= o.Offset {
			return r.at, true
		}
	}
	return time.Time{}, false
}

// last is the newest result of a sink.
func (f *follower) last(sink string) (sight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.seen[sink]
	if len(all) == 0 {
		return sight{}, false
	}
	return all[len(all)-1], true
}

// largest is the largest window end that could be seen yet, ms since the epoch.
func (f *follower) largest() (end int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, all := range f.seen {
		for _, r := range all {
			end = max(end, r.end)
		}
	}
	return end
}
