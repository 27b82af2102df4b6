package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Registries that are down for a while are waited for: no record is given up, and
// every window comes out.
func TestEndToEndRegistryDown(t *testing.T) {
	s := newStage(t)
	topic := s.history("mount", 1, "1", "--start", "2024-01-01T00:00:00Z", "--rate", "max", "--frequency", "10", "--max-messages", "200")[0]
	s.SourceRegistry = s.failing(s.SourceRegistry, 4)
	s.SinkRegistry = s.failing(s.SinkRegistry, 4)
	o := s.must("run", "--until-end", "-f", s.spec(refusalSpec))
	if n := strings.Count(o.stderr, "the registry does not answer; waiting"); n == 0 {
		t.Errorf("nothing is said of the wait:\n%s", o.stderr)
	}
	if got := summaryOf(o.stderr, s.Prefix+"p"); got != "200 0 0 0 0 19" {
		t.Errorf("the summary says %s", got)
	}
	samples := s.samples(topic)
	s.checkResults(s.Prefix+"out", s.Prefix+"p", closed(windows(samples, time.Second), samples, time.Second, 0), time.Second,
		map[string]string{"value0": "value0"}, []string{"mean"})
}

// failing stands before a registry and fails its first requests.
func (s *stage) failing(registry string, requests int64) string {
	s.t.Helper()
	target, err := url.Parse(registry)
	if err != nil {
		s.t.Fatal(err)
	}
	var asked atomic.Int64
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= requests {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(server.Close)
	return server.URL
}
