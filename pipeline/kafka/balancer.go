package kafka

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// balancer speaks the group's protocol for pipeline.Balance: what members tell
// and the leader decides travels as user data of the consumer protocol
// (KIP-429's cooperative form). It tells the session of each change.
type balancer struct {
	shard   func(pipeline.Partition) string
	joining func(owned []pipeline.Partition)
	synced  func(owned []pipeline.Partition, counts map[string]int32)
	version string               // of the pipeline here
	loaded  int64                // when it was loaded, ns
	atWork  func(version string) // tells which one has the group's partitions

	mu     sync.Mutex
	counts map[string]int32 // as the last leader saw them
}

// userData is the JSON that members and leader attach. A member tells its own version
// of the pipeline and when it was loaded, the leader the one that is at work.
type userData struct {
	Counts  map[string]int32 `json:"counts,omitempty"`
	Version string           `json:"version,omitempty"`
	Loaded  int64            `json:"loaded,omitempty"` // ns
}

func (*balancer) ProtocolName() string { return "aggrun-shard" }
func (*balancer) IsCooperative() bool  { return true }

// JoinGroupMetadata is called as the member joins. What kgo no longer holds as
// assigned is lost, whatever callbacks it calls or skips.
func (b *balancer) JoinGroupMetadata(interests []string, current map[string][]int32, generation int32) []byte {
	owned := partitions(current)
	b.joining(owned)
	b.mu.Lock()
	defer b.mu.Unlock()
	m := kmsg.NewConsumerMemberMetadata()
	m.Version = 3
	m.Topics = slices.Sorted(slices.Values(interests))
	m.Generation = generation
	m.UserData, _ = json.Marshal(userData{b.counts, b.version, b.loaded}) // always marshals
	for _, id := range owned {
		if n := len(m.OwnedPartitions); n > 0 && m.OwnedPartitions[n-1].Topic == id.Topic {
			m.OwnedPartitions[n-1].Partitions = append(m.OwnedPartitions[n-1].Partitions, id.ID)
			continue
		}
		o := kmsg.NewConsumerMemberMetadataOwnedPartition()
		o.Topic, o.Partitions = id.Topic, []int32{id.ID}
		m.OwnedPartitions = append(m.OwnedPartitions, o)
	}
	return m.AppendTo(nil)
}

// ParseSyncAssignment reads what the leader decided for this member.
func (b *balancer) ParseSyncAssignment(assignment []byte) (map[string][]int32, error) {
	var a kmsg.ConsumerMemberAssignment
	if err := a.ReadFrom(assignment); err != nil {
		return nil, fmt.Errorf("assignment: %w", err)
	}
	var d userData
	if len(a.UserData) > 0 {
		if err := json.Unmarshal(a.UserData, &d); err != nil {
			return nil, fmt.Errorf("assignment's user data: %w", err)
		}
	}
	topics := map[string][]int32{}
	for _, t := range a.Topics {
		topics[t.Topic] = t.Partitions
	}
	b.mu.Lock()
	b.counts = d.Counts
	b.mu.Unlock()
	b.atWork(d.Version)
	b.synced(partitions(topics), d.Counts)
	return topics, nil
}

// MemberBalancer reads what the members told, for the leader.
func (b *balancer) MemberBalancer(members []kmsg.JoinGroupResponseMember) (kgo.GroupMemberBalancer, map[string]struct{}, error) {
	c, err := kgo.NewConsumerBalancer(b, members)
	if err != nil {
		return nil, nil, fmt.Errorf("members' metadata: %w", err)
	}
	return c, c.MemberTopics(), nil
}

// Balance is the leader's decision.
func (b *balancer) Balance(c *kgo.ConsumerBalancer, counts map[string]int32) kgo.IntoSyncAssignment {
	var members []pipeline.Member
	var errs []error
	c.EachMember(func(m *kmsg.JoinGroupResponseMember, md *kmsg.ConsumerMemberMetadata) {
		var d userData
		if len(md.UserData) > 0 {
			errs = append(errs, json.Unmarshal(md.UserData, &d))
		}
		owned := map[string][]int32{}
		for _, o := range md.OwnedPartitions {
			owned[o.Topic] = o.Partitions
		}
		members = append(members, pipeline.Member{
			ID: m.MemberID, Topics: md.Topics, Owned: partitions(owned),
			Generation: md.Generation, Counts: d.Counts,
			Version: d.Version, Loaded: d.Loaded,
		})
	})
	if err := errors.Join(errs...); err != nil {
		c.SetError(fmt.Errorf("a member's user data: %w", err))
	}
	return plan(pipeline.Balance(b.shard, members, counts))
}

// plan is an Assignment on its way to the members.
type plan pipeline.Assignment

// IntoSyncAssignment encodes every member's part, and the counts for all.
func (p plan) IntoSyncAssignment() []kmsg.SyncGroupRequestGroupAssignment {
	data, _ := json.Marshal(userData{Counts: p.Counts, Version: p.Version}) // always marshals
	var out []kmsg.SyncGroupRequestGroupAssignment
	for member, ids := range p.Members {
		a := kmsg.NewConsumerMemberAssignment()
		a.Version, a.UserData = 1, data
		byTopic := map[string][]int32{}
		for _, id := range ids {
			byTopic[id.Topic] = append(byTopic[id.Topic], id.ID)
		}
		for topic, numbers := range byTopic {
			t := kmsg.NewConsumerMemberAssignmentTopic()
			t.Topic, t.Partitions = topic, numbers
			a.Topics = append(a.Topics, t)
		}
		s := kmsg.NewSyncGroupRequestGroupAssignment()
		s.MemberID, s.MemberAssignment = member, a.AppendTo(nil)
		out = append(out, s)
	}
	return out
}

// partitions lists kgo's form in order.
func partitions(topics map[string][]int32) []pipeline.Partition {
	var ids []pipeline.Partition
	for topic, numbers := range topics {
		for _, n := range numbers {
			ids = append(ids, pipeline.Partition{Topic: topic, ID: n})
		}
	}
	slices.SortFunc(ids, pipeline.Partition.Compare)
	return ids
}

// byTopic is partitions' inverse.
func byTopic(ids []pipeline.Partition) map[string][]int32 {
	m := map[string][]int32{}
	for _, id := range ids {
		m[id.Topic] = append(m[id.Topic], id.ID)
	}
	return m
}
