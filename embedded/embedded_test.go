package embedded_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/embedded"
)

func kafka(t *testing.T, c *embedded.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.Brokers()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func TestStartListensLocally(t *testing.T) {
	c := start(t, embedded.Options{Brokers: 3})
	if len(c.Brokers()) != 3 {
		t.Errorf("brokers are %v", c.Brokers())
	}
	for _, address := range append(c.Brokers(), host(t, c.SourceRegistry()), host(t, c.SinkRegistry())) {
		if !strings.HasPrefix(address, "127.0.0.1:") {
			t.Errorf("%s is not local", address)
		}
	}
	if c.SourceRegistry() == c.SinkRegistry() {
		t.Error("the registries are one")
	}
}

func host(t *testing.T, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestStartPortInUse(t *testing.T) {
	c := start(t, embedded.Options{})
	_, port, _ := net.SplitHostPort(host(t, c.SinkRegistry()))
	taken, _ := strconv.Atoi(port)
	for _, o := range []embedded.Options{{KafkaPort: taken}, {SourceRegistryPort: taken}, {SinkRegistryPort: taken}} {
		if c, err := embedded.Start(o); err == nil {
			c.Close()
			t.Errorf("%+v starts", o)
		}
	}
}

// TestVersion speaks as an older Kafka did, and refuses what is none.
func TestVersion(t *testing.T) {
	answer, err := kadm.NewClient(kafka(t, start(t, embedded.Options{Version: "2.8"}))).ApiVersions(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range answer.Sorted() {
		if most, _ := node.KeyMaxVersion(kmsg.Fetch.Int16()); most != 12 {
			t.Errorf("it speaks Fetch up to version %d, 2.8 did up to 12", most)
		}
	}
	if c, err := embedded.Start(embedded.Options{Version: "two"}); err == nil {
		c.Close()
		t.Error("version two starts")
	}
}

func TestNoTopicBesidesThoseCreated(t *testing.T) {
	cl := kafka(t, start(t, embedded.Options{}), kgo.UnknownTopicRetries(0))
	err := cl.ProduceSync(context.Background(), &kgo.Record{Topic: "nosuch"}).FirstErr()
	if err != kerr.UnknownTopicOrPartition {
		t.Errorf("error is %v", err)
	}
}

// TestDirKeeps starts twice over one folder.
func TestDirKeeps(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	c := start(t, embedded.Options{Dir: dir})
	if _, err := kadm.NewClient(kafka(t, c)).CreateTopic(ctx, 2, -1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	record1 := &kgo.Record{Topic: "t", Value: []byte("kept")}
	if err := kafka(t, c).ProduceSync(ctx, record1).FirstErr(); err != nil {
		t.Fatal(err)
	}
	registries := []string{c.SourceRegistry(), c.SinkRegistry()}
	for i, address := range registries {
		fill(t, client(t, address), fmt.Sprint("subject", i))
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	c = start(t, embedded.Options{Dir: dir})
	cl := kafka(t, c, kgo.ConsumeTopics("t"))
	fetches := cl.PollFetches(ctx)
	if r := fetches.Records(); len(r) != 1 || string(r[0].Value) != "kept" {
		t.Errorf("read %v, %v", r, fetches.Err())
	}
	for i, address := range []string{c.SourceRegistry(), c.SinkRegistry()} {
		cl := client(t, address)
		subject := fmt.Sprint("subject", i)
		latest, err := cl.SchemaByVersion(ctx, subject, -1)
		if err != nil || latest.ID != 3 || latest.Version != 3 {
			t.Errorf("%s is %+v, %v", subject, latest, err)
		}
		if level := cl.Compatibility(ctx, subject)[0]; level.Level != sr.CompatNone {
			t.Errorf("level is %v", level)
		}
	}
}

// fill registers three versions, and deletes another subject between them.
func fill(t *testing.T, cl *sr.Client, subject string) {
	t.Helper()
	ctx := context.Background()
	if r := cl.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatNone}, subject)[0]; r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, s := range []sr.Schema{record(`a "int"`), record(`b "int"`), record(`c "int"`)} {
		if _, err := cl.CreateSchema(ctx, subject, s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cl.CreateSchema(ctx, "gone", record(`a "int"`)); err != nil {
		t.Fatal(err)
	}
	if _, err := cl.DeleteSubject(ctx, "gone", sr.SoftDelete); err != nil {
		t.Fatal(err)
	}
}

func TestDirOfNoUse(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sink-registry.json")
	for text, want := range map[string]string{
		`{`: "unexpected end",
		`[{"method":"POST","path":"/subjects/s/versions","body":{"schema":"{"}}]`: "change 1, POST /subjects/s/versions",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := embedded.Start(embedded.Options{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
