package testcluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/embedded/testcluster"
)

// TestNew runs on whichever cluster there is: a record and a schema there and back.
func TestNew(t *testing.T) {
	ctx := context.Background()
	c := testcluster.New(t)
	topic := c.CreateTopic(t, "source", 2)
	old := time.Unix(1_000_000_000, 0)
	r := &kgo.Record{Topic: topic, Timestamp: old, Value: []byte("v")}
	if err := c.Client(t).ProduceSync(ctx, r).FirstErr(); err != nil {
		t.Fatal(err)
	}
	fetches := c.Client(t, kgo.ConsumeTopics(topic)).PollFetches(ctx)
	if got := fetches.Records(); len(got) != 1 || !got[0].Timestamp.Equal(old) {
		t.Errorf("read %v, %v", got, fetches.Err())
	}
	for _, url := range []string{c.SourceRegistry, c.SinkRegistry} {
		cl, err := sr.NewClient(sr.URLs(url))
		if err != nil {
			t.Fatal(err)
		}
		created, err := cl.CreateSchema(ctx, topic+"-value", sr.Schema{Schema: `"double"`})
		if err != nil {
			t.Fatal(err)
		}
		if byID, err := cl.SchemaByID(ctx, created.ID); err != nil || byID.Schema != `"double"` {
			t.Error(byID, err)
		}
	}
	if c.Real != (c.Embedded == nil) {
		t.Error("Real and Embedded disagree")
	}
}
