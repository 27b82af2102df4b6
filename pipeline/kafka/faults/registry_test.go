package faults

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// trouble is what a registry has.
type trouble int

const (
	well     trouble = iota
	down             // connections are closed unanswered
	slow             // it answers after a while
	error500         // it answers that it cannot
)

func (t trouble) String() string { return [...]string{"well", "down", "slow", "500"}[t] }

// registry is a schema registry that can be in trouble.
type registry struct {
	store  *srfake.Registry
	server *httptest.Server

	mu      sync.Mutex
	trouble trouble
	hits    map[trouble]int
}

func newRegistry() *registry {
	r := &registry{store: srfake.NewRegistry(), hits: map[trouble]int{}}
	handler := r.store.Handler()
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if r.passes(w) {
			handler.ServeHTTP(w, q)
		}
	}))
	return r
}

// passes tells that a request is to be answered, after the trouble there is.
func (r *registry) passes(w http.ResponseWriter) bool {
	r.mu.Lock()
	now := r.trouble
	r.hits[now]++
	r.mu.Unlock()
	switch now {
	case down:
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = c.Close()
		}
		return false
	case slow:
		time.Sleep(300 * time.Millisecond)
	case error500:
		http.Error(w, `{"error_code":50001,"message":"the store is not there"}`, http.StatusInternalServerError)
		return false
	}
	return true
}

func (r *registry) set(t trouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = t
}

func (r *registry) count(t trouble) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hits[t]
}
