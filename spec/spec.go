// Package spec is what the user wrote. Load reads CUE, YAML and JSON files,
// unifies them with schema.cue and returns the pipelines they declare, each
// value with the place it was written at:
//
//	*.cue, *.yaml, *.json -> Load -> Spec{Kafka, Registries, []Pipeline} | Errors
//
// This room knows shapes: names, types, ranges and what is allowed where. What
// the words mean together is pipeline.Compile's to say, and what topics and
// registries hold is found at start. A mistake found by any of them has one
// form, Error: file:line:col, the path in the spec, what is wrong.
package spec

import "time"

// Spec is the whole of what the files given to Load declare, defaults filled in.
type Spec struct {
	Kafka      Kafka
	Registries map[string]Registry // by name; "source" and "sink" are the defaults
	Pipelines  []Pipeline          // sorted by name
	origins    *origins
}

// Pipeline is one entry of pipelines, defaults filled in.
type Pipeline struct {
	Name        string
	Description string
	Sources     []Source // the one of source, or those of sources
	Start       Start
	GroupBy     []string // names outside the source: fields, derived fields, $key, $topic, $partition
	Window      Window
	Operations  []string // names of functions, in the user's order, each once
	Aggregates  []Named  // expressions over aggregates, in the user's order
	MinSample   int      // min_sample_size
	SmallSample SmallSample
	Idle        time.Duration // 0: off, an idle partition is waited for
	MaxFuture   time.Duration
	MaxReplay   int64 // records
	MaxGroups   int   // of one window (pane, where windows overlap) and partition
	MaxSamples  int64 // values that exact quantiles keep in a worker's open windows; 0: no limit
	Late        Late
	OnError     OnError
	Shard       Shard
	Partitioner Partitioner
	Sink        Sink
	origins     *origins
}

// Named is an expression and the name that it defines.
type Named struct{ Name, Text string }

// Source names topics and what is read of their records. Its own names are
// those of the records' fields; Map gives the names outside it.
type Source struct {
	Path          string            // below the pipeline, for messages: source, or sources[1]
	Topics        []string          // names and globs (*, ?, [a-z])
	Regex         string            // RE2, matched against the whole topic name; "" when Topics is used
	Exclude       []string          // names and globs
	Where         string            // a condition over a record; "" takes all
	Fields        []string          // names and globs; empty: every numeric field
	ExcludeFields []string          // names and globs
	Map           map[string]string // source field -> name outside the source
	Derive        []Named           // expressions over a record, in the user's order
	Time          *TimeField        // nil: the record's timestamp
	Registry      string            // name in Spec.Registries; "source" by default
}

// TimeField is the field that holds event time.
type TimeField struct {
	Field string
	Unit  TimeUnit
}

// TimeUnit is what a number of a TimeField counts since the epoch. A logical
// type or an ISO 8601 text says it by itself.
type TimeUnit string

// The choices of source.time.unit.
const (
	Seconds      TimeUnit = "s"
	Milliseconds TimeUnit = "ms"
	Microseconds TimeUnit = "us"
	Nanoseconds  TimeUnit = "ns"
)

// Window is a tumbling window, or, where Advance is less than Size, a hopping
// one. Windows begin at multiples of Advance after the Unix epoch, shifted by
// Offset.
type Window struct {
	Size    time.Duration
	Advance time.Duration // Size, unless given; Size is a multiple of it
	Grace   time.Duration
	Offset  time.Duration // at least 0, less than Advance
}

// Shard is the unit of work that moves between workers.
type Shard string

// The choices of shard.
const (
	ShardSink      Shard = "sink"      // one sink topic with all partitions that lead to it
	ShardPartition Shard = "partition" // one partition
)

// Partitioner is how the producer of the source chose partitions by key.
type Partitioner string

// The choices of partitioner; "" is not known.
const (
	Murmur2 Partitioner = "murmur2" // Kafka's Java client and franz-go
	CRC32   Partitioner = "crc32"   // librdkafka
)

// Sink is where results go.
type Sink struct {
	Topic       string // template: {topic} is the source topic, {1} a capture of its source's Regex
	Partitions  int
	Replication int // -1: the broker's default
	Config      map[string]string
	Create      bool
	Namespace   string
	Nulls       Nulls
}

// Start is where a topic that the group has never committed begins.
type Start struct {
	Kind StartKind
	Time time.Time     // of StartTime
	Ago  time.Duration // of StartAgo: positive
}

// StartKind tells which member of Start counts.
type StartKind string

// The kinds of Start: earliest, latest, an RFC 3339 time, or "-1h".
const (
	StartEarliest StartKind = "earliest"
	StartLatest   StartKind = "latest"
	StartTime     StartKind = "time"
	StartAgo      StartKind = "ago"
)

// SmallSample is what operations give below min_sample_size.
type SmallSample string

// The choices of small_sample.
const (
	FirstValue SmallSample = "first_value"
	NullValue  SmallSample = "null"
)

// Late is what becomes of a late record, which is counted in any case.
type Late string

// The choices of late.
const (
	LateDrop       Late = "drop"
	LateDeadLetter Late = "dead_letter"
)

// OnError is what becomes of a record that cannot be used.
type OnError string

// The choices of on_error.
const (
	OnErrorDeadLetter OnError = "dead_letter"
	OnErrorSkip       OnError = "skip"
	OnErrorFail       OnError = "fail"
)

// Nulls is how a result without a value is written.
type Nulls string

// The choices of sink.nulls.
const (
	NullsUnion Nulls = "union"
	NullsNaN   Nulls = "nan"
)
