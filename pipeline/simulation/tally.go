package simulation

import "fmt"

// mark names something that schedules have to reach.
type mark int

// The crash points of PROTOCOL section 5, then the rules of section 2.
const (
	point1 mark = iota
	point2
	point3
	point4
	point5
	point6
	point7
	point8
	point9
	point10
	point11
	point12
	point13
	point14
	point15
	point16
	point17
	point18
	point19
	schemaLost
	pollFailed
	lookFailed
	joinedLate
	stormed
	confirmed
	committed
	idleLeft
	emptyLeft
	allIdle
	woken
	lateRecord
	lateLetter
	skippedRecord
	badRecord
	badSkipped
	controlRecord
	upstreamOpen
	unstableFetch
	tornHold
	tornEnded
	earlyEnded
	futureRefused
	futureReplayed
	unknownRefused
	unknownReplayed
	floodReplayed
	replayed
	freshAtClosed
	freshWithoutC
	newTopic
	newPartition
	movedShard
	staleBatch
	changedRefused
	brokerRefused
	fellBack
	retried
	startLatest
	startTime
	startTrimmed
	untilEnd
	closeOpen
	smallSample
	pooled
	expelled
	forgotten
	swallowed
	fenced
	joinTimeout
	staleCounts
	reread
	hopped
	shifted
	partialRecord
	partialReplayed
	fullCommit
	grouped
	groupedByTwo
	groupPooled
	nullGroup
	groupedByTopic
	groupedByPartition
	groupedByKey
	groupedByDerived
	groupRefused
	groupSkipped
	groupReplayed
	shardedByPartition
	fannedIn
	sourceSilent
	fannedOut
	captured
	filteredRecord
	filteredLargest
	aggregated
	fieldFuture
	fieldFutureReplayed
	fieldStart
	fieldJoin
	pausedAhead
	resumedAhead
	pausedBatch
	pausedLost
	busyPoll
	busyCommit
	rolledOut
	rolledBack
	lookedBack
	keptReplay
	tookOverIdle
	straddled
	toldAgain
	stoodBy
	handedOver
	unmet
	tookOverTwice
	changedWindow
	changedGrace
	changedWhere
	changedTime
	changedGroups
	changedOperations
	changedFuture
	sinkRefused
	sinkRefusedAgain
	sinkHealed
	othersCommitted
	sinkGaveUp
	followed
	followedAnew
	followedBehind
	marks
)

