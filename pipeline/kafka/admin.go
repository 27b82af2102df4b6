package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// admin asks about many topics at once. Unlike kadm, it gives up no answer for
// that about another topic.
type admin struct {
	*kadm.Client
	client *kgo.Client
}

func newAdmin(client *kgo.Client) *admin { return &admin{kadm.NewClient(client), client} }

// errNoAnswer is the error of what a broker's answer lacks.
var errNoAnswer = errors.New("no answer")

// settings are those settings of a topic that matter here, by name.
type settings struct {
	value map[string]string
	err   error
}

const (
	cleanupPolicy = "cleanup.policy"
	retentionMS   = "retention.ms"
)

// settings gives those of each topic, of which there is one.
func (a *admin) settings(ctx context.Context, topics []string) map[string]settings {
	req := kmsg.NewPtrDescribeConfigsRequest()
	for _, topic := range topics {
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeTopic, topic
		r.ConfigNames = []string{cleanupPolicy, retentionMS}
		req.Resources = append(req.Resources, r)
	}
	resp, err := req.RequestWith(ctx, a.client)
	all := map[string]settings{}
	for topic, err := range unanswered(topics, err) {
		all[topic] = settings{err: err}
	}
	if err != nil {
		return all
	}
	for _, r := range resp.Resources {
		s := settings{map[string]string{}, kerr.ErrorForCode(r.ErrorCode)}
		for _, c := range r.Configs {
			if c.Value != nil {
				s.value[c.Name] = *c.Value
			}
		}
		all[r.ResourceName] = s
	}
	return all
}

// exist gives for each topic, of which there is one, why it cannot be used: nil
// where it can.
func (a *admin) exist(ctx context.Context, topics []string) (map[string]error, error) {
	req := kmsg.NewPtrMetadataRequest()
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topic
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, a.client)
	if err != nil {
		return nil, err
	}
	errs := unanswered(topics, nil)
	for _, t := range resp.Topics {
		if t.Topic != nil {
			errs[*t.Topic] = kerr.ErrorForCode(t.ErrorCode)
		}
	}
	return errs, nil
}

// unwritable gives those of the topics that we may not write to, and why.
func (a *admin) unwritable(ctx context.Context, topics []string) (map[string]error, error) {
	denied := map[string]error{}
	if len(topics) == 0 {
		return denied, nil
	}
	req := kmsg.NewPtrMetadataRequest()
	req.IncludeTopicAuthorizedOperations = true
	for _, topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topic
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, a.client)
	if err != nil {
		return nil, err
	}
	for _, t := range resp.Topics {
		told := t.AuthorizedOperations != math.MinInt32 // by brokers that have authorization
		if t.Topic != nil && (t.ErrorCode == kerr.TopicAuthorizationFailed.Code || t.ErrorCode == 0 && told && t.AuthorizedOperations&(1<<kmsg.ACLOperationWrite) == 0) {
			denied[*t.Topic] = kerr.TopicAuthorizationFailed
		}
	}
	return denied, nil
}

// create makes topics, and gives the error of each.
func (a *admin) create(ctx context.Context, topics []kmsg.CreateTopicsRequestTopic) map[string]error {
	const timeout = 15_000 // ms
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis, req.Topics = timeout, topics
	var names []string
	for _, t := range topics {
		names = append(names, t.Topic)
	}
	resp, err := req.RequestWith(ctx, a.client)
	errs := unanswered(names, err)
	if err != nil {
		return errs
	}
	for _, t := range resp.Topics {
		errs[t.Topic] = kerr.ErrorForCode(t.ErrorCode)
	}
	return errs
}

// unanswered are the errors of topics as long as nothing is known of them.
func unanswered(topics []string, err error) map[string]error {
	if err == nil {
		err = errNoAnswer
	}
	errs := make(map[string]error, len(topics))
	for _, topic := range topics {
		errs[topic] = err
	}
	return errs
}

// What ListOffsets takes in place of a time.
const (
	atEnd    = -1
	atStart  = -2
	atNewest = -3 // the record with the largest timestamp (KIP-734)
)

// Whose offsets are listed.
const (
	readUncommitted int8 = iota
	readCommitted
)

// listed is what a broker says of a partition at some time; -1 is none.
type listed struct {
	offset, timestamp int64
	err               error
}

// offsets lists the first offset of each partition at or after its time, ms.
func (a *admin) offsets(ctx context.Context, isolation int8, at map[pipeline.Partition]int64) map[pipeline.Partition]listed {
	found := make(map[pipeline.Partition]listed, len(at))
	if len(at) == 0 {
		return found
	}
	for id := range at {
		found[id] = listed{err: errNoAnswer}
	}
	for _, shard := range a.client.RequestSharded(ctx, offsetsRequest(isolation, at)) {
		if shard.Err != nil {
			for _, t := range shard.Req.(*kmsg.ListOffsetsRequest).Topics {
				for _, p := range t.Partitions {
					found[pipeline.Partition{Topic: t.Topic, ID: p.Partition}] = listed{err: shard.Err}
				}
			}
			continue
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				found[pipeline.Partition{Topic: t.Topic, ID: p.Partition}] = listed{p.Offset, p.Timestamp, kerr.ErrorForCode(p.ErrorCode)}
			}
		}
	}
	return found
}

func offsetsRequest(isolation int8, at map[pipeline.Partition]int64) *kmsg.ListOffsetsRequest {
	req := kmsg.NewPtrListOffsetsRequest()
	req.IsolationLevel = isolation
	topics := map[string]int{}
	for id, t := range at {
		i, ok := topics[id.Topic]
		if !ok {
			i = len(req.Topics)
			topics[id.Topic] = i
			req.Topics = append(req.Topics, kmsg.NewListOffsetsRequestTopic())
			req.Topics[i].Topic = id.Topic
		}
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = id.ID, t
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
	}
	return req
}

// failed is the error of one of the partitions, the first by its name.
func failed(found map[pipeline.Partition]listed) error {
	var first *pipeline.Partition
	for id, o := range found {
		if o.err != nil && (first == nil || compare(id, *first) < 0) {
			first = &id
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("list offsets of %s/%d: %w", first.Topic, first.ID, found[*first].err)
}

func compare(a, b pipeline.Partition) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
}
