package kafka

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/aggrun/aggrun/pipeline"
)

// ends answers where silent partitions end, for all pipelines of a process: each
// asks again and again as long as nothing comes, and hundreds of them would keep
// the brokers busy with it. One question is for all partitions that somebody
// wants, and its answer is for all who want it soon after. Those about which
// nothing could be told are asked for apart: they take their time, while a leader
// is looked for.
type ends struct {
	admin *admin

	mu      sync.Mutex
	wanted  map[pipeline.Partition]wanted
	known   map[pipeline.Partition]known
	healthy chan struct{} // closed once the question under way is answered; nil when there is none
	ailing  chan struct{} // the same, about those that ail
}

// wanted tells that somebody asked for a partition.
type wanted struct {
	at  time.Time
	age time.Duration // that an answer may have
}

// known is the answer about a partition.
type known struct {
	asked        time.Time
	stable, high int64
	err          error
}

const (
	forgetEnds = 3 * time.Second // after which nobody wants a partition's end any more
	endsLimit  = 2 * time.Second // of a question
)

// endsAge is how old an answer may be, by how long a partition has to be silent:
// half of the time after which a worker asks again.
func endsAge(idle time.Duration) time.Duration {
	return min(max(idle/8, 25*time.Millisecond), 500*time.Millisecond)
}

func newEnds(admin *admin) *ends {
	return &ends{admin: admin, wanted: map[pipeline.Partition]wanted{}, known: map[pipeline.Partition]known{}}
}

// of gives the ends of partitions, asked for no longer than age ago. It leaves
// out those of which nothing can be told, and gives the error of one of them.
func (e *ends) of(ctx context.Context, ids []pipeline.Partition, age time.Duration, c clock) (map[pipeline.Partition]pipeline.End, error) {
	since := time.Now().Add(-age)
	for {
		answers, round := e.look(ids, since, age)
		if round == nil {
			return told(answers, c)
		}
		select {
		case <-round:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// told are answers in the words of the core.
func told(answers map[pipeline.Partition]known, c clock) (map[pipeline.Partition]pipeline.End, error) {
	out := make(map[pipeline.Partition]pipeline.End, len(answers))
	var err error
	for id, k := range answers {
		if k.err != nil {
			err = fmt.Errorf("list offsets of %s/%d: %w", id.Topic, id.ID, k.err)
			continue
		}
		out[id] = pipeline.End{Stable: k.stable, High: k.high, Asked: c.at(k.asked)}
	}
	return out, err
}

// at is a time on the clock.
func (c clock) at(t time.Time) int64 { return c.start.UnixNano() + int64(t.Sub(c.start)) }

// look gives the answers about partitions that are not from before since; or, where
// one is, what to wait for before looking again.
func (e *ends) look(ids []pipeline.Partition, since time.Time, age time.Duration) (map[pipeline.Partition]known, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now, stale := time.Now(), [2]bool{}
	answers := make(map[pipeline.Partition]known, len(ids))
	for _, id := range ids {
		e.wanted[id] = wanted{now, age}
		answers[id] = e.known[id]
		if e.known[id].asked.Before(since) {
			stale[e.known[id].class()] = true
		}
	}
	var under <-chan struct{}
	for class, round := range []*chan struct{}{&e.healthy, &e.ailing} {
		if !stale[class] {
			continue
		}
		if *round == nil {
			*round = make(chan struct{})
			go e.ask(e.due(now, class), round)
		}
		under = *round
	}
	if under == nil {
		return answers, nil
	}
	return nil, under
}

// class is 1 for what ails, else 0.
func (k known) class() int {
	if k.err != nil {
		return 1
	}
	return 0
}

// due are the partitions of a class to be asked for: those whose answers will soon
// be too old for who wants them.
func (e *ends) due(now time.Time, class int) []pipeline.Partition {
	maps.DeleteFunc(e.wanted, func(_ pipeline.Partition, w wanted) bool { return now.Sub(w.at) > forgetEnds })
	maps.DeleteFunc(e.known, func(id pipeline.Partition, _ known) bool { _, ok := e.wanted[id]; return !ok })
	var ids []pipeline.Partition
	for id, w := range e.wanted {
		if k := e.known[id]; k.class() == class && now.Sub(k.asked) >= w.age/2 {
			ids = append(ids, id)
		}
	}
	return ids
}

// ask asks the brokers, and tells those who wait by closing round.
func (e *ends) ask(ids []pipeline.Partition, round *chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), endsLimit)
	defer cancel()
	asked, at := time.Now(), map[pipeline.Partition]int64{}
	for _, id := range ids {
		at[id] = atEnd
	}
	var stable map[pipeline.Partition]listed
	var wg sync.WaitGroup
	wg.Go(func() { stable = e.admin.offsets(ctx, readCommitted, at) })
	high := e.admin.offsets(ctx, readUncommitted, at)
	wg.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		e.known[id] = known{asked, stable[id].offset, high[id].offset, cmp.Or(stable[id].err, high[id].err)}
	}
	close(*round)
	*round = nil
}