// names say what the marks are.
var names = [marks]string{
	point1: "1 crash after poll, before Begin", point2: "2 crash after Produce", point3: "3 crash after TxnOffsetCommit",
	point4: "4 EndTxn sent, answer lost", point5: "5 crash after commit", point6: "6 End false", point7: "7 zombie past its session",
	point8: "8 transaction timed out", point9: "9 some produces failed", point10: "10 coordinator moves",
	point11: "11 source truncated: stop", point12: "12 retention passes r: stop", point13: "13 crash while replaying",
	point14: "14 a rebalance tears a shard", point15: "15 metadata foreign: stop", point16: "16 killed anywhere",
	point17: "17 registry down", point18: "18 dead letters cannot be written", point19: "19 group offsets gone: stop",
	schemaLost: "schema of replayed records gone: stop", pollFailed: "fetch error ends the session", lookFailed: "look-up error ends the session", joinedLate: "a member joins late", stormed: "rebalances without end", confirmed: "4 EndTxn answered by error, then found committed", committed: "commit",
	idleLeft: "C passed an idle partition", emptyLeft: "C passed an empty partition", allIdle: "all idle: open windows close", woken: "records after all were idle",
	lateRecord: "late", lateLetter: "late, dead letter", skippedRecord: "skipped, before the start", badRecord: "bad, dead letter", badSkipped: "bad, skipped",
	controlRecord: "control or aborted", upstreamOpen: "open upstream transaction holds back", unstableFetch: "offset fetch waits for a transaction",
	tornHold: "a torn shard holds", tornEnded: "a torn shard ends the session", earlyEnded: "a batch before its assignment ends the session", futureRefused: "refused by max_future", futureReplayed: "refused again on replay, by tick",
	floodReplayed:  "more unknown ids than are kept, on replay",
	unknownRefused: "unknown schema id", unknownReplayed: "known by now, refused again on replay", replayed: "taken over with r < done",
	freshAtClosed: "fresh partition begins at C", freshWithoutC: "fresh partition joins before there is a C", newTopic: "new topic", newPartition: "new partition", movedShard: "shard moved between live members",
	staleBatch: "batch of an earlier assignment", changedRefused: "refused: the assignment changed", brokerRefused: "refused: an older generation",
	fellBack: "C fell back", retried: "results retried after an abort", startLatest: "start: latest", startTime: "start: a time",
	startTrimmed: "start: after retention", untilEnd: "--until-end ended", closeOpen: "--close-open emitted", smallSample: "small sample",
	pooled: "window of several partitions", expelled: "live member expelled", forgotten: "expelled, found by joining", swallowed: "callback of loss swallowed", fenced: "fenced by its own name",
	joinTimeout: "left behind in a join", staleCounts: "leader's counts are older than a member's", reread: "cold re-read equals live",
	hopped:              "window that overlaps others",
	shifted:             "window with an offset",
	partialRecord:       "late for some of its windows",
	fullCommit:          "a commit that takes no more results",
	partialReplayed:     "taken over with a pane of which a window is decided",
	grouped:             "result of a group",
	groupedByTwo:        "group of several values",
	groupPooled:         "group of several partitions",
	nullGroup:           "group null",
	groupedByTopic:      "group by $topic",
	groupedByPartition:  "group by $partition",
	groupedByKey:        "group by $key",
	groupedByDerived:    "group by a derived field",
	groupRefused:        "a group too many, dead letter",
	groupSkipped:        "a group too many, skipped",
	groupReplayed:       "a group too many, refused again on replay",
	shardedByPartition:  "shard: partition",
	fannedIn:            "window of two sources",
	sourceSilent:        "window that one of two sources has no record in",
	captured:            "two sources, a sink for each capture",
	fannedOut:           "two sources, a sink each topic",
	filteredRecord:      "filtered by where",
	filteredLargest:     "filtered, and moves the watermark",
	aggregated:          "aggregates",
	fieldFuture:         "refused, ahead of its own timestamp",
	fieldFutureReplayed: "refused again on replay, ahead of its own timestamp",
	fieldStart:          "start: a time, event time of a field",
	fieldJoin:           "fresh partition at C, event time of a field",
	pausedAhead:         "a partition far ahead is paused",
	resumedAhead:        "and goes on",
	pausedBatch:         "a batch of a paused partition",
	pausedLost:          "a paused partition is lost",
	busyPoll:            "a poll while a transaction is completed",
	busyCommit:          "a commit waits for the one before it",
	rolledOut:           "a changed spec took over",
	rolledBack:          "the spec before took over again",
	lookedBack:          "took over, read again from before the old r",
	keptReplay:          "took over, read again from the old r",
	tookOverIdle:        "took over with no window that lasts",
	straddled:           "took over, a window on both sides of C",
	toldAgain:           "took over, a dead letter in a window",
	stoodBy:             "a member stands by",
	handedOver:          "a shard handed over to a newer spec",
	unmet:               "a newer spec has not met a topic of a shard",
	tookOverTwice:       "took over again before the first commit",
	changedWindow:       "took over: window",
	changedGrace:        "took over: grace",
	changedWhere:        "took over: where or derive",
	changedTime:         "took over: time",
	changedGroups:       "took over: group_by or max_groups",
	changedOperations:   "took over: operations, aggregates or small samples",
	changedFuture:       "took over: max_future",
	sinkRefused:         "a sink refuses results: its shards stop",
	sinkRefusedAgain:    "and refuses them again",
	sinkHealed:          "and takes them: a stopped shard goes on",
	othersCommitted:     "a commit while other shards are stopped",
	sinkGaveUp:          "--until-end ended, a sink refuses results",
	followed:            "offsets gone, a shard goes on after its sink",
	followedAnew:        "offsets gone, a shard without results begins anew",
	followedBehind:      "offsets gone, records of written windows come again",
}

// Tally counts how often each mark was reached.
type Tally [marks]int

// Add adds other.
func (t *Tally) Add(other *Tally) {
	for i, n := range other {
		t[i] += n
	}
}

// String is the table.
func (t *Tally) String() string {
	out := ""
	for i, n := range t {
		out += fmt.Sprintf("%10d  %s\n", n, names[i])
	}
	return out
}

// Missed are the marks that were never reached.
func (t *Tally) Missed() (missed []string) {
	for i, n := range t {
		if n == 0 {
			missed = append(missed, names[i])
		}
	}
	return missed
}
