package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/dashboard"
	"github.com/aggrun/aggrun/embedded/testcluster"
	"github.com/aggrun/aggrun/pipeline/kafka"
)

// Each command of the stage that runs pipelines listens, and is asked all the time:
// its accounts have to come out whenever that is.

var listensAt = regexp.MustCompile(`told at (http://\S+)/metrics`)

// audit asks a command for its metrics until it is done.
func (s *stage) audit(stderr *buffer, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(50 * time.Millisecond):
		}
		if at := listensAt.FindStringSubmatch(stderr.String()); at != nil {
			if _, text, err := get(at[1] + "/metrics"); err == nil {
				s.balance(text)
			}
		}
	}
}

func get(url string) (code int, text string, err error) {
	resp, err := http.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// metricLine is one line of metrics.
var metricLine = regexp.MustCompile(`(?m)^(\w+)\{(.*)\} (\S+)$`)

var fateLabel = regexp.MustCompile(`fate="(\w+)",`)

// balance holds the fates of each partition against how far commits moved, and gives
// the sums of fates.
func (s *stage) balance(text string) map[string]float64 {
	fates, of, moved := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, m := range metricLine.FindAllStringSubmatch(text, -1) {
		value, err := strconv.ParseFloat(m[3], 64)
		switch {
		case err != nil:
			s.t.Errorf("%s: %v", m[0], err)
		case m[1] == "aggrun_records_total":
			fate := fateLabel.FindStringSubmatch(m[2])
			fates[fate[1]] += value
			of[strings.Replace(m[2], fate[0], "", 1)] += value
		case m[1] == "aggrun_offsets_committed_total":
			moved[m[2]] = value
		}
	}
	for labels, n := range moved {
		if of[labels] != n {
			s.t.Errorf("%s: commits moved %v offsets, and %v have a fate", labels, n, of[labels])
		}
	}
	if len(of) > len(moved) {
		s.t.Errorf("%d partitions have fates, and %d were committed", len(of), len(moved))
	}
	return fates
}

// A worker tells that it is ready, and of each record what became of it.
func TestEndToEndListen(t *testing.T) {
	s := newStage(t)
	b := s.badRecords()
	w := s.start("run", "-f", s.spec(`
pipelines:
  MY-p: {source: {topics: [MY-dome], fields: [value0], where: "value0 < 2"}, window: {size: 2s, advance: 1s}, operations: [count], sink: MY-out}
`))
	defer w.stop()
	want := map[string]float64{"aggregated": float64(b.good), "dead_letter": float64(len(b.bad)), "late": 0, "skipped": 0, "filtered": 0, "control_or_aborted": 0}
	testcluster.Eventually(t, func() bool {
		_, text, err := get(w.at(t) + "/metrics")
		got := s.balance(text)
		return err == nil && fmt.Sprint(got) == fmt.Sprint(want)
	})
	testcluster.Eventually(t, func() bool {
		code, text, err := get(w.at(t) + "/readyz")
		return err == nil && code == http.StatusOK && text == "ok\n"
	})
	if code, text, err := get(w.at(t) + "/livez"); err != nil || code != http.StatusOK {
		t.Errorf("it does not live: %d %s %v", code, text, err)
	}
	if o := w.end(); o.code != 0 {
		t.Errorf("exit code %d\n%s", o.code, o.stderr)
	}
}

// at waits for the command to say where it listens.
func (w *work) at(t *testing.T) string {
	t.Helper()
	var at []string
	testcluster.Eventually(t, func() bool {
		at = listensAt.FindStringSubmatch(w.stderr.String())
		return at != nil
	})
	return at[1]
}

// A registry that is down keeps the worker from being ready, and is named.
func TestEndToEndNotReady(t *testing.T) {
	s := newStage(t)
	s.badRecords()
	s.SourceRegistry = s.failing(s.SourceRegistry, 1<<40)
	w := s.start("run", "-f", s.spec(`
pipelines:
  MY-p: {source: {topics: [MY-dome], fields: [value0]}, window: 20s, operations: [count], sink: MY-out}
`))
	defer w.stop()
	testcluster.Eventually(t, func() bool {
		code, text, err := get(w.at(t) + "/readyz")
		return err == nil && code == http.StatusServiceUnavailable &&
			strings.Contains(text, "pipeline "+s.Prefix+"p: it is being prepared: ") &&
			strings.Contains(text, "pipeline "+s.Prefix+"p: the source registry does not answer, and is waited for, since ")
	})
	if code, text, err := get(w.at(t) + "/livez"); err != nil || code != http.StatusOK {
		t.Errorf("it does not live: %d %s %v", code, text, err)
	}
}

// An address that is taken is an error at start.
func TestEndToEndPortTaken(t *testing.T) {
	s := newStage(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	at := taken.Addr().String()
	o := s.run("run", "--listen", at, "-f", s.spec("pipelines:\n  MY-p: {source: MY-dome, window: 1s, operations: [count]}\n"))
	if o.code != 1 || !strings.Contains(o.stderr, "aggrun: --listen "+at+": ") {
		t.Errorf("exit code %d\n%s", o.code, o.stderr)
	}
}

// Of two shards the one is named that does not get on: a producer has left a
// transaction open in its topic.
func TestEndToEndStalledShard(t *testing.T) {
	s := newStage(t)
	good, held := s.CreateTopic(t, "good", 1), s.CreateTopic(t, "held", 1)
	schema, id := s.register(good, `{"type":"record","name":"dome","fields":[{"name":"value0","type":"double"}]}`)
	value := s.value(schema, id, map[string]any{"value0": 1.5})
	now := time.Now().Truncate(time.Second)
	for i := range 20 {
		at := now.Add(time.Duration(i-20) * 100 * time.Millisecond)
		s.produce(&kgo.Record{Topic: good, Value: value, Timestamp: at}, &kgo.Record{Topic: held, Value: value, Timestamp: at})
	}
	open := s.Client(t, kgo.TransactionalID(s.Prefix+"open"), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionTimeout(5*time.Minute))
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := open.ProduceSync(s.context(), &kgo.Record{Topic: held, Value: value, Timestamp: now}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	monitor := s.inProcess(s.spec(`
pipelines:
  MY-p: {source: {topics: [MY-good, MY-held], fields: [value0]}, window: {size: 1s, grace: 0s}, idle: 500ms, operations: [count], sink: {topic: "{topic}-out"}}
`))
	want := fmt.Sprintf("pipeline %sp, shard %q: stalled: topic %s, partition 0 is read up to a transaction of its producer that is open at offset 20, since ", s.Prefix, held+"-out", held)
	testcluster.Eventually(t, func() bool {
		var told []string
		for _, trouble := range dashboard.Troubles(monitor.Pipelines(), time.Now().Add(57*time.Second)) {
			told = append(told, trouble.String())
		}
		return len(told) == 1 && strings.HasPrefix(told[0], want)
	})
}

// inProcess runs a spec until the test ends.
func (s *stage) inProcess(path string) *kafka.Monitor {
	s.t.Helper()
	o := specs{paths: []string{path}}
	_, plans, err := o.load()
	if err != nil {
		s.t.Fatal(err)
	}
	monitor, done := kafka.NewMonitor(), make(chan error, 1)
	cfg := kafka.Config{
		Brokers: s.Brokers, Registries: map[string]string{"source": s.SourceRegistry, "sink": s.SinkRegistry}, Group: s.Prefix + "group",
		Log: slog.New(slog.DiscardHandler), Monitor: monitor, Fatal: func(err error) { panic(err) },
	}
	ctx, stop := context.WithCancel(s.context())
	go func() {
		_, err := kafka.Run(ctx, cfg, plans)
		done <- err
	}()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	return monitor
}
