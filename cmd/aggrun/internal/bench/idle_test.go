package bench

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aggrun/aggrun/embedded"
)

// An idle pipeline runs until it is stopped, though it has nothing to read; and one
// that ends by itself voids what is measured beside it.
func TestStandBy(t *testing.T) {
	c, err := embedded.Start(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	w, _ := Lookup("first")
	path := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(path, []byte(w.Text), 0o600); err != nil {
		t.Fatal(err)
	}
	j := Job{
		Cluster: Cluster{Brokers: c.Brokers(), Source: c.SourceRegistry(), Sink: c.SinkRegistry()},
		Idle:    2, IdleName: "b", Pipeline: &Chosen{Paths: []string{path}},
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if _, err := j.standBy(t.Context(), log); err == nil || !strings.Contains(err.Error(), "the idle pipelines ended: ") {
		t.Errorf("without topics: %v", err)
	}
	if _, err := j.prepare(t.Context(), w.Load, idleTopics("b", 2, 1)); err != nil {
		t.Fatal(err)
	}
	idle, err := j.standBy(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	if err := idle.stop(); err != nil {
		t.Error(err)
	}
}

func TestIdleTopics(t *testing.T) {
	want := []string{"b-idle-000-0", "b-idle-000-1", "b-idle-001-0", "b-idle-001-1"}
	if got := idleTopics("b", 2, 2); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

// A work is compared with itself where it has the fewest records, and with no other.
func TestScales(t *testing.T) {
	o := func(work string, records int64, floor, run float64) Outcome {
		return Outcome{Work: work, Load: Load{Records: records}, Summary: map[string]Spread{
			"floor_records_per_second": {Median: floor}, "run_records_per_second": {Median: run},
		}}
	}
	got := scales([]Outcome{o("a", 30, 50, 45), o("b", 2, 1, 1), o("a", 10, 25, 50), o("a", 20, 100, 40)})
	if want := []Scale{{"a", 30, 10, 2, 0.9}, {"a", 20, 10, 4, 0.8}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
