package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/aggrun/aggrun/dashboard"
	"github.com/aggrun/aggrun/pipeline/kafka"
)

// listening is where metrics and health are told, if anywhere.
type listening struct {
	address string
}

func (l *listening) bindListen(fs *pflag.FlagSet) {
	fs.StringVar(&l.address, "listen", "", "tell metrics and health over HTTP at `ADDRESS`, HOST:PORT; a port alone is one of 127.0.0.1, 0 any")
	orEnvironment(fs, "listen", "AGGRUN_LISTEN")
}

// serve has the pipelines of a configuration told of from now on until stop is called.
// An address that cannot be had is an error.
func (l *listening) serve(ctx context.Context, s streams, cfg *kafka.Config) (stop func(), err error) {
	if l.address == "" {
		return func() {}, nil
	}
	at, err := dashboard.Listen(l.address)
	if err != nil {
		return nil, err
	}
	clients := dashboard.NewClients()
	cfg.Monitor = kafka.NewMonitor()
	cfg.Options = append(cfg.Options, kgo.WithHooks(clients))
	source := cfg.Monitor.Pipelines
	metrics := dashboard.Gatherer(source, clients, dashboard.Build{Version: version(), Go: runtime.Version()}, time.Now)
	fmt.Fprintf(s.err, "metrics and health are told at http://%s/metrics, /livez and /readyz\n", at.Addr())
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // pipelines that wind up are told of, too
	var served sync.WaitGroup
	served.Go(func() {
		if err := dashboard.Serve(ctx, at, dashboard.Handler(source, metrics, time.Now)); err != nil {
			cfg.Log.Error("metrics and health are no longer told", "error", err)
		}
	})
	return func() { cancel(); served.Wait() }, nil
}
