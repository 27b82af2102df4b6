//go:build failpoints

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/kafka"
)

// This build dies on demand, for testdata/trials: AGGRUN_FAIL=POINT:N[:MODE] ends the process at the N-th passing of a
// point of the protocol, by SIGKILL, or by mode stop freezes it for longer than the group waits for a member.

const failVariable = "AGGRUN_FAIL"

// failpoint is a place at which a process can be made to fail. It is passed when an answer of the broker was read, when a
// request was written, or when the worker's client says so.
type failpoint struct {
	name    string
	read    kmsg.Key // the answer that was read
	written kmsg.Key // the request that was written
	doc     string
}

const none = kmsg.Key(-1)

// The points that the worker's client passes by itself.
const (
	pointPolled    = "polled"
	pointReplaying = "replaying"
	pointBegin     = "begin"
	pointCommitted = "committed"
)

var failpoints = []failpoint{
	{"fenced", kmsg.InitProducerID, none, "the transactional id is taken over, nothing is read yet"},
	{"joining", none, kmsg.JoinGroup, "JoinGroup is sent, and not answered"},
	{"joined", kmsg.JoinGroup, none, "JoinGroup is answered, what the leader decides is not known yet"},
	{"synced", kmsg.SyncGroup, none, "the leader's decision has come, no offset is read yet"},
	{"located", kmsg.OffsetFetch, none, "the group's offsets are read, nothing is taken up yet"},
	{pointReplaying, none, none, "records below the committed offset are read again"},
	{pointPolled, none, none, "new records are read, and not applied yet"},
	{pointBegin, none, none, "a commit is built, its transaction has not begun"},
	{"producing", none, kmsg.Produce, "results are sent, and not acknowledged"},
	{"produced", kmsg.Produce, none, "results are written, the offsets are not sent"},
	{"offsets-sent", none, kmsg.TxnOffsetCommit, "the offsets are sent, and not acknowledged"},
	{"offsets", kmsg.TxnOffsetCommit, none, "the offsets are pending, EndTxn is not sent"},
	{"end-sent", none, kmsg.EndTxn, "EndTxn is sent, and not answered"},
	{"ended", kmsg.EndTxn, none, "EndTxn is answered, the client does not know it yet"},
	{pointCommitted, none, none, "the commit is known to the client, and not to the worker's memory"},
}

// withFailpoints makes the run fail as AGGRUN_FAIL says.
func withFailpoints(cfg *kafka.Config, env func(string) (string, bool)) error {
	text, ok := env(failVariable)
	if !ok || text == "" {
		return nil
	}
	f, err := parseFailure(text)
	if err != nil {
		return fmt.Errorf("%s=%s: %w", failVariable, text, err)
	}
	cfg.Options = append(cfg.Options, kgo.WithHooks(f))
	cfg.Between = func(c pipeline.Client) pipeline.Client { return newFailingClient(c, f) }
	return nil
}

// failure is a point, and what happens at its n-th passing.
type failure struct {
	failpoint
	left atomic.Int64
	fail func()
}

func parseFailure(text string) (*failure, error) {
	name, rest, _ := strings.Cut(text, ":")
	times, mode, _ := strings.Cut(rest, ":")
	i := slices.IndexFunc(failpoints, func(p failpoint) bool { return p.name == name })
	if i < 0 {
		var names []string
		for _, p := range failpoints {
			names = append(names, p.name)
		}
		return nil, fmt.Errorf("there is no point %q: want one of %s", name, strings.Join(names, ", "))
	}
	n, err := strconv.ParseInt(cmp.Or(times, "1"), 10, 64)
	if err != nil || n < 1 {
		return nil, errors.New("want POINT:N[:MODE], where N is 1 or more")
	}
	fail, ok := map[string]func(){"": die, "kill": die, "stop": freeze}[mode]
	if !ok {
		return nil, fmt.Errorf("there is no mode %q: want kill or stop", mode)
	}
	f := &failure{failpoint: failpoints[i], fail: fail}
	f.left.Store(n)
	return f, nil
}

// die ends the process as kill -9 does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal has come
}

// frozen is how long a frozen process sleeps: longer than the group's session timeout, 10 s.
const frozen = 15 * time.Second

// freeze stops the whole process, heartbeats too. Another wakes it.
func freeze() {
	pid := os.Getpid()
	wake := exec.Command("sh", "-c", fmt.Sprintf("sleep %d; kill -CONT %d", int(frozen.Seconds()), pid))
	if err := wake.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "aggrun: nobody would wake us:", err)
		die()
	}
	_ = syscall.Kill(pid, syscall.SIGSTOP)
	_ = wake.Wait()
}

// pass counts a passing.
func (f *failure) pass() {
	if f.left.Add(-1) == 0 {
		fmt.Fprintf(os.Stderr, "aggrun: failing at %s\n", f.name)
		f.fail()
	}
}

// passAt counts a passing of the point of a name.
func (f *failure) passAt(name string) {
	if f.name == name {
		f.pass()
	}
}

// OnBrokerWrite implements kgo.HookBrokerWrite.
func (f *failure) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if err == nil && key == f.written.Int16() {
		f.pass()
	}
}

// OnBrokerRead implements kgo.HookBrokerRead.
func (f *failure) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, err error) {
	if err == nil && key == f.read.Int16() {
		f.pass()
	}
}

// failingClient passes the points between a worker and its session.
type failingClient struct {
	pipeline.Client
	failure *failure
	again   map[pipeline.Partition]int64 // where replaying ends
}

func newFailingClient(c pipeline.Client, f *failure) *failingClient {
	return &failingClient{Client: c, failure: f, again: map[pipeline.Partition]int64{}}
}

// Poll implements pipeline.Client.
func (c *failingClient) Poll(r pipeline.Request) (pipeline.Fetch, error) {
	f, err := c.Client.Poll(r)
	for _, e := range f.Events {
		if a, ok := e.(pipeline.Assigned); ok {
			for _, p := range a.Positions {
				c.again[p.Partition] = p.Offset
			}
		}
	}
	for _, b := range f.Batches {
		if b.Next <= c.again[b.Partition] {
			c.failure.passAt(pointReplaying)
		} else {
			c.failure.passAt(pointPolled)
		}
	}
	return f, err
}

// Commit implements pipeline.Client.
func (c *failingClient) Commit(commit *pipeline.Commit) (bool, error) {
	c.failure.passAt(pointBegin)
	committed, err := c.Client.Commit(commit)
	if committed {
		c.failure.passAt(pointCommitted)
	}
	return committed, err
}
