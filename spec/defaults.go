package spec

import "time"

// The names of the registries that a pipeline uses unless it says otherwise:
// the one its source schemas are in, and the one its sink schemas go to.
const (
	SourceRegistry = "source"
	SinkRegistry   = "sink"
)

// defaultSource is a source, at path below its pipeline, of which the user said
// no more than is required.
func defaultSource(path string) Source {
	return Source{Path: path, Registry: SourceRegistry}
}

// defaultSink is the topic of results where none is given: one for each source
// topic, but one for all where several sources are put together.
func defaultSink(p Pipeline) string {
	if len(p.Sources) > 1 {
		return p.Name + "-aggregated"
	}
	return "{topic}-aggregated"
}

// defaultUnit is the unit of a time field.
const defaultUnit = Seconds

// defaults is a pipeline of which the user said no more than is required.
func defaults(name string) Pipeline {
	return Pipeline{
		Name:        name,
		Start:       Start{Kind: StartEarliest},
		MinSample:   2,
		SmallSample: FirstValue,
		Idle:        10 * time.Second,
		MaxFuture:   5 * time.Minute,
		MaxReplay:   50_000_000,
		MaxGroups:   10_000,
		MaxSamples:  16 << 20,
		Shard:       ShardSink,
		Late:        LateDrop,
		OnError:     OnErrorDeadLetter,
		Sink: Sink{
			Partitions:  4,
			Replication: -1,
			Create:      true,
			Nulls:       NullsUnion,
		},
	}
}
