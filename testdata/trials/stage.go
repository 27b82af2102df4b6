package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// stage is what a trial is played on: a cluster, two registries, the binary, and a name that all it makes begins with.
type stage struct {
	out   io.Writer
	trial string

	brokers                      string // host:port, ...
	sourceRegistry, sinkRegistry string // URLs
	binary, python3              string // paths
	failing                      string // of the build that fails on demand, once it is made
	keep, logs                   bool
	seed                         int64

	root   string // of the module
	dir    string // of specs, logs and the binary
	name   string
	client *kgo.Client
	admin  *kadm.Client
	procs  []*process
	wrong  []string
	began  time.Time
}

func (s *stage) bind(fs *flag.FlagSet) {
	fs.StringVar(&s.brokers, "brokers", os.Getenv("AGGRUN_TEST_BROKERS"), "`HOST:PORT,...` of the cluster")
	fs.StringVar(&s.sourceRegistry, "source-registry", os.Getenv("AGGRUN_TEST_SOURCE_REGISTRY"), "`URL` of the source registry")
	fs.StringVar(&s.sinkRegistry, "sink-registry", os.Getenv("AGGRUN_TEST_SINK_REGISTRY"), "`URL` of the sink registry")
	fs.StringVar(&s.binary, "binary", "", "`PATH` of aggrun; built from ./cmd/aggrun by default")
	fs.StringVar(&s.python3, "python", ".kafka/venv/bin/python", "`PATH` of a Python that has testdata/verify/requirements.txt")
	fs.BoolVar(&s.keep, "keep", false, "leave everything as it is at the end, for a look")
	fs.Int64Var(&s.seed, "seed", 1, "of what is drawn at random")
}

// play sets the stage up, runs the trial and clears everything away.
func (s *stage) play(ctx context.Context, run func(context.Context, *stage) error) (err error) {
	if err := s.open(ctx); err != nil {
		return errors.Join(err, os.RemoveAll(s.dir))
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	if err = run(ctx, s); err == nil && len(s.wrong) > 0 {
		err = errors.New(s.wrong[0])
	}
	if s.logs = err != nil || s.keep; s.logs {
		s.say("logs are kept in %s", s.dir)
	}
	return err
}

// open connects to what is running and builds what is to be tried.
func (s *stage) open(ctx context.Context) (err error) {
	if err := s.checkLocal(); err != nil {
		return err
	}
	if s.root, err = moduleRoot(); err != nil {
		return err
	}
	id := make([]byte, 3)
	_, _ = rand.Read(id) // never fails
	s.name = "trial-" + s.trial + "-" + hex.EncodeToString(id)
	s.began = time.Now()
	if s.dir, err = os.MkdirTemp("", s.name+"-"); err != nil {
		return err
	}
	if s.client, err = kgo.NewClient(s.options()...); err != nil {
		return err
	}
	s.admin = kadm.NewClient(s.client)
	if err := s.client.Ping(ctx); err != nil {
		return fmt.Errorf("no Kafka at %s (make kafka-up?): %w", s.brokers, err)
	}
	if s.binary == "" {
		s.binary, err = s.build(ctx, "aggrun")
		return err
	}
	s.binary, err = filepath.Abs(s.binary)
	return err
}

// options are those of every client of the trial itself.
func (s *stage) options(more ...kgo.Opt) []kgo.Opt {
	return append([]kgo.Opt{
		kgo.SeedBrokers(strings.Split(s.brokers, ",")...),
		kgo.ClientID(s.name),
		kgo.MetadataMinAge(200 * time.Millisecond),
	}, more...)
}

// checkLocal refuses addresses other than this machine's: a trial kills, writes and deletes.
func (s *stage) checkLocal() error {
	hosts := strings.Split(s.brokers, ",")
	for _, text := range []string{s.sourceRegistry, s.sinkRegistry} {
		u, err := url.Parse(text)
		if err != nil {
			return err
		}
		hosts = append(hosts, u.Host)
	}
	for _, host := range hosts {
		name, _, err := net.SplitHostPort(host)
		if err != nil {
			return fmt.Errorf("address %q: %w (are AGGRUN_TEST_BROKERS, ..._SOURCE_REGISTRY and ..._SINK_REGISTRY set?)", host, err)
		}
		if ip := net.ParseIP(name); name != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("%s is not this machine", host)
		}
	}
	return nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "schema.cue")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run this inside the module")
		}
	}
}

// say prints a line of the trial's account.
func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// check prints what was found, and remembers it when it is not as it must be.
func (s *stage) check(ok bool, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if ok {
		s.say("ok     %s", text)
		return
	}
	s.say("WRONG  %s", text)
	s.wrong = append(s.wrong, text)
}

// at is the time since the trial began, for lines about what happens.
func (s *stage) at() string { return fmt.Sprintf("%6.1f s", time.Since(s.began).Seconds()) }
