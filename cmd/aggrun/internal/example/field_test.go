package example

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/avro"
)

// What is written can be read by the schema that says it, by another library.
func TestFields(t *testing.T) {
	topic := Topic{Name: "x", Signals: 1, Fields: []Field{
		{Path: "salIndex", Kind: Index},
		{Path: "mount.azimuth", Kind: Signal},
		{Path: "mount.state", Kind: Word, Words: []string{"slewing", "tracking"}},
		{Path: "mount", Kind: Signal},     // is a nest already
		{Path: "salIndex.x", Kind: Index}, // is a value already
		{Path: "wave[3]", Kind: Signal},
		{Path: "wave[1]", Kind: Signal},
		{Path: "parts[1].open", Kind: Flag},
		{Path: "far[1000]", Kind: Signal},
		{Path: "no path", Kind: Signal},
		{Path: "measured", Kind: Moment, Unit: time.Millisecond},
		{Path: "at", Kind: Moment, Unit: time.Second},
	}}
	text, err := topic.schema()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := signals(topic, text); n != 1 || err != nil {
		t.Errorf("%d signals, error %v, in %s", n, err, text)
	}
	schema, err := avro.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	plain := make([]byte, 16) // time and value0
	when := begin.Add(1500 * time.Millisecond)
	random := rand.New(rand.NewPCG(1, 2))
	tree := topic.tree()
	for range 20 {
		var got map[string]any
		rest, err := schema.Decode(tree.append(plain, when, 1.5, random), &got)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%d bytes left, error %v", len(rest), err)
		}
		mount := got["mount"].(map[string]any)
		if i := got["salIndex"].(int64); i < 1 || i > 3 {
			t.Errorf("salIndex is %d", i)
		}
		if s := mount["state"]; s != "slewing" && s != "tracking" {
			t.Errorf("state is %v", s)
		}
		if v := mount["azimuth"].(float64); v < 10 || v > 50 {
			t.Errorf("azimuth is %v", v)
		}
		if n := len(got["wave"].([]any)); n != 4 {
			t.Errorf("%d waves", n)
		}
		if _, ok := got["parts"].([]any)[1].(map[string]any)["open"].(bool); !ok {
			t.Errorf("parts are %v", got["parts"])
		}
		if got["measured"] != when.UnixMilli() || got["at"] != float64(when.UnixMilli())/1e3 {
			t.Errorf("measured %v, at %v, want %v", got["measured"], got["at"], when)
		}
		if len(got) != 8 {
			t.Errorf("the record has %d fields: %v", len(got), got)
		}
	}
}
