package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/embedded/testcluster"
)

// stage is a cluster that command lines are run against, and a reader of what
// they leave, which shares no code with aggrun: its Avro is another library's.
type stage struct {
	*testcluster.Cluster
	t       *testing.T
	client  *kgo.Client
	admin   *kadm.Client
	schemas map[string]*avro.Schema // by registry and id
	env     map[string]string       // of commands, beside the cluster
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	return newStageOn(t, testcluster.New(t))
}

func newStageOn(t *testing.T, c *testcluster.Cluster) *stage {
	t.Helper()
	s := &stage{Cluster: c, t: t, schemas: map[string]*avro.Schema{}}
	s.client = s.Client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(3<<20))
	s.admin = kadm.NewClient(s.client)
	return s
}

// patient bounds every wait of a test.
const patient = 2 * time.Minute

func (s *stage) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	s.t.Cleanup(cancel)
	return ctx
}

// spec writes a spec in which MY- stands for the prefix of the test's names.
func (s *stage) spec(text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "spec.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "MY-", s.Prefix)), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// outcome is what a command left.
type outcome struct {
	code           int
	stdout, stderr string
}

// work is a command under way in this process.
type work struct {
	stop   context.CancelFunc
	done   chan outcome
	stderr *buffer
}

// start runs a command line, the cluster in its environment.
func (s *stage) start(args ...string) *work {
	ctx, cancel := context.WithCancel(s.context())
	w := &work{cancel, make(chan outcome, 1), &buffer{}}
	environment := map[string]string{
		"AGGRUN_BROKERS":         strings.Join(s.Brokers, ","),
		"AGGRUN_SOURCE_REGISTRY": s.SourceRegistry,
		"AGGRUN_SINK_REGISTRY":   s.SinkRegistry,
		"AGGRUN_GROUP":           s.Prefix + "group",
		"AGGRUN_LISTEN":          "0",
	}
	maps.Copy(environment, s.env)
	env := func(name string) (string, bool) { v, ok := environment[name]; return v, ok }
	go func() {
		var out buffer
		ended, audited := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(audited)
			s.audit(w.stderr, ended)
		}()
		code := execute(ctx, args, streams{&out, w.stderr, env})
		close(ended)
		<-audited
		w.done <- outcome{code, out.String(), w.stderr.String()}
	}()
	return w
}

// end stops the command and gives its outcome.
func (w *work) end() outcome {
	w.stop()
	return <-w.done
}

// run runs a command line to its end.
func (s *stage) run(args ...string) outcome {
	w := s.start(args...)
	defer w.stop()
	return <-w.done
}

// must runs a command line that has to succeed.
func (s *stage) must(args ...string) outcome {
	s.t.Helper()
	o := s.run(args...)
	if o.code != 0 {
		s.t.Fatalf("aggrun %s: exit code %d\n%s", strings.Join(args, " "), o.code, o.stderr)
	}
	return o
}

// buffer is a strings.Builder that several goroutines may write to.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// history makes n example topics, MY-NAME-000 and so on, and writes to them.
func (s *stage) history(name string, n int, fields string, produce ...string) []string {
	s.t.Helper()
	topics := []string{"--name", s.Prefix + name, "--topics", fmt.Sprint(n)}
	s.must(append([]string{"init-example", "--fields", fields}, topics...)...)
	s.must(append(append([]string{"produce"}, topics...), produce...)...)
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%s-%03d", s.Prefix, name, i))
	}
	return names
}

// records are the committed records of a topic, in offset order of each
// partition, once no transaction is open.
func (s *stage) records(topic string) []*kgo.Record {
	s.t.Helper()
	ctx := s.context()
	ends := s.settled(topic)
	from := map[int32]kgo.Offset{}
	for p, end := range ends {
		if end > 0 {
			from[p] = kgo.NewOffset().At(0)
		} else {
			delete(ends, p)
		}
	}
	if len(ends) == 0 {
		return nil
	}
	client := s.Client(s.t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	defer client.Close()
	var records []*kgo.Record
	for len(ends) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			s.t.Fatalf("read %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= ends[r.Partition] {
				delete(ends, r.Partition)
			}
			if !r.Attrs.IsControl() {
				records = append(records, r)
			}
		})
	}
	return records
}

