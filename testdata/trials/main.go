// Command trials tries a built aggrun on a real Kafka from outside, as an operator would meet it: every worker is a
// process of its own, and everything that is asked about it is asked of the broker.
//
//	. .kafka/env                                   # the addresses, as `make kafka-up` tells them
//	go run ./testdata/trials kills                 # five minutes, twenty kills
//	go run ./testdata/trials kills --kills 2
//
// Two want another instance: brokers three brokers, denied an authorizer (testdata/real/authorizer.properties).
//
// Each trial takes names of its own, and at its end removes the topics, groups and subjects it made and the processes it
// started. What it finds goes to stdout, line by line; the last line is PASS, or FAIL with the first thing that was
// wrong, and so is the exit code. It talks to this machine alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// trial is one thing to try. bind declares its flags and returns what runs it.
type trial struct {
	name, doc string
	bind      func(*flag.FlagSet) func(context.Context, *stage) error
}

var trials = []trial{
	{"kills", "two workers, one of them killed again and again under load", bindKills},
	{"lone", "a lone worker killed and restarted again and again", bindLone},
	{"rebalances", "workers that come and go faster than their group settles", bindRebalances},
	{"frozen", "workers that sleep for longer than their group waits, and wake", bindFrozen},
	{"brokers", "three brokers, one of them killed and started again, each in turn", bindBrokers},
	{"registry", "registries that are down, slow, broken or wrong while topics appear", bindRegistry},
	{"deadletter", "a dead-letter topic that goes missing", bindDeadLetter},
	{"denied", "a sink, and the dead-letter topic, that may not be written to for a while", bindDenied},
	{"recreated", "a source topic deleted and made again", bindLost(recreated)},
	{"retention", "records removed that open windows need", bindLost(retention)},
	{"expired", "a group whose offsets are gone", bindLost(expired)},
	{"changed", "a spec that is changed under traffic, again and again", bindChanged},
	{"silence", "a long silence of all sources, then all of it at once", bindSilence},
	{"exact", "every value of every window against Python's statistics", bindExact},
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := try(ctx, os.Stdout, os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Println("FAIL:", err)
		}
		cancel()
		os.Exit(1)
	}
}

// try runs the trial that args name.
func try(ctx context.Context, out io.Writer, args []string) error {
	for _, t := range trials {
		if len(args) == 0 || args[0] != t.name {
			continue
		}
		fs := flag.NewFlagSet(t.name, flag.ContinueOnError)
		run := t.bind(fs)
		s := &stage{out: out, trial: t.name}
		s.bind(fs)
		if err := fs.Parse(args[1:]); err != nil {
			return flag.ErrHelp
		}
		if fs.NArg() > 0 {
			return fmt.Errorf("%s takes flags alone, not %q", t.name, fs.Args())
		}
		if err := s.play(ctx, run); err != nil {
			return err
		}
		s.say("PASS")
		return nil
	}
	for _, t := range trials {
		fmt.Fprintf(os.Stderr, "  %-12s%s\n", t.name, t.doc)
	}
	return errors.New("name one of these trials")
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// await polls until something is true.
func await(ctx context.Context, limit time.Duration, what string, ready func() (bool, error)) error {
	for end := time.Now().Add(limit); ; {
		ok, err := ready()
		if ok || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("after %v still not: %s", limit, what)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}
