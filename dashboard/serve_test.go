package dashboard

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/pipeline/status"
)

func TestExpand(t *testing.T) {
	for address, want := range map[string]string{
		"9090":           "127.0.0.1:9090",
		":9090":          "127.0.0.1:9090",
		"0":              "127.0.0.1:0",
		"0.0.0.0:9090":   "0.0.0.0:9090",
		"[::]:9090":      "[::]:9090",
		"[::1]:9090":     "[::1]:9090",
		"localhost:9090": "localhost:9090",
	} {
		if got, err := expand(address); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", address, got, err, want)
		}
	}
	for _, address := range []string{"here", "::1", "65536", "1.2.3.4"} {
		if got, err := expand(address); err == nil {
			t.Errorf("%s is taken as %s", address, got)
		}
	}
}

// A port that is taken is an error that says which.
func TestListenTwice(t *testing.T) {
	l, err := Listen("0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address := l.Addr().String()
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("a port alone is listened at as %s", address)
	}
	if second, err := Listen(address); err == nil {
		second.Close()
		t.Error("a port is listened at twice")
	} else if !strings.Contains(err.Error(), "--listen "+address+": ") || !strings.Contains(err.Error(), "address already in use") {
		t.Error(err)
	}
}

// Answers to requests of all kinds: what is not there, and what would change anything.
func TestHandler(t *testing.T) {
	all := []status.Pipeline{healthy()}
	still(&all[0], 2*time.Minute)
	source := func() []status.Pipeline { return all }
	clock := func() time.Time { return now }
	h := Handler(source, Gatherer(source, nil, Build{"v1", "go1"}, clock), clock)
	for request, want := range map[string]struct {
		code int
		part string
	}{
		"GET /":             {200, "/metrics"},
		"GET /livez":        {200, "ok\n"},
		"HEAD /livez":       {200, ""},
		"GET /readyz":       {503, "pipeline p, shard \"dome-out\": stalled: "},
		"GET /metrics":      {200, "aggrun_shard_state{pipeline=\"p\",shard=\"dome-out\",sink=\"dome-out\",state=\"stalled\"} 1\n"},
		"HEAD /metrics":     {200, ""},
		"POST /metrics":     {405, ""},
		"PUT /livez":        {405, ""},
		"DELETE /readyz":    {405, ""},
		"POST /":            {405, ""},
		"GET /debug/pprof/": {404, ""},
		"GET /livez/more":   {404, ""},
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != want.code || !strings.Contains(w.Body.String(), want.part) {
			t.Errorf("%s: %d, %s", request, w.Code, w.Body)
		}
	}
	all = nil
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil)); w.Code != 503 {
		t.Errorf("ready before anything has begun: %d", w.Code)
	}
}

// It serves until it is told to stop, and then no more.
func TestServe(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, http.NotFoundHandler()) }()
	resp, err := http.Get("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if resp, err := http.Get("http://" + l.Addr().String() + "/"); err == nil {
		resp.Body.Close()
		t.Error("it serves on")
	}
}

// What it listens at is lost: that is an error.
func TestServeFails(t *testing.T) {
	l, err := Listen("0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler()); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Error(err)
	}
}