// settled waits until no transaction is open in a topic and gives its ends.
func (s *stage) settled(topic string) map[int32]int64 {
	s.t.Helper()
	ctx := s.context()
	ends := map[int32]int64{}
	testcluster.Eventually(s.t, func() bool {
		stable, err := s.admin.ListCommittedOffsets(ctx, topic)
		high, err2 := s.admin.ListEndOffsets(ctx, topic)
		if err != nil || err2 != nil || stable.Error() != nil || high.Error() != nil {
			return false
		}
		same := true
		stable.Each(func(o kadm.ListedOffset) {
			h, _ := high.Lookup(topic, o.Partition)
			same = same && h.Offset == o.Offset
			ends[o.Partition] = o.Offset
		})
		return same
	})
	return ends
}

// decode reads a value by its schema in a registry.
func (s *stage) decode(registry string, r *kgo.Record) map[string]any {
	s.t.Helper()
	_, fields := s.decoded(registry, r)
	return fields
}

// decoded reads a value, and gives its schema too.
func (s *stage) decoded(registry string, r *kgo.Record) (*avro.Schema, map[string]any) {
	s.t.Helper()
	if len(r.Value) < 5 || r.Value[0] != 0 {
		s.t.Fatalf("%s/%d/%d: %x is not in the wire format", r.Topic, r.Partition, r.Offset, r.Value)
	}
	fields := map[string]any{}
	schema := s.schema(registry, int(binary.BigEndian.Uint32(r.Value[1:])))
	if rest, err := schema.Decode(r.Value[5:], &fields); err != nil || len(rest) > 0 {
		s.t.Fatalf("%s/%d/%d: %v, %d bytes left", r.Topic, r.Partition, r.Offset, err, len(rest))
	}
	return schema, fields
}

func (s *stage) schema(registry string, id int) *avro.Schema {
	s.t.Helper()
	key := fmt.Sprintf("%s %d", registry, id)
	if schema, ok := s.schemas[key]; ok {
		return schema
	}
	text, err := s.registry(registry).SchemaByID(s.context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	s.schemas[key] = avro.MustParse(text.Schema)
	return s.schemas[key]
}

func (s *stage) registry(url string) *sr.Client {
	s.t.Helper()
	client, err := sr.NewClient(sr.URLs(url), sr.HTTPClient(&http.Client{Timeout: patient}))
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// register gives a topic's values a schema in the source registry.
func (s *stage) register(topic, text string) (*avro.Schema, int) {
	s.t.Helper()
	found, err := s.registry(s.SourceRegistry).CreateSchema(s.context(), topic+"-value", sr.Schema{Schema: text})
	if err != nil {
		s.t.Fatal(err)
	}
	return avro.MustParse(text), found.ID
}

// subjects are a registry's subjects of this test.
func (s *stage) subjects(registry string) (mine []string) {
	s.t.Helper()
	all, err := s.registry(registry).Subjects(s.context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range all {
		if strings.HasPrefix(name, s.Prefix) {
			mine = append(mine, name)
		}
	}
	slices.Sort(mine) // registries give them in the order in which they came
	return mine
}

// value encodes a record in the wire format.
func (s *stage) value(schema *avro.Schema, id int, fields map[string]any) []byte {
	s.t.Helper()
	header := binary.BigEndian.AppendUint32([]byte{0}, uint32(id))
	value, err := schema.AppendEncode(header, fields)
	if err != nil {
		s.t.Fatal(err)
	}
	return value
}

func (s *stage) produce(records ...*kgo.Record) {
	s.t.Helper()
	if err := s.client.ProduceSync(s.context(), records...).FirstErr(); err != nil {
		s.t.Fatal(err)
	}
}
