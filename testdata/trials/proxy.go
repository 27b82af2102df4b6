package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// proxy stands between workers and a registry, and plays its faults.
type proxy struct {
	url    string
	server *http.Server
	fault  atomic.Pointer[fault]
	failed atomic.Int64 // requests that met a fault
}

// fault is one way for a registry not to do. answer tells that the request was answered; else it goes on.
type fault struct {
	name   string
	passes bool // a worker gets by in the end, the fault notwithstanding
	answer func(http.ResponseWriter, *http.Request) bool
}

const slow = 3 * time.Second

var faults = []fault{
	{"down", false, func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }},
	{"slow", true, func(http.ResponseWriter, *http.Request) bool { time.Sleep(slow); return false }},
	{"500", false, func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, `{"error_code":50001,"message":"out of order"}`, http.StatusInternalServerError)
		return true
	}},
	{"wrong schema", false, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/schemas/ids/") && !strings.HasSuffix(r.URL.Path, "/versions/latest") {
			return false
		}
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		fmt.Fprint(w, `{"subject":"x","id":1,"version":1,"schema":"{\"type\":\"nonsense\"}"}`)
		return true
	}},
}

// before stands before a registry, without a fault.
func before(ctx context.Context, registry string) (*proxy, error) {
	target, err := url.Parse(registry)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{url: "http://" + listener.Addr().String() + target.Path}
	on := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host})
	}}
	p.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := p.fault.Load(); f != nil {
			p.failed.Add(1)
			if f.answer(w, r) {
				return
			}
		}
		on.ServeHTTP(w, r)
	})}
	go func() { _ = p.server.Serve(listener) }() // ends with Close
	return p, nil
}
