// Package testcluster gives tests a Kafka and two registries: real ones when
// AGGRUN_TEST_BROKERS, AGGRUN_TEST_SOURCE_REGISTRY and AGGRUN_TEST_SINK_REGISTRY
// are set, else an embedded cluster of the test's own, which speaks as Kafka did in
// AGGRUN_TEST_EMBEDDED_VERSION, if that is set.
//
//	c := testcluster.New(t)
//	topic := c.CreateTopic(t, "source", 4)
//
// A real cluster is shared and outlives the test, so names begin with c.Prefix,
// and what a real broker shows it may show a moment later: Eventually waits.
package testcluster

import (
	"context"
	"crypto/rand"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/embedded"
)

// Cluster is where a test finds its Kafka and its registries.
type Cluster struct {
	Brokers                      []string          // host:port
	SourceRegistry, SinkRegistry string            // URLs
	Real                         bool              // not embedded
	Prefix                       string            // of this test's topics, groups and subjects
	Embedded                     *embedded.Cluster // nil when Real
	Options                      []kgo.Opt         // of the administrator's clients
}

// patience is how long a real broker may take over anything.
const patience = 30 * time.Second

// embeddedVersion names the variable that makes embedded brokers speak as that version of Kafka did.
const embeddedVersion = "AGGRUN_TEST_EMBEDDED_VERSION"

var variables = []string{"AGGRUN_TEST_BROKERS", "AGGRUN_TEST_SOURCE_REGISTRY", "AGGRUN_TEST_SINK_REGISTRY"}

// New gives the test a cluster, until it ends. Topics of a real one that begin with
// Prefix are deleted then, unless the test failed.
func New(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{Prefix: prefix(t)}
	values, missing := environment()
	switch {
	case len(missing) == 0:
		c.Brokers, c.SourceRegistry, c.SinkRegistry = strings.Split(values[0], ","), values[1], values[2]
		c.Real = true
		t.Cleanup(func() { c.clean(t) })
	case len(missing) == len(variables):
		c.start(t, embedded.Options{})
	default:
		t.Fatalf("set all of %s or none: %s missing", strings.Join(variables, ", "), strings.Join(missing, ", "))
	}
	return c
}

func environment() (values, missing []string) {
	for _, name := range variables {
		value := os.Getenv(name)
		values = append(values, value)
		if value == "" {
			missing = append(missing, name)
		}
	}
	return values, missing
}

func (c *Cluster) start(t testing.TB, o embedded.Options) {
	t.Helper()
	if o.Version == "" {
		o.Version = os.Getenv(embeddedVersion)
	}
	e, err := embedded.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Embedded = e
	c.Brokers, c.SourceRegistry, c.SinkRegistry = e.Brokers(), e.SourceRegistry(), e.SinkRegistry()
}

// prefix is the test's name and a random word, as a topic's name may have them.
func prefix(t testing.TB) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, t.Name())
	return name[:min(len(name), 60)] + "-" + strings.ToLower(rand.Text()[:8]) + "-"
}

// Client connects to the brokers, with opts, until the test ends.
func (c *Cluster) Client(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(slices.Concat([]kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.MetadataMinAge(50 * time.Millisecond), // else a leader's move costs 5 s
	}, c.Options, opts)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// CreateTopic makes the topic Prefix+name, whose records are kept however old they
// are, and returns its name once every partition has a leader.
func (c *Cluster) CreateTopic(t testing.TB, name string, partitions int32) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	topic := c.Prefix + name
	forever := "-1"
	admin := kadm.NewClient(c.Client(t))
	_, err := admin.CreateTopic(ctx, partitions, -1, map[string]*string{"retention.ms": &forever}, topic)
	if err != nil {
		t.Fatalf("topic %s: %v", topic, err)
	}
	Eventually(t, func() bool {
		topics, err := admin.ListTopics(ctx, topic)
		return err == nil && topics.Error() == nil && led(topics[topic], int(partitions))
	})
	return topic
}

func led(topic kadm.TopicDetail, partitions int) bool {
	for _, p := range topic.Partitions {
		if p.Err != nil || p.Leader < 0 {
			return false
		}
	}
	return len(topic.Partitions) == partitions
}

// Eventually waits for what a real broker makes visible in its own time, and fails
// the test when that is too long.
func Eventually(t testing.TB, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %s", patience)
		}
	}
}

// clean deletes the test's topics from a real cluster.
func (c *Cluster) clean(t testing.TB) {
	if t.Failed() {
		return
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...))
	if err != nil {
		t.Error(err)
		return
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	admin := kadm.NewClient(cl)
	topics, err := admin.ListTopics(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	var mine []string
	for _, name := range topics.Names() {
		if strings.HasPrefix(name, c.Prefix) {
			mine = append(mine, name)
		}
	}
	if _, err := admin.DeleteTopics(ctx, mine...); err != nil {
		t.Error(err)
	}
}
