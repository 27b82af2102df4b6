package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// denied is the trial of permissions that are taken away at work and given back: of one sink, whose shard stops alone,
// and of the dead-letter topic, for which the pipeline waits. It wants a broker with an authorizer that forbids nothing
// of its own accord: AGGRUN_KAFKA_MORE=testdata/real/authorizer.properties testdata/real/stack up.
type denied struct {
	topics, bad int
	rate        float64
	held        time.Duration
}

func bindDenied(fs *flag.FlagSet) func(context.Context, *stage) error {
	t := &denied{}
	fs.IntVar(&t.topics, "topics", 4, "`NUMBER` of topics")
	fs.IntVar(&t.bad, "bad", 10, "`NUMBER` of bad records")
	fs.Float64Var(&t.rate, "rate", 2000, "records a second, all topics together")
	fs.DurationVar(&t.held, "held", 30*time.Second, "`TIME` that a permission is gone")
	return t.run
}

func (t *denied) run(ctx context.Context, s *stage) error {
	d, err := s.disturb(ctx, t.topics, "3s", "10s")
	if err != nil {
		return err
	}
	d.bad = int64(t.bad)
	producer, err := s.produce(s.name, t.topics, "--frequency", strconv.FormatFloat(t.rate/float64(t.topics), 'f', -1, 64),
		"--disorder", "20", "--disorder-by", "2s", "--empty", "0")
	if err != nil {
		return err
	}
	h := &holder{instance: "w1", listen: "0"}
	if err := d.revive(h); err != nil {
		return err
	}
	d.workers = append(d.workers, h)
	if err := d.begin(ctx); err != nil {
		return err
	}
	s.say("%.0f records/s to %d topics of %d partitions, one worker; seed %d", t.rate, t.topics, partitions, s.seed)
	letters := d.first.name + "-dead-letter"
	if err := t.sink(ctx, d, h); err != nil {
		return err
	}
	if err := t.letters(ctx, d, h, letters); err != nil {
		return err
	}
	if err := errors.Join(producer.stop(ctx), d.end(ctx), d.lettersOnce(ctx, letters, t.bad)); err != nil {
		return err
	}
	return d.compare(ctx)
}

// sink denies one sink. The others' results go on; the one is named, and catches up once it is allowed.
func (t *denied) sink(ctx context.Context, d *disturbed, h *holder) error {
	sink := d.first.sink(d.topics[0])
	if err := d.deny(ctx, sink); err != nil {
		return err
	}
	defer d.allowAll(ctx, sink)
	from := time.Now()
	err := await(ctx, time.Minute, "/readyz names "+sink, func() (bool, error) {
		status, text := h.ask("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, sink), d.fallen()
	})
	if err != nil {
		return err
	}
	_, text := h.ask("/readyz")
	d.say("       %s  after %.1f s /readyz: %s", d.at(), time.Since(from).Seconds(), strings.TrimSpace(text))
	d.check(strings.Count(text, "\n") == 1 && strings.Contains(text, "no permission to write there"), "it names that shard alone, and why")
	_, metrics := h.ask("/metrics")
	stopped := regexp.MustCompile(`(?m)^aggrun_shard_state\{.*state="stopped"\} 1$`).FindAllString(metrics, -1)
	d.check(len(stopped) == 1 && strings.Contains(stopped[0], sink), "so do the metrics: %s", stopped)
	last, _ := d.follower.last(sink)
	for end := time.Now().Add(t.held); time.Now().Before(end); {
		if err := d.growing(ctx, d.topics[1:]); err != nil {
			return err
		}
	}
	now, _ := d.follower.last(sink)
	other, _ := d.follower.last(d.first.sink(d.topics[1]))
	d.check(now == last && other.end-now.end > t.held.Milliseconds()/2, "the %d others went on, %.0f s further than the one that was denied", t.topics-1, float64(other.end-now.end)/1000)
	if err := d.allow(ctx, sink); err != nil {
		return err
	}
	return t.again(ctx, d, h, "the shard is no longer stopped, and has caught up", func() bool {
		now, _ := d.follower.last(sink)
		other, _ := d.follower.last(d.first.sink(d.topics[1]))
		return other.end-now.end <= 2000
	})
}

// letters denies the dead-letter topic. The pipeline waits and says so; what it waited with comes once it is allowed.
func (t *denied) letters(ctx context.Context, d *disturbed, h *holder, letters string) error {
	if err := d.deny(ctx, letters); err != nil {
		return err
	}
	defer d.allowAll(ctx, letters)
	if err := d.spoil(ctx, t.bad); err != nil {
		return err
	}
	err := await(ctx, time.Minute, "the worker says that it waits", func() (bool, error) {
		return h.says("cannot be written to; the pipeline waits"), d.fallen()
	})
	if err != nil {
		return err
	}
	before, from := d.follower.largest(), time.Now()
	err = await(ctx, 2*time.Minute, "/readyz says that it does not get on", func() (bool, error) {
		status, _ := h.ask("/readyz")
		return status == http.StatusServiceUnavailable, d.fallen()
	})
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Until(from.Add(t.held))); err != nil {
		return err
	}
	_, text := h.ask("/readyz")
	d.say("       %s  after %.1f s /readyz: %s", d.at(), time.Since(from).Seconds(), strings.TrimSpace(text))
	n := 0
	if err := d.read(ctx, []string{letters}, func(record) { n++ }); err != nil {
		return err
	}
	d.check(n == 0 && d.follower.largest() == before, "without its dead-letter topic the pipeline waits, and writes nothing; its log and /readyz say so")
	if err := d.allow(ctx, letters); err != nil {
		return err
	}
	if err := t.again(ctx, d, h, "the pipeline goes on", func() bool { return d.follower.largest() > before }); err != nil {
		return err
	}
	return d.lettersThere(ctx, letters, t.bad)
}

