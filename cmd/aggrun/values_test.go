package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var seven = []string{"min", "q1", "mean", "median", "stdev", "q3", "max"}

// Three topics of four partitions, one record in five out of order: every window
// of each holds what its definition says, and the registries hold what is theirs.
func TestEndToEndValues(t *testing.T) {
	s := newStage(t)
	topics := s.history("mount", 3, "3", "--start", "2024-01-01T00:00:00Z", "--rate", "max",
		"--frequency", "40", "--max-messages", "2400", "--disorder", "20", "--disorder-by", "400ms", "--empty", "2")
	spec := s.spec(`
pipelines:
  MY-p:
    source: "MY-mount-*"
    window: {size: 1s, grace: 400ms}
    operations: [min, q1, mean, median, stdev, q3, max]
    sink: {config: {retention.ms: -1}}
`)
	o := s.must("run", "-f", spec, "--until-end")
	fields := map[string]string{"value0": "value0", "value1": "value1", "value2": "value2"}
	results := 0
	var subjects []string
	for _, topic := range topics {
		samples := s.samples(topic)
		want := closed(windows(samples, time.Second), samples, time.Second, 400*time.Millisecond)
		s.checkResults(topic+"-aggregated", topic, want, time.Second, fields, seven)
		results += len(want)
		subjects = append(subjects, topic+"-aggregated-value")
	}
	if got, want := summaryOf(o.stderr, s.Prefix+"p"), fmt.Sprintf("7200 0 0 0 0 %d", results); got != want {
		t.Errorf("the summary says %s, want %s", got, want)
	}
	if got := s.subjects(s.SinkRegistry); !slices.Equal(got, subjects) {
		t.Errorf("the sink registry holds %v, want %v", got, subjects)
	}
	if got := len(s.subjects(s.SourceRegistry)); got != 3 {
		t.Errorf("the source registry holds %d subjects, want the sources' 3", got)
	}
}

// Records of two writer schemas in one topic: nulls and missing fields are not
// aggregated, integers and floats are numbers, and the spec chooses and renames.
func TestEndToEndFields(t *testing.T) {
	s := newStage(t)
	topic := s.CreateTopic(t, "dome", 2)
	old, oldID := s.register(topic, `{"type":"record","name":"dome","fields":[
		{"name":"time","type":"double"},{"name":"host","type":"string"},
		{"name":"value0","type":["null","double"]},{"name":"value1","type":"int"},{"name":"noise","type":"double"}]}`)
	grown, grownID := s.register(topic, `{"type":"record","name":"dome","fields":[
		{"name":"time","type":"double"},{"name":"value2","type":"float","default":0},{"name":"host","type":"string"},
		{"name":"value0","type":["null","double"]},{"name":"value1","type":"int"},{"name":"noise","type":"double"}]}`)
	random := rand.New(rand.NewPCG(1, 2))
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var records []*kgo.Record
	for i := range 600 {
		at := begin.Add(time.Duration(i) * 50 * time.Millisecond)
		fields := map[string]any{
			"time": float64(at.UnixMilli()) / 1e3, "host": "summit", "value0": nil,
			"value1": int32(random.IntN(100)), "noise": random.Float64(),
		}
		if i%200 < 100 && random.IntN(3) > 0 {
			fields["value0"] = random.NormFloat64()
		}
		value := func() []byte { return s.value(old, oldID, fields) }
		if i >= 300 {
			fields["value2"] = float32(random.IntN(1000)) / 4
			value = func() []byte { return s.value(grown, grownID, fields) }
		}
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(i % 2), Timestamp: at, Value: value()})
	}
	s.produce(records...)
	s.must("run", "--until-end", "--close-open", "-f", s.spec(`
pipelines:
  MY-p:
    source: {topics: [MY-dome], fields: ["value*"], map: {value1: speed}}
    window: 2s
    operations: [mean, count, first, last]
    sink: {topic: "{topic}.2s", namespace: org.example, config: {retention.ms: -1}}
`))
	s.checkResults(topic+".2s", topic, windows(s.samples(topic), 2*time.Second), 2*time.Second,
		map[string]string{"value0": "value0", "value1": "speed", "value2": "value2"}, []string{"mean", "count", "first", "last"})
}
