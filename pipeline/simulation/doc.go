// Package simulation tries the delivery protocol: the worker that runs on Kafka,
// the plan that says where reading starts and the balancer run here against a
// model of the broker, in virtual time, while processes crash and the broker
// fails.
//
//	seed -> draw -> script{spec, logs, processes, faults} -> Run -> Outcome
//	small -> all choices, one list after the other       -> Tried
//
// One seed is one schedule, and decides everything. script.go, draw.go, language.go,
// feed.go and fault.go make it; source.go is the logs, group.go and transaction.go
// the coordinators, trouble.go a leader of another make; session.go, rebalance.go,
// poll.go, pause.go, decode.go, commit.go, denied.go and lag.go are the client, process.go who runs it, halt.go
// what a pipeline has to stop for. judge.go, admit.go, windows.go, letters.go,
// bounds.go, start.go and arith.go say what had to become visible, from the logs
// alone: they share no code with what they judge, and expressions.go has each
// expression in Go beside its text. tally.go lists what schedules have to reach.
//
// The model is harsher than the broker where it may be. Events reach the worker
// between any two calls and in the middle of a commit; batches of an assignment
// that is gone are delivered; callbacks of loss are swallowed; a leader tears
// shards.
//
// What a schedule leaves open as it is played, dice decide (dice.go), or everything is
// tried: small.go has schedules of two partitions of six records and two processes,
// and exhaust.go plays each of their runs once. A run is a list of choices (every.go),
// depth first; one that comes to a state that another came through, by the fingerprint
// of all that decides how it goes on (fingerprint.go), ends there. order.go and luck.go
// say what there is to choose:
//
//   - who goes on, of the two processes and the group, at each of the places where a
//     commit or a poll can notice the others: before the batches are taken, before the
//     assignment is looked at again, before TxnOffsetCommit and before EndTxn. Orders
//     that nobody could tell apart are taken once;
//   - where a fault of PROTOCOL section 5 strikes: the crashes at each point, with
//     EndTxn received or not, the lost answers, End refused, the zombie that comes back
//     or whose name is taken, the slow End, a produce that fails, a coordinator that
//     moves, the crash in a replay, the torn shard, the late join, the fetch and the
//     look-up that fail, and, for three seconds, no registry and no dead letters;
//   - whether a client swallows a callback of loss.
//
// Bounds are of faults in a run, and of switches: times at which one goes on though
// another, who has just done something, could have. With a fault there may be any
// number of switches; with two, none, or as many as are asked for, but at each second
// anyone may be first, and when one has to wait, anyone next.
//
// Not tried: faults while there is nothing to be read; what takes time takes a second or a multiple of it, or none, and
// timeouts are short; the group does in order what it has to do; a poll brings all
// that is there, or two records; metadata is never old, clocks agree, and topics and
// partitions do not come. A changed spec comes at two certain times, and a sink refuses
// results for six seconds. What stops a pipeline (points 11, 12, 15 and 19) is left to
// the dice, as are all specs but the few of small.go.
package simulation