// again waits until all is well once a permission is there again.
func (t *denied) again(ctx context.Context, d *disturbed, h *holder, what string, is func() bool) error {
	from := time.Now()
	err := await(ctx, 2*time.Minute, what, func() (bool, error) {
		status, _ := h.ask("/readyz")
		return status == http.StatusOK && is(), d.fallen()
	})
	d.check(err == nil, "%.1f s after the permission was given back %s, and /readyz is content", time.Since(from).Seconds(), what)
	return err
}

// anybody is who connects without a login.
const anybody = "User:ANONYMOUS"

// deny takes Write of a topic away. A topic with an ACL forbids what no other allows: so all else is allowed first.
func (s *stage) deny(ctx context.Context, topic string) error {
	for _, b := range []*kadm.ACLBuilder{
		kadm.NewACLs().Topics(topic).Allow(anybody).Operations(kadm.OpAll),
		kadm.NewACLs().Topics(topic).Deny(anybody).Operations(kadm.OpWrite),
	} {
		made, err := s.admin.CreateACLs(ctx, b.ResourcePatternType(kadm.ACLPatternLiteral))
		for _, r := range made {
			err = cmp.Or(err, r.Err)
		}
		if err != nil {
			return fmt.Errorf("denying Write on %s (has the broker an authorizer? AGGRUN_KAFKA_MORE=testdata/real/authorizer.properties): %w", topic, err)
		}
	}
	s.say("       %s  Write on %s is denied", s.at(), topic)
	return nil
}

// allow gives Write back.
func (s *stage) allow(ctx context.Context, topic string) error {
	s.say("       %s  Write on %s is allowed", s.at(), topic)
	return s.forgetACLs(ctx, kadm.NewACLs().Topics(topic).Deny(anybody).DenyHosts())
}

// allowAll removes what is left of ACLs, whatever came of the trial: topics are deleted after it.
func (s *stage) allowAll(ctx context.Context, topic string) {
	ctx = context.WithoutCancel(ctx)
	err := errors.Join(s.forgetACLs(ctx, kadm.NewACLs().Topics(topic).Deny(anybody).DenyHosts()),
		s.forgetACLs(ctx, kadm.NewACLs().Topics(topic).Allow(anybody).AllowHosts()))
	if err != nil {
		s.say("ACLs of %s are left: %v", topic, err)
	}
}

func (s *stage) forgetACLs(ctx context.Context, b *kadm.ACLBuilder) error {
	gone, err := s.admin.DeleteACLs(ctx, b.Operations(kadm.OpAny).ResourcePatternType(kadm.ACLPatternLiteral))
	for _, r := range gone {
		err = cmp.Or(err, r.Err)
	}
	return err
}

var toldAt = regexp.MustCompile(`told at (http://[^/]+)/`)

// ask gets what a worker that listens tells at a path; status 0 while it does not answer.
func (h *holder) ask(path string) (status int, text string) {
	log, err := os.ReadFile(h.log)
	at := toldAt.FindAllSubmatch(log, -1)
	if err != nil || len(at) == 0 {
		return 0, ""
	}
	resp, err := http.Get(string(at[len(at)-1][1]) + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(body)
}
