package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/cmd/aggrun/internal/collector"
)

// Job is what one process does.
type Job struct {
	Cluster
	Name     string   `json:"name"`   // of the pipeline, and how that of all it makes begins
	Topics   []string `json:"topics"` // to read
	Sinks    string   `json:"sinks"`  // how the names of those begin that are written
	Records  int64    `json:"records"`
	Ordered  bool     `json:"ordered"`            // no record may be late
	Pipeline *Chosen  `json:"pipeline,omitempty"` // nil: the floor
	Profile  string   `json:"profile,omitempty"`  // file for a CPU profile
	Idle     int      `json:"idle,omitempty"`     // pipelines beside it
	IdleName string   `json:"idle_name,omitempty"`
}

// Sample is what was seen of one process.
type Sample struct {
	Seconds     float64 `json:"seconds"`         // from the first record received to the last commit, or the last record of the floor
	Process     float64 `json:"process_seconds"` // from start to exit
	CPU         float64 `json:"cpu_seconds"`     // from the first record received
	Allocations uint64  `json:"allocations"`     // from the first record received
	Peak        int64   `json:"peak_resident_bytes"`
	Results     int64   `json:"results"`
	Filtered    int64   `json:"filtered"` // records that where left out
	Late        int64   `json:"late"`
	Bytes       int64   `json:"bytes"` // of keys and values, counted by the floor
}

// Work does a job in this process and writes its sample.
func (j Job) Work(ctx context.Context, log *slog.Logger, w io.Writer) error {
	if j.Profile != "" {
		file, err := os.Create(j.Profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	idle, err := j.standBy(ctx, log)
	if err != nil {
		return err
	}
	if j.Pipeline != nil {
		collector.MakeRoom(ctx) // as run does; the floor is a client as anybody makes it
	}
	m := &meter{reading: map[int32]time.Time{}}
	s, last, err := j.read(ctx, log, m)
	end := used()
	if err = errors.Join(err, idle.stop()); err != nil {
		return err
	}
	if !m.started.Load() || last.Before(m.first.at) {
		return errors.New("no record was received, or none committed")
	}
	s.Seconds = last.Sub(m.first.at).Seconds()
	s.CPU = (end.cpu - m.first.cpu).Seconds()
	s.Allocations = end.allocations - m.first.allocations
	s.Peak = peak()
	return json.NewEncoder(w).Encode(s)
}

func (j Job) read(ctx context.Context, log *slog.Logger, m *meter) (Sample, time.Time, error) {
	if j.Pipeline == nil {
		return j.drain(ctx, m)
	}
	return j.aggregate(ctx, log, m)
}

// meter notes when the first record was received and what the process had used by
// then: a kgo hook, for the floor and the pipeline alike. That is when the first
// bytes came of the first response that brought records; what a poll gives first
// would leave out of the time what one fetch brings, which is much where fetches
// are large.
type meter struct {
	mu      sync.Mutex
	reading map[int32]time.Time // when each broker's latest response began to come
	started atomic.Bool
	first   usage
}

// OnBrokerE2E notes responses to fetches.
func (m *meter) OnBrokerE2E(broker kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key != kmsg.Fetch.Int16() || m.started.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reading[broker.NodeID] = time.Now().Add(-e2e.TimeToRead)
}

// OnFetchBatchRead comes after OnBrokerE2E of the same response.
func (m *meter) OnFetchBatchRead(broker kgo.BrokerMetadata, _ string, _ int32, _ kgo.FetchBatchMetrics) {
	if m.started.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, ok := m.reading[broker.NodeID]; ok && !m.started.Load() {
		m.first = used()
		m.first.at = at
		m.started.Store(true)
	}
}

// usage is what a process has used at a time.
type usage struct {
	at          time.Time
	cpu         time.Duration
	allocations uint64
}

func used() usage {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return usage{time.Now(), cpuTime(), memory.Mallocs}
}

// peak is the most memory that the process had resident, bytes. ru_maxrss would
// be wrong: it begins with that of the process that started this one. Where there
// is no /proc it is what the runtime has of the system.
func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status") // an error: there is none
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err == nil {
				return kB << 10
			}
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int64(memory.Sys)
}

// Self starts this program again to do a job. Args come before the job's text.
type Self struct {
	Args   []string
	Stderr io.Writer
}

// measure does the job in a process of its own, so that its memory and its time
// are those of the job alone.
func (s Self) measure(ctx context.Context, j Job) (Sample, error) {
	program, err := os.Executable()
	if err != nil {
		return Sample{}, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return Sample{}, err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append(s.Args, string(text))...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = &out, s.Stderr
	// Time to commit or abort, to leave the group and to stop the profile.
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, patience
	began := time.Now()
	err = cmd.Run()
	took := time.Since(began)
	var found Sample
	switch {
	case ctx.Err() != nil:
		return found, ctx.Err()
	case err != nil:
		return found, fmt.Errorf("the measured process: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		return found, fmt.Errorf("the measured process: %w", err)
	}
	found.Process = took.Seconds()
	return found, nil
}
