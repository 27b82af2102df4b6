package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	aggrun "github.com/aggrun/aggrun/pipeline"
)

// shard is what the broker knows of a source topic under a group.
type shard struct {
	topic string
	lag   int64 // records beyond the commits: end - done
	open  int64 // records below the commits that undecided windows need: done - r
}

// ends asks where topics end.
func (s *stage) ends(ctx context.Context, topics []string) (kadm.ListedOffsets, error) {
	if len(topics) == 0 {
		return nil, nil // no topics would mean all of them
	}
	ends, err := s.admin.ListEndOffsets(ctx, topics...)
	return ends, cmp.Or(err, ends.Error())
}

// shards is the state of topics that ended so, by the group's present commits.
func (s *stage) shards(ctx context.Context, p *pipeline, topics []string, ends kadm.ListedOffsets) ([]shard, error) {
	commits, err := s.admin.FetchOffsets(ctx, p.group())
	if err != nil {
		return nil, err
	}
	var shards []shard
	for _, topic := range topics {
		sh := shard{topic: topic}
		for id, end := range ends[topic] {
			done, open, err := committed(commits, topic, id)
			if err != nil {
				return nil, err
			}
			sh.lag += max(0, end.Offset-done)
			sh.open += open
		}
		shards = append(shards, sh)
	}
	return shards, nil
}

// committed is a partition's offset, and how many records before it would be read again.
func committed(commits kadm.OffsetResponses, topic string, id int32) (done, open int64, err error) {
	o, ok := commits.Lookup(topic, id)
	if !ok || o.At < 0 {
		return 0, 0, nil
	}
	c, err := aggrun.DecodeCheckpoint(o.Metadata, o.At)
	if err != nil {
		return 0, 0, fmt.Errorf("commit of %s/%d at %d: %w", topic, id, o.At, err)
	}
	return o.At, o.At - c.Replay, nil
}

// busy tells that the shard has records to read and windows that are not decided.
func (sh shard) busy() bool { return sh.lag > 0 && sh.open > 0 }

// holder is a worker that may be killed.
type holder struct {
	*process
	instance string // "": one without a name
	listen   string // HOST:PORT at which it tells metrics and health; "": nowhere
	point    string // at which it kills itself, as failVariable has it; "": none
}

// fell tells that the worker ended as it was made to.
func (h *holder) fell() bool { return h.point != "" && h.ended() && h.killed() }

// owned is the shards a worker holds. No member of a group tells its instance, but every result tells its producer: a
// worker holds the shards whose newest result it wrote, in the life of the present process.
func (s *stage) owned(ctx context.Context, p *pipeline, h *holder, f *follower, topics []string) ([]string, error) {
	id := p.producer(h.instance)
	transactions, err := s.admin.DescribeTransactions(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := transactions[id].Err; err != nil {
		return nil, nil // it has not begun any
	}
	var owned []string
	for _, topic := range topics {
		last, ok := f.last(p.sink(topic))
		if ok && last.producer == transactions[id].ProducerID && last.at.After(h.born) {
			owned = append(owned, topic)
		}
	}
	return owned, nil
}

// transaction is the state of a worker's latest transaction, as the broker has it.
func (s *disturbed) transaction(ctx context.Context, h *holder) string {
	id := s.first.producer(h.instance)
	found, err := s.admin.DescribeTransactions(ctx, id)
	if err = cmp.Or(err, found[id].Err); err != nil {
		return "none"
	}
	return found[id].State
}

// drained waits until everything in the topics is committed.
func (s *stage) drained(ctx context.Context, p *pipeline, topics []string, limit time.Duration) error {
	return await(ctx, limit, "everything is read and committed", func() (bool, error) {
		ends, err := s.ends(ctx, topics)
		if err != nil {
			return false, err
		}
		shards, err := s.shards(ctx, p, topics, ends)
		return !slices.ContainsFunc(shards, func(sh shard) bool { return sh.lag > 0 }), err
	})
}

// records is how many records the topics hold; they have been written outside transactions, so offsets count them.
func (s *stage) records(ctx context.Context, topics []string) (n int64, err error) {
	ends, err := s.ends(ctx, topics)
	ends.Each(func(o kadm.ListedOffset) { n += o.Offset })
	return n, err
}

// members describes the group in a few words.
func (s *stage) members(ctx context.Context, p *pipeline) string {
	groups, err := s.admin.DescribeGroups(ctx, p.group())
	if err != nil {
		return err.Error()
	}
	g := groups[p.group()]
	return fmt.Sprintf("%s, %d members", g.State, len(g.Members))
}
