// Package pipeline is the core of aggrun: what a compiled pipeline is, and what
// a worker that runs it decides. It is pure: it knows no Kafka, registry, file,
// clock, goroutine, lock or log; time is an argument and effects are data.
//
//	spec.Pipeline -> Compile -> Plan            immutable, shared
//	Batch -> Worker.Step -> Commit{results, dead letters, offsets}
//
// A Worker holds the shards that one member of the consumer group owns. Each
// step it polls its Client, takes what changed in its assignment, applies the
// batches to the open windows, advances what is closed, and hands one Commit
// back to the Client. The Client is Kafka in pipeline/kafka and a model broker
// in the simulator: the code between is the same.
//
// Where to change what: plan.go and fields.go compile a spec; match.go decides
// which topics belong to a pipeline and to which shard; window.go and cell.go
// hold windows; task.go applies records; watermark.go closes; worker.go owns
// shards; cadence.go says when a commit is due, commit.go builds it, and
// checkpoint.go is what it remembers; align.go pauses what is read far ahead;
// locate.go is where reading starts; balance.go is who owns what.
package pipeline
