package kafka

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/status"
)

// Monitor tells how the pipelines of a Run stand, while it runs and after. A nil
// Monitor gathers nothing, and nothing has to be done for it.
type Monitor struct {
	mu        sync.Mutex
	pipelines map[string]*watch
}

// NewMonitor makes one for Config.Monitor.
func NewMonitor() *Monitor { return &Monitor{pipelines: map[string]*watch{}} }

// Pipelines are snapshots of all of them, by name. Until Run has begun there are none.
func (m *Monitor) Pipelines() []status.Pipeline {
	m.mu.Lock()
	watches := slices.Collect(maps.Values(m.pipelines))
	m.mu.Unlock()
	all := make([]status.Pipeline, 0, len(watches))
	for _, w := range watches {
		all = append(all, w.snapshot())
	}
	slices.SortFunc(all, func(a, b status.Pipeline) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// of is the watch of a pipeline; nil where nobody asks.
func (m *Monitor) of(name string) *watch {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.pipelines[name]
	if w == nil {
		w = &watch{logs: map[pipeline.Partition]status.Log{}, moved: map[pipeline.Partition]int64{}}
		w.is = status.Pipeline{Name: name, Since: time.Now()}
		m.pipelines[name] = w
	}
	return w
}

// causeOf sorts what ends sessions.
func causeOf(err error) status.Cause {
	switch {
	case isFenced(err):
		return status.Fenced
	case errors.Is(err, errForgotten):
		return status.Forgotten
	case errors.Is(err, pipeline.ErrTorn):
		return status.Torn
	case errors.Is(err, errMixed):
		return status.Doubtful
	case errors.As(err, new(*pipeline.Stop)):
		return status.Halted
	case isBrokers(err):
		return status.Brokers
	}
	return status.Other
}

// isBrokers tells that brokers answered with an error, or not at all.
func isBrokers(err error) bool {
	return errors.As(err, new(*kerr.Error)) || kgo.IsRetryableBrokerErr(err) ||
		errors.As(err, new(net.Error)) || errors.Is(err, context.DeadlineExceeded)
}
