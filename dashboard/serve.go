package dashboard

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// loopback is where a bare port is listened at: whoever wants others to come has to
// say so.
const loopback = "127.0.0.1"

// Listen takes an address: host:port, or :port or port alone for the loopback
// interface. Port 0 is any.
func Listen(address string) (net.Listener, error) {
	full, err := expand(address)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", full)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", address, err)
	}
	return l, nil
}

// expand gives an address its host.
func expand(address string) (string, error) {
	if _, err := strconv.ParseUint(address, 10, 16); err == nil {
		address = ":" + address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("--listen %s: want HOST:PORT, or a port alone for %s: %w", address, loopback, err)
	}
	if host == "" {
		host = loopback
	}
	return net.JoinHostPort(host, port), nil
}

// Handler answers GET and HEAD of /metrics, /livez and /readyz.
func Handler(source Source, metrics prometheus.Gatherer, now Clock) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, Stuck(source(), now()))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		all := source()
		found := Troubles(all, now())
		if len(all) == 0 {
			found = []Trouble{{Pipeline: "-", Why: "no pipeline has begun", Since: now()}}
		}
		tell(w, found)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "aggrun: /metrics /livez /readyz\n") // nobody could be told
	})
	return mux
}

// tell answers a question about health: 200, or 503 and a line for each trouble.
func tell(w http.ResponseWriter, found []Trouble) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	text := "ok\n"
	if len(found) > 0 {
		var lines strings.Builder
		for _, t := range found {
			fmt.Fprintln(&lines, t)
		}
		text = lines.String()
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = io.WriteString(w, text) // nobody could be told
}

// Serve answers requests until ctx ends, and what is under way then for a second.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(last) != nil {
			_ = server.Close() // whoever asks longer is cut off
		}
	})
	err := server.Serve(l)
	if stop() {
		return fmt.Errorf("listening at %s: %w", l.Addr(), err)
	}
	<-ended
	return nil
}
