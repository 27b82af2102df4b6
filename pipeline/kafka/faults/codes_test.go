package faults

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// This file is the table of what a broker may answer in a bad moment, to each request
// that a worker makes. Nothing in it is for good: what a broker says for good stops a
// pipeline, and has tests of its own.

// answers are the codes of one request.
type answers struct {
	key   kmsg.Key
	errs  []*kerr.Error
	whole bool // of the answer as a whole, and not of a partition in it
}

var table = []answers{
	{key: kmsg.Produce, errs: []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.KafkaStorageError, kerr.UnknownTopicOrPartition, kerr.InvalidProducerEpoch, kerr.UnknownServerError,
		kerr.ConcurrentTransactions, kerr.OutOfOrderSequenceNumber, kerr.CorruptMessage,
	}},
	{key: kmsg.Fetch, errs: []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.UnknownServerError, kerr.KafkaStorageError, kerr.OffsetNotAvailable, kerr.ReplicaNotAvailable,
		kerr.UnknownLeaderEpoch, kerr.FencedLeaderEpoch, kerr.UnknownTopicID, kerr.UnknownTopicOrPartition, kerr.CorruptMessage,
	}},
	{key: kmsg.Fetch, whole: true, errs: []*kerr.Error{
		kerr.FetchSessionIDNotFound, kerr.InvalidFetchSessionEpoch, kerr.UnknownServerError,
	}},
	{key: kmsg.ListOffsets, errs: []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.OffsetNotAvailable, kerr.UnknownServerError, kerr.RequestTimedOut,
		kerr.UnknownTopicOrPartition, kerr.UnknownLeaderEpoch,
	}},
	{key: kmsg.OffsetForLeaderEpoch, errs: []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.UnknownLeaderEpoch, kerr.FencedLeaderEpoch, kerr.UnknownServerError,
	}},
	{key: kmsg.Metadata, errs: []*kerr.Error{
		kerr.LeaderNotAvailable, kerr.UnknownTopicOrPartition, kerr.UnknownServerError,
	}},
	{key: kmsg.FindCoordinator, errs: []*kerr.Error{
		kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.UnknownServerError,
	}},
	{key: kmsg.JoinGroup, errs: []*kerr.Error{
		kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.UnknownMemberID, kerr.UnknownServerError,
	}},
	{key: kmsg.SyncGroup, errs: []*kerr.Error{
		kerr.RebalanceInProgress, kerr.NotCoordinator, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.CoordinatorNotAvailable,
	}},
	{key: kmsg.Heartbeat, errs: []*kerr.Error{
		kerr.RebalanceInProgress, kerr.NotCoordinator, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.CoordinatorNotAvailable,
	}},
	{key: kmsg.LeaveGroup, errs: []*kerr.Error{kerr.NotCoordinator, kerr.UnknownMemberID}},
	{key: kmsg.OffsetFetch, errs: []*kerr.Error{
		kerr.UnstableOffsetCommit, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.UnknownServerError,
	}},
	{key: kmsg.InitProducerID, errs: []*kerr.Error{
		kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.ConcurrentTransactions, kerr.UnknownServerError,
	}},
	{key: kmsg.AddPartitionsToTxn, errs: []*kerr.Error{
		kerr.ConcurrentTransactions, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.InvalidProducerEpoch, kerr.UnknownServerError,
	}},
	{key: kmsg.AddOffsetsToTxn, errs: []*kerr.Error{
		kerr.ConcurrentTransactions, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.InvalidProducerEpoch, kerr.UnknownServerError,
	}},
	{key: kmsg.TxnOffsetCommit, errs: []*kerr.Error{
		kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.RebalanceInProgress, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress,
		kerr.CoordinatorNotAvailable, kerr.ConcurrentTransactions, kerr.RequestTimedOut, kerr.UnknownServerError, kerr.InvalidProducerEpoch,
	}},
	{key: kmsg.EndTxn, errs: []*kerr.Error{
		kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.ConcurrentTransactions,
		kerr.RequestTimedOut, kerr.UnknownServerError, kerr.InvalidProducerEpoch, kerr.InvalidTxnState,
	}},
	{key: kmsg.DescribeTransactions, errs: []*kerr.Error{
		kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.TransactionalIDNotFound, kerr.UnknownServerError,
	}},
	{key: kmsg.DescribeConfigs, errs: []*kerr.Error{kerr.RequestTimedOut, kerr.UnknownServerError, kerr.UnknownTopicOrPartition}},
	{key: kmsg.CreateTopics, errs: []*kerr.Error{kerr.RequestTimedOut, kerr.NotController, kerr.UnknownServerError}},
}

// undecided are the codes with which a coordinator may answer what it does all the
// same: its log failed it, or it moved, after the change was appended.
var undecided = []*kerr.Error{
	kerr.UnknownServerError, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.RequestTimedOut,
}

// answered are the requests whose answers are changed so.
var answered = []kmsg.Key{kmsg.EndTxn, kmsg.EndTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit, kmsg.InitProducerID}

// cuttable are the requests at which connections are cut, before or after they are
// done, or whose answers come late; those twice that a transaction is made of.
var cuttable = func() (keys []kmsg.Key) {
	for _, a := range table {
		if !slices.Contains(keys, a.key) {
			keys = append(keys, a.key)
		}
	}
	return append(keys, kmsg.EndTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.OffsetFetch, kmsg.ListOffsets)
}()

// ofWorkers tells a worker's request from one of those who write the sources.
func ofWorkers(req kmsg.Request) bool {
	id := ""
	switch r := req.(type) {
	case *kmsg.ProduceRequest:
		if r.TransactionID != nil {
			id = *r.TransactionID
		}
	case *kmsg.InitProducerIDRequest:
		if r.TransactionalID != nil {
			id = *r.TransactionalID
		}
	case *kmsg.AddPartitionsToTxnRequest:
		id = r.TransactionalID
	case *kmsg.EndTxnRequest:
		id = r.TransactionalID
	case *kmsg.FindCoordinatorRequest:
		for _, key := range append(r.CoordinatorKeys, r.CoordinatorKey) {
			if strings.HasPrefix(key, groupPrefix) {
				return true
			}
		}
		return false
	default:
		return true
	}
	return strings.HasPrefix(id, groupPrefix)
}
